"""Which pristine files the service's repository ignores: they are one machine's and no part of an update.

Git decides. It is asked only when a pattern may match, because in most updates none does and a fleet has many.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.git import Leaf, Scratch
from paved_road.service import Service

if TYPE_CHECKING:
    from pathspec import PathSpec
    from pathspec.pattern import Pattern

FILENAME = ".gitignore"

Files = Mapping[str, Leaf]


def of(
    service: Service, scratch: Scratch, ours: Files, paths: Collection[str], *, known: Collection[str] = ()
) -> set[str]:
    """Those of the paths, none of which the service tracks, that it ignores. `known` are some that it did ignore."""
    if not paths:
        return set()
    elsewhere = any(place.exists() for place in service.around(FILENAME, "exclude"))
    if elsewhere or not set(known).isdisjoint(paths) or _may_be(scratch, ours, paths):
        return git.ignored(service.path, paths)
    return set()


def by_new_rules(scratch: Scratch, base: Files, theirs: Files, paths: Iterable[str]) -> set[str]:
    """Those of the paths that rules ignore which come with the new release: git does not know these rules yet."""
    rules = {
        path.removesuffix(FILENAME): _patterns(scratch.read([leaf])[0])
        for path, leaf in sorted(theirs.items())
        if PurePosixPath(path).name == FILENAME and base.get(path) != leaf
    }
    return {path for path in paths if _verdict(rules, path)} if rules else set()


def _verdict(rules: Mapping[str, PathSpec[Pattern]], path: str) -> bool:
    """Whether a path is ignored. The last rule that matches decides, those of its own folder after those above."""
    said = [spec.check_file(path.removeprefix(folder)) for folder, spec in rules.items() if path.startswith(folder)]
    return ([one.include for one in said if one.include is not None] or [False])[-1]


def _may_be(scratch: Scratch, ours: Files, paths: Collection[str]) -> bool:
    """Whether a pattern of the service's own `.gitignore` files matches, exceptions to it aside."""
    files = {path: leaf for path, leaf in ours.items() if PurePosixPath(path).name == FILENAME}
    for file, leaf in files.items():
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
