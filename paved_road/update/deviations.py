"""Off-road files in an update: a conflict in one keeps the service's side, and its record follows the road's moves."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from paved_road.git import Scratch, TreeEntry
from paved_road.git.entries import File, Mode
from paved_road.offroad import FOLDER, evaluation, fingerprint, is_deviation, moves
from paved_road.offroad.deviations import Deviation, Deviations, read_deviations
from paved_road.offroad.moves import Move
from paved_road.road.owners import Owner
from paved_road.update.moves import Moves

if TYPE_CHECKING:
    from paved_road.git.entries import Files
    from paved_road.service.lock import Lock
    from paved_road.update.merge.trees import Merged, Sides

Read = Callable[[list[TreeEntry]], list[bytes]]
"""The contents of leaves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A file that an update would have had to ask about, and that a record keeps as the service has it."""

    path: str
    record: str
    """The record's slug."""
    patch: str
    """What the road changed, as a unified difference."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Excuses:
    """The committed records of a service, and which of its files they excuse."""

    deviations: Deviations = field(default_factory=Deviations)
    files: Mapping[str, Deviation] = field(default_factory=dict)


def excuses(lock: Lock | None, head: Files, read: Read, *, today: date) -> Excuses:
    """What the committed records excuse. Costs nothing in a service without records."""
    names = [path for path in head if path.startswith(f"{FOLDER}/") and is_deviation(path.removeprefix(f"{FOLDER}/"))]
    if lock is None or not names:
        return Excuses()
    contents = dict(zip(names, read([head[path] for path in names]), strict=True))
    found = read_deviations(
        {path.removeprefix(f"{FOLDER}/"): data for path, data in contents.items()}, lock, today=today
    )
    return Excuses(deviations=found, files=dict(_excused(found, lock, head, read, today)))


def _excused(found: Deviations, lock: Lock, head: Files, read: Read, today: date) -> Iterator[tuple[str, Deviation]]:
    for record in found:
        if not record.is_accepted or today > record.fields.review_by:
            continue
        for path, approved in (record.fields.fingerprint or {}).items():
            locked, leaf = lock.files.get(path), head.get(path)
            if locked is None or locked.owner is not Owner.ROAD:
                continue
            road = locked.entry
            identity, service = fingerprint.identity(road), fingerprint.identity(leaf)
            state = evaluation.compare(approved, identity, service, lambda: _digest(road, leaf, read))  # noqa: B023
            if state is not evaluation.State.DRIFTED_FURTHER:
                yield path, record


def _digest(road: TreeEntry, service: TreeEntry | None, read: Read) -> str:
    both = [road, service] if service else [road]
    before, *after = (File(data, leaf.mode) for leaf, data in zip(both, read(both), strict=True))
    return fingerprint.difference(before, after[0] if after else None)


# -- a conflict in an off-road file ----------------------------------------------------------------------------------


def keep(merged: Merged, sides: Sides, found: Excuses, moved: Moves, read: Read) -> tuple[Merged, tuple[Kept, ...]]:
    """The merge with the service's side of every conflicted file that a record excuses, and what the road changed."""
    files, conflicts = dict(merged.files), dict(merged.conflicts)
    kept: list[Kept] = []
    for old, record in found.files.items():
        for path in {old, moved.get(old, old)} & conflicts.keys():
            del conflicts[path]
            files.pop(path, None)
            if path in sides.ours:
                files[path] = sides.ours[path]
            patch = _patch(path, sides.base.get(path), sides.theirs.get(path), read)
            kept.append(Kept(path=path, record=record.id, patch=patch))
    return replace(merged, files=merged.files.holding(files), conflicts=conflicts), tuple(kept)


def _patch(path: str, before: TreeEntry | None, after: TreeEntry | None, read: Read) -> str:
    lines = [_lines(leaf, read) for leaf in (before, after)]
    if None in lines:
        return f"{path}: the road changed the binary file"
    names = (path if before else "/dev/null", path if after else "/dev/null")
    return "\n".join(difflib.unified_diff(lines[0] or [], lines[1] or [], *names, lineterm=""))


def _lines(leaf: TreeEntry | None, read: Read) -> list[str] | None:
    """None for a binary file."""
    (data,) = read([leaf]) if leaf else [b""]
    return None if b"\0" in data else data.decode(errors="replace").splitlines()


# -- the road moved a file -------------------------------------------------------------------------------------------


def follow(found: Excuses, moved: Moves, lock: Lock, scratch: Scratch) -> dict[str, TreeEntry]:
    """The records that name files which the update moves, with the new names."""
    wanted = [
        Move(record=record.id, old=path, new=moved[path])
        for record in found.deviations
        if record.is_open
        for path in record.fields.scope.paths or []
        if path in moved and moved[path] in lock.files
    ]
    return {
        f"{FOLDER}/{name}": scratch.entry(Mode.FILE, data)
        for name, data in moves.followed(found.deviations, wanted).items()
    }
