"""Which pristine files the service's repository ignores: they are one machine's and no part of an update.

Git decides. It is asked only when a pattern may match, because in most updates none does and a fleet has many.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.files import contained
from paved_road.git import Scratch
from paved_road.git.entries import Mode, TreeEntry
from paved_road.service.model import Service

if TYPE_CHECKING:
    from pathspec import PathSpec
    from pathspec.pattern import Pattern

FILENAME = ".gitignore"

LARGEST_TO_READ = 64_000
"""Bytes of a file of rules beside the service; git is asked about a larger one."""

Files = Mapping[str, TreeEntry]


def of(
    service: Service, scratch: Scratch, ours: Files, paths: Collection[str], *, known: Collection[str] = ()
) -> set[str]:
    """Those of the paths, none of which the service tracks, that it ignores. `known` are some that it did ignore."""
    if not paths:
        return set()
    elsewhere = any(_may_rule(place) for place in service.around(FILENAME, "exclude"))
    if elsewhere or not set(known).isdisjoint(paths) or _may_be(scratch, ours, paths):
        return git.ignored(service.path, paths)
    return set()


def _may_rule(place: Path) -> bool:
    """Whether a file may have a rule in it. In the `info/exclude` of a new repository git has comments alone."""
    if not place.is_file() or place.stat().st_size > LARGEST_TO_READ:
        return place.exists()
    return any(line.strip() and not line.startswith(b"#") for line in place.read_bytes().splitlines())


def by_new_rules(scratch: Scratch, base: Files, theirs: Files, paths: Iterable[str]) -> set[str]:
    """Those of the paths that rules ignore which come with the new release: git does not know these rules yet."""
    rules = {
        path.removesuffix(FILENAME): _patterns(scratch.read([leaf])[0])
        for path, leaf in sorted(theirs.items())
        if PurePosixPath(path).name == FILENAME and base.get(path) != leaf
    }
    return {path for path in paths if _verdict(rules, path)} if rules else set()


def no_longer(
    service: Service, scratch: Scratch, apart: Files, *, head: Files, result: Files, base: Files, theirs: Files
) -> Files:
    """Those of the files `apart`, which were left out as ignored ones, that git does not ignore in the `result`.

    The rules may have changed with the update itself, and both sides may have changed them.
    """
    if not apart or (_rules(head) == _rules(result) and _rules(base) == _rules(theirs)):
        return {}
    leaves = _rules(result)
    rules = {service.prefix + path: scratch.read([leaf])[0] for path, leaf in leaves.items()}
    untracked = {str(folder / FILENAME) for path in apart for folder in PurePosixPath(path).parents} - head.keys()
    for path in untracked - leaves.keys():
        if contained.is_file(service.path, path):
            rules[service.prefix + path] = contained.read_regular(service.path, path)
    above = [folder.relative_to(service.top) for folder in service.path.parents if folder.is_relative_to(service.top)]
    for path in (str(folder / FILENAME) for folder in above):
        if contained.is_file(service.top, path):
            rules[path] = contained.read_regular(service.top, path)
    still = service.below(git.ignored_with(service.repository, rules, [service.prefix + path for path in apart]))
    back = {path: leaf for path, leaf in apart.items() if path not in still}
    return {path: leaf for path, leaf in back.items() if not any(one.startswith(f"{path}/") for one in result)}


def _rules(files: Files) -> Files:
    """The `.gitignore` files; git reads none through a link."""
    return {
        path: leaf
        for path, leaf in files.items()
        if path.endswith(FILENAME) and PurePosixPath(path).name == FILENAME and leaf.mode != Mode.SYMLINK
    }


def _verdict(rules: Mapping[str, PathSpec[Pattern]], path: str) -> bool:
    """Whether a path is ignored. The last rule that matches decides, those of its own folder after those above."""
    said = [spec.check_file(path.removeprefix(folder)) for folder, spec in rules.items() if path.startswith(folder)]
    return ([one.include for one in said if one.include is not None] or [False])[-1]


def _may_be(scratch: Scratch, ours: Files, paths: Collection[str]) -> bool:
    """Whether a pattern of the service's own `.gitignore` files matches, exceptions to it aside."""
    for file, leaf in _rules(ours).items():
        (content,) = scratch.read([leaf])
        folder = file.removesuffix(FILENAME)
        below = (path.removeprefix(folder) for path in paths if path.startswith(folder))
        if any(_patterns(content, exceptions=False).match_file(path) for path in below):
            return True
    return False


@functools.lru_cache(maxsize=64)
def _patterns(content: bytes, *, exceptions: bool = True) -> PathSpec[Pattern]:
    from pathspec import PathSpec
    from pathspec.patterns.gitignore.base import GitIgnorePatternError

    lines = content.decode(errors="replace").splitlines()
    wanted = [line for line in lines if exceptions or not line.startswith("!")]
    try:
        return PathSpec.from_lines("gitignore", wanted)
    except GitIgnorePatternError:  # git takes such a line for one that matches nothing
        return PathSpec.from_lines("gitignore", [line for line in wanted if line.strip("!\\ ")])
