"""What an update writes: the merge, with the decisions around it that git knows nothing about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paved_road.files import contained
from paved_road.git.entries import Files, Mode, Snapshot
from paved_road.update import collisions, deviations, ignored
from paved_road.update.answers import without_address_only_change
from paved_road.update.merge.answers import differ_only_in_order
from paved_road.update.merge.trees import Conflict, Merged

if TYPE_CHECKING:
    from paved_road.service.lock import Lock
    from paved_road.update.collisions import Obstacle
    from paved_road.update.deviations import KeptFile
    from paved_road.update.prepared import Prepared


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """The files of the service after the update, and what is left for a person."""

    files: Snapshot
    """Every tracked file of the service after the update, conflicted ones with their markers."""
    conflicts: Mapping[str, Conflict]
    obstacles: Mapping[str, Obstacle]
    """Files of the road that are not written, because something that no commit has is in their place."""
    off_road: tuple[KeptFile, ...]
    """Files that stay as the service has them because a deviation covers them, and what the road changed."""
    submodules: Files
    """The service's submodules, which no update touches."""


def decide(prepared: Prepared, merged: Merged) -> Decided:
    """Take deviations, ignored files, paved's own files and obstacles into account."""
    start, inputs, scratch = prepared.start, prepared.inputs, prepared.context.scratch
    covered = start.deviations
    settled, off_road = deviations.keep(merged, prepared.aligned.sides, covered.files, inputs.moves, scratch.read)
    files = {**settled.files, **deviations.follow_moves(covered.deviations, inputs.moves, inputs.lock, scratch)}
    left_out = prepared.aligned.left_out
    no_longer = ignored.find_no_longer_ignored(
        start.service, scratch, {path: entry for path, entry in left_out.items() if entry}, head=start.head,
        result=files, base=inputs.base.files, theirs=inputs.theirs,
    )  # fmt: skip
    lock = inputs.lock.without(left_out.keys() - no_longer.keys())
    written = {**files, **no_longer, **_records(prepared, lock)}
    result = without_address_only_change(written, start.head, start.service, scratch)
    submodules = scratch.objects.listing(start.head.tree)[1]
    obstacles = collisions.find_obstacles(start.service, start.head, result, submodules)
    return Decided(
        files=merged.files.holding({path: entry for path, entry in result.items() if path not in obstacles}),
        conflicts={path: conflict for path, conflict in settled.conflicts.items() if path not in obstacles},
        obstacles=obstacles,
        off_road=off_road,
        submodules=submodules,
    )


def _records(prepared: Prepared, lock: Lock) -> Files:
    """The lock and the answers file of the new release. Where only the order of answers differs, that stays."""
    service, pristine = prepared.start.service, prepared.inputs.pristine
    place, data = pristine.answers_file, pristine.tree[pristine.answers_file].data
    contents = {service.lock_file: lock.dump(), place: data}
    if place == service.answers_file and contained.is_file(service.path, place):
        there = contained.read_regular(service.path, place)
        contents[place] = there if differ_only_in_order(there, data) else data
    return {path: prepared.context.scratch.entry(Mode.FILE, content) for path, content in contents.items()}
