"""What an update does to each file, and what the road's changelog says about the releases it passes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from paved_road.road.versions import is_passed

if TYPE_CHECKING:
    from paved_road.git.entries import Files
    from paved_road.render import CompiledTemplate
    from paved_road.update.collisions import Obstacle
    from paved_road.update.merge.trees import Merged
    from paved_road.update.moves import Moves


class Outcome(StrEnum):
    """What an update does to a file."""

    ADDED = "added"
    UPDATED = "updated"
    MERGED = "merged"
    MOVED = "moved"
    DELETED = "deleted"
    MIGRATED = "migrated"
    KEPT = "kept"
    REGENERATED = "regenerated"
    CONFLICT = "conflict"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One file of the summary."""

    path: str
    outcome: Outcome
    detail: str = ""


def find(
    result: Files, merged: Merged, obstacles: Mapping[str, Obstacle], *, head: Files, ours: Files, base: Files,
    theirs: Files, moves: Moves, kept: Mapping[str, str],
) -> Iterator[Change]:  # fmt: skip
    """What becomes of each file, in the order of their paths.

    `head` is the service as it is committed, `ours` as migrations leave it, `result` what is written. `moves` maps a
    path to its new name, `kept` one that is left alone to the reason.
    """
    back = {new: old for old, new in moves.items()}
    for path in sorted({*head, *result, *obstacles, *kept}):
        before, after = head.get(path), result.get(path)
        if path in obstacles:
            yield Change(path=path, outcome=Outcome.CONFLICT, detail=obstacles[path].reason)
        elif path in merged.conflicts:
            yield Change(path=path, outcome=Outcome.CONFLICT, detail=merged.conflicts[path].reason)
        elif before == after:
            yield from [Change(path=path, outcome=Outcome.KEPT, detail=kept[path])] if path in kept else []
        elif ours.get(path) == after:
            yield Change(path=path, outcome=Outcome.MIGRATED)
        elif before is None:
            moved = back.get(path, "") in head
            detail = f"from {back[path]}" if moved else ""
            yield Change(path=path, outcome=Outcome.MOVED if moved else Outcome.ADDED, detail=detail)
        elif after is None:
            yield from [Change(path=path, outcome=Outcome.DELETED)] if path not in moves else []
        else:
            clean = path not in base or theirs.get(path) == after
            detail = "decided on the parsed data" if path in merged.structured else kept.get(path, "")
            yield Change(path=path, outcome=Outcome.UPDATED if clean else Outcome.MERGED, detail=detail)


def changelog(form: CompiledTemplate, old: str, new: str) -> str:
    """The entries of the template's CHANGELOG.md for the releases after `old`, up to `new`."""
    file = form.files.get("CHANGELOG.md")
    if file is None:
        return ""
    entries = []
    for entry in re.split(r"^(?=## )", file.data.decode(errors="replace"), flags=re.MULTILINE)[1:]:
        heading = re.match(r"## \[?v?([0-9][^\s\]]*)", entry)
        if heading and is_passed(heading[1], old, new):
            entries.append(entry.strip())
    return "\n\n".join(entries)
