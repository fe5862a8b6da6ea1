"""Obstacles: an untracked file, a submodule or a linked folder where an update would write a new file.

The obstacle is left alone, and the road's file becomes a conflict.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from paved_road.git.entries import Files, Mode, TreeEntry
from paved_road.service.model import Service
from paved_road.update import disk


@dataclass(frozen=True, kw_only=True, slots=True)
class Obstacle:
    """A file of the road that is not written, and why."""

    entry: TreeEntry
    """The road's version."""
    reason: str
    submodule: TreeEntry | None = None
    """The submodule whose very path it is."""

    @property
    def stages(self) -> dict[int, TreeEntry]:
        """What git's index holds of it while a person has to decide."""
        return {**({2: self.submodule} if self.submodule else {}), 3: self.entry}


def find_obstacles(
    service: Service,
    head: Files,
    result: Files,
    submodules: Mapping[str, TreeEntry],
    paths: Iterable[str] | None = None,
) -> dict[str, Obstacle]:
    """The obstacles to the new files of the result, or to those of its new files that `paths` names."""
    obstacles = {}
    for path in result if paths is None else paths:
        if path not in head and (what := _what(service, path, head, result, submodules)):
            version = shlex.quote(f":3:{service.prefix}{path}")
            reason = f"{what} is in the way and was left alone; the road's version: git show {version}"
            obstacles[path] = Obstacle(entry=result[path], reason=reason, submodule=submodules.get(path))
    return obstacles


def _what(service: Service, path: str, head: Files, result: Files, submodules: Mapping[str, TreeEntry]) -> str:
    """What is in the way of a path; "" when nothing is."""
    folders = [str(folder) for folder in PurePosixPath(path).parents if folder.name]
    for submodule in submodules:
        if submodule == path or submodule in folders or submodule.startswith(f"{path}/"):
            return f"the submodule {submodule}"
    for folder in folders:
        if folder in head and folder in result:
            return f"{folder}, which is not a folder in the service,"
    blocked = disk.first_obstruction(service.path, path)
    if blocked is None:
        taken = os.path.lexists(service.path / path) and not _is_harmless(service, path, head, result[path])
        return "an untracked file" if taken else ""
    return "" if blocked in head else f"an untracked file ({blocked})"


def _is_harmless(service: Service, path: str, head: Files, entry: TreeEntry) -> bool:
    """Whether what lies there is the road's file already, or a folder of tracked files and nothing else."""
    target = service.path / path
    if target.is_dir() and not target.is_symlink():
        inside = (file for file in target.rglob("*") if file.is_symlink() or not file.is_dir())
        return all(file.relative_to(service.path).as_posix() in head for file in inside)
    there = disk.file_at(service.path, path)
    return (
        there is not None and there.blob == entry.blob and (there.mode is Mode.SYMLINK) == (entry.mode == Mode.SYMLINK)
    )
