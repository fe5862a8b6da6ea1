"""What an update does to each file, and what the road's changelog says about the releases it passes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from paved_road.road.versions import is_passed
from paved_road.service import derived
from paved_road.update import base, running
from paved_road.update.model import Change, FileOutcome, Summary

if TYPE_CHECKING:
    from paved_road.render import CompiledTemplate
    from paved_road.update.decide import Decided
    from paved_road.update.merge.trees import Merged
    from paved_road.update.prepared import Prepared


def summarise(prepared: Prepared, merged: Merged, decided: Decided) -> Summary:
    """Say what the update does."""
    new, inputs = prepared.new, prepared.inputs
    missing, missing_notes = _not_derived(prepared)
    off_road = {kept.path: f"off-road, {kept.record}" for kept in decided.off_road}
    kept = {**prepared.aligned.kept, **missing, **off_road}
    made = (Change(path=path, outcome=FileOutcome.REGENERATED, detail=how) for path, how in new.derived.items())
    return Summary(
        changes=(*_changes(prepared, merged, decided, kept), *made),
        changelog=changelog(new.template, inputs.base.version, new.release.version),
        answers_changed=_answers_changed(prepared),
        notes=(
            *prepared.context.origin.notes, *base.notes(inputs.base), *inputs.secret_notes, *inputs.effect.notes,
            *prepared.aligned.notes, *missing_notes, *new.needs_trust, *merged.notes,
            *map(running.not_shown, new.not_run),
        ),
    )  # fmt: skip


def changelog(template: CompiledTemplate, old: str, new: str) -> str:
    """The entries of the template's CHANGELOG.md for the releases after `old`, up to `new`."""
    file = template.files.get("CHANGELOG.md")
    if file is None:
        return ""
    entries = re.split(r"^(?=## )", file.data.decode(errors="replace"), flags=re.MULTILINE)[1:]
    headings = ((entry, re.match(r"## \[?v?([0-9][^\s\]]*)", entry)) for entry in entries)
    return "\n\n".join(entry.strip() for entry, heading in headings if heading and is_passed(heading[1], old, new))


def _not_derived(prepared: Prepared) -> tuple[dict[str, str], tuple[str, ...]]:
    """The derived files that an update without trust leaves as they are, and notes about those that are missing."""
    new, start = prepared.new, prepared.start
    lock = prepared.inputs.lock.without(prepared.aligned.left_out)
    if new.template.derives or lock == start.service.lock:
        return {}, ()
    again = "derived; add --trust, or make it again"
    there = {path: f"{again}: {how}" for path, how in new.manifest.derived.items() if path in new.ours}
    missing = {path: how for path, how in new.manifest.derived.items() if path not in new.ours}
    return there, tuple(derived.not_made(missing))


def _changes(prepared: Prepared, merged: Merged, decided: Decided, kept: Mapping[str, str]) -> Iterator[Change]:
    """What becomes of each file, in the order of their paths. `kept` maps files that are left alone to the reason."""
    head, moves = prepared.start.head, prepared.inputs.moves
    back = {new: old for old, new in moves.items()}
    for path in sorted({*head, *decided.files, *decided.obstacles, *kept}):
        before, after = head.get(path), decided.files.get(path)
        if path in decided.obstacles:
            yield Change(path=path, outcome=FileOutcome.CONFLICT, detail=decided.obstacles[path].reason)
        elif path in decided.conflicts:
            yield Change(path=path, outcome=FileOutcome.CONFLICT, detail=decided.conflicts[path].reason)
        elif before == after:
            yield from [Change(path=path, outcome=FileOutcome.KEPT, detail=kept[path])] if path in kept else []
        elif prepared.inputs.ours.get(path) == after:
            yield Change(path=path, outcome=FileOutcome.MIGRATED)
        elif before is None:
            moved = back.get(path, "") in head
            detail = f"from {back[path]}" if moved else ""
            yield Change(path=path, outcome=FileOutcome.MOVED if moved else FileOutcome.ADDED, detail=detail)
        elif after is None:
            yield from [Change(path=path, outcome=FileOutcome.DELETED)] if path not in moves else []
        else:
            clean = path not in prepared.inputs.base.files or prepared.inputs.theirs.get(path) == after
            detail = "decided on the parsed data" if path in merged.structured else kept.get(path, "")
            yield Change(path=path, outcome=FileOutcome.UPDATED if clean else FileOutcome.MERGED, detail=detail)


def _answers_changed(prepared: Prepared) -> tuple[str, ...]:
    """The questions that have another answer now; none where the release is another one, too."""
    old, target = prepared.inputs.base, prepared.new.release
    if (old.version, old.commit) != (target.version, target.commit):
        return ()
    before, now = prepared.new.recorded, prepared.inputs.pristine.answers
    names = dict.fromkeys([*before, *(name for name in now if not name.startswith("_"))])
    return tuple(name for name in names if before.get(name) != now.get(name))
