"""Which pristine files the service's repository ignores: they are one machine's and no part of an update.

Git decides. It is asked only when a pattern may match, because in most updates none does and a fleet has many.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.git import Leaf, Scratch
from paved_road.service import Service

if TYPE_CHECKING:
    from pathspec import PathSpec
    from pathspec.pattern import Pattern

FILENAME = ".gitignore"


def of(service: Service, scratch: Scratch, ours: Mapping[str, Leaf], paths: Collection[str]) -> set[str]:
    """Those of the paths, none of which the service tracks, that it ignores."""
    if not paths:
        return set()
    if any(place.exists() for place in service.around(FILENAME, "exclude")) or _may_be(scratch, ours, paths):
        return git.ignored(service.path, paths)
    return set()


def _may_be(scratch: Scratch, ours: Mapping[str, Leaf], paths: Collection[str]) -> bool:
    """Whether a pattern of the service's own `.gitignore` files matches, exceptions to it aside."""
    files = {path: leaf for path, leaf in ours.items() if PurePosixPath(path).name == FILENAME}
    for file, leaf in files.items():
        (content,) = scratch.read([leaf])
        folder = file.removesuffix(FILENAME)
        below = (path.removeprefix(folder) for path in paths if path.startswith(folder))
        if any(_patterns(content).match_file(path) for path in below):
            return True
    return False


@functools.lru_cache(maxsize=64)
def _patterns(content: bytes) -> PathSpec[Pattern]:
    from pathspec import PathSpec

    lines = content.decode(errors="replace").splitlines()
    return PathSpec.from_lines("gitignore", [line for line in lines if not line.startswith("!")])
