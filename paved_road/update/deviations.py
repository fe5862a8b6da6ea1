"""Deviations in an update: a conflict in an off-road file keeps the service's side, and its deviation follows moves."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from paved_road.git import Scratch
from paved_road.git.entries import File, Mode, TreeEntry
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
"""Reads the contents of entries."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptFile:
    """A conflicted file that a deviation keeps as the service has it."""

    path: str
    record: str
    """The deviation's slug."""
    patch: str
    """What the road changed, as a unified difference."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviationsInForce:
    """The committed deviations of a service, and the files that accepted ones cover."""

    deviations: Deviations = field(default_factory=Deviations)
    files: Mapping[str, Deviation] = field(default_factory=dict)


def find_in_force(lock: Lock | None, head: Files, read: Read, *, today: date) -> DeviationsInForce:
    """The committed deviations of a service. This reads no file if there are none."""
    names = [path for path in head if path.startswith(f"{FOLDER}/") and is_deviation(path.removeprefix(f"{FOLDER}/"))]
    if lock is None or not names:
        return DeviationsInForce()
    contents = zip(names, read([head[path] for path in names]), strict=True)
    committed = read_deviations({path.removeprefix(f"{FOLDER}/"): data for path, data in contents}, lock, today=today)
    return DeviationsInForce(deviations=committed, files=dict(_covered(committed, lock, head, read, today)))


def _covered(
    committed: Deviations, lock: Lock, head: Files, read: Read, today: date
) -> Iterator[tuple[str, Deviation]]:
    """The road-owned files that an accepted deviation covers: they have not drifted further since its approval."""
    for deviation in committed:
        if not deviation.is_accepted or today > deviation.fields.review_by:
            continue
        for path, approved in (deviation.fields.fingerprint or {}).items():
            locked, entry = lock.files.get(path), head.get(path)
            if locked is None or locked.owner is not Owner.ROAD:
                continue
            road = locked.entry
            identity, service = fingerprint.identity(road), fingerprint.identity(entry)
            state = evaluation.compare(approved, identity, service, lambda: _digest(road, entry, read))  # noqa: B023
            if state is not evaluation.State.DRIFTED_FURTHER:
                yield path, deviation


def _digest(road: TreeEntry, service: TreeEntry | None, read: Read) -> str:
    both = [road, service] if service else [road]
    before, *after = (File(data, entry.mode) for entry, data in zip(both, read(both), strict=True))
    return fingerprint.difference(before, after[0] if after else None)


# -- a conflict in an off-road file ----------------------------------------------------------------------------------


def keep(
    merged: Merged, sides: Sides, covered: Mapping[str, Deviation], moved: Moves, read: Read
) -> tuple[Merged, tuple[KeptFile, ...]]:
    """Resolve every conflict in a covered file with the service's side.

    Returns the merge without these conflicts, and each file with what the road changed in it.
    """
    kept = {
        path: deviation
        for old, deviation in covered.items()
        for path in {old, moved.get(old, old)} & merged.conflicts.keys()
    }
    if not kept:
        return merged, ()
    ours = {path: sides.ours[path] for path in kept if path in sides.ours}
    files = {path: entry for path, entry in merged.files.items() if path not in kept}
    conflicts = {path: conflict for path, conflict in merged.conflicts.items() if path not in kept}
    shown = (
        KeptFile(path=path, record=deviation.id, patch=_patch(path, sides.base.get(path), sides.theirs.get(path), read))
        for path, deviation in kept.items()
    )
    return replace(merged, files=merged.files.holding(files | ours), conflicts=conflicts), tuple(shown)


def _patch(path: str, before: TreeEntry | None, after: TreeEntry | None, read: Read) -> str:
    """What the road changed in a file, as a unified difference."""
    lines = [_lines(entry, read) for entry in (before, after)]
    if None in lines:
        return f"{path}: the road changed the binary file"
    names = (path if before else "/dev/null", path if after else "/dev/null")
    return "\n".join(difflib.unified_diff(lines[0] or [], lines[1] or [], *names, lineterm=""))


def _lines(entry: TreeEntry | None, read: Read) -> list[str] | None:
    """The lines of a file; None for a binary one."""
    (data,) = read([entry]) if entry else [b""]
    return None if b"\0" in data else data.decode(errors="replace").splitlines()


# -- the road moved a file -------------------------------------------------------------------------------------------


def follow_moves(committed: Deviations, moved: Moves, lock: Lock, scratch: Scratch) -> dict[str, TreeEntry]:
    """The open deviations that list files which the update moves, rewritten with the new paths."""
    wanted = [
        Move(record=deviation.id, old=path, new=moved[path])
        for deviation in committed
        if deviation.is_open
        for path in deviation.fields.scope.paths or []
        if path in moved and moved[path] in lock.files
    ]
    followed = moves.followed(committed, wanted)
    return {f"{FOLDER}/{name}": scratch.entry(Mode.FILE, data) for name, data in followed.items()}
