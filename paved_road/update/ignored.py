"""Which pristine files the service's repository ignores: they belong to one machine and are no part of an update.

Git decides. `paved` asks it only if a pattern may match: in most updates none does, and a fleet has many updates.
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
"""Bytes of a file of ignore rules outside the service that `paved` reads itself; a larger one is left to git."""

Files = Mapping[str, TreeEntry]


def find_ignored(
    service: Service, scratch: Scratch, ours: Files, paths: Collection[str], *, known: Collection[str] = ()
) -> set[str]:
    """The untracked `paths` that git ignores. `known` are paths that it ignored at the last update."""
    if not paths:
        return set()
    elsewhere = any(_may_rule(place) for place in service.around(FILENAME, "exclude"))
    if elsewhere or not set(known).isdisjoint(paths) or _may_be(scratch, ours, paths):
        return git.ignored(service.path, paths)
    return set()


def _may_rule(place: Path) -> bool:
    """Whether a file may contain an ignore rule. The `info/exclude` of a new repository contains comments only."""
    if not place.is_file() or place.stat().st_size > LARGEST_TO_READ:
        return place.exists()
    return any(line.strip() and not line.startswith(b"#") for line in place.read_bytes().splitlines())


def find_ignored_by_new_rules(scratch: Scratch, base: Files, theirs: Files, paths: Iterable[str]) -> set[str]:
    """The `paths` that the new release's own `.gitignore` files match; git does not know these rules yet."""
    rules = {
        path.removesuffix(FILENAME): _patterns(scratch.read([entry])[0])
        for path, entry in sorted(theirs.items())
        if PurePosixPath(path).name == FILENAME and base.get(path) != entry
    }
    return {path for path in paths if _verdict(rules, path)} if rules else set()


def find_no_longer_ignored(
    service: Service, scratch: Scratch, apart: Files, *, head: Files, result: Files, base: Files, theirs: Files
) -> Files:
    """The files of `apart`, which were left out because git ignored them, that git does not ignore in the `result`.

    The update itself may have changed the rules, and so may the team.
    """
    if not apart or (_rules(head) == _rules(result) and _rules(base) == _rules(theirs)):
        return {}
    rule_files = _rules(result)
    rules = {service.prefix + path: scratch.read([entry])[0] for path, entry in rule_files.items()}
    untracked = {str(folder / FILENAME) for path in apart for folder in PurePosixPath(path).parents} - head.keys()
    for path in untracked - rule_files.keys():
        if contained.is_file(service.path, path):
            rules[service.prefix + path] = contained.read_regular(service.path, path)
    above = [folder.relative_to(service.top) for folder in service.path.parents if folder.is_relative_to(service.top)]
    for path in (str(folder / FILENAME) for folder in above):
        if contained.is_file(service.top, path):
            rules[path] = contained.read_regular(service.top, path)
    still = service.below(git.ignored_with(service.repository, rules, [service.prefix + path for path in apart]))
    back = {path: entry for path, entry in apart.items() if path not in still}
    return {path: entry for path, entry in back.items() if not any(other.startswith(f"{path}/") for other in result)}


def _rules(files: Files) -> Files:
    """The `.gitignore` files; git reads none through a link."""
    return {
        path: entry
        for path, entry in files.items()
        if path.endswith(FILENAME) and PurePosixPath(path).name == FILENAME and entry.mode != Mode.SYMLINK
    }


def _verdict(rules: Mapping[str, PathSpec[Pattern]], path: str) -> bool:
    """Whether a path is ignored. The last rule that matches decides; those of its own folder come last."""
    verdicts = [spec.check_file(path.removeprefix(folder)) for folder, spec in rules.items() if path.startswith(folder)]
    return ([verdict.include for verdict in verdicts if verdict.include is not None] or [False])[-1]


def _may_be(scratch: Scratch, ours: Files, paths: Collection[str]) -> bool:
    """Whether a pattern of the service's own `.gitignore` files matches; exceptions (`!pattern`) are not considered."""
    for file, entry in _rules(ours).items():
        (content,) = scratch.read([entry])
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
