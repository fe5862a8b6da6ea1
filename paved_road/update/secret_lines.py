"""Secret answers: the service's files contain them, but nothing records them, so a release is rendered without them.

Still, what they changed in the old release's files is known: the difference between those files and the same release
rendered with the stand-ins that the new release is rendered with. It is merged into the new release's files, and the
update goes on as if the answers had been recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from paved_road.git import Scratch
from paved_road.git.entries import File, Files
from paved_road.render.context import parsed
from paved_road.update.merge.trees import Merged, Sides, merge_trees
from paved_road.update.secrets import answer_needed, flags
from paved_road.update.start import entries

if TYPE_CHECKING:
    from paved_road.update.base import Base
    from paved_road.update.model import Context
    from paved_road.update.moves import Moves
    from paved_road.update.start import Start
    from paved_road.update.target import New


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """The base, the new release's files with the secret answers filled in, and notes for a person."""

    base: Base
    files: Mapping[str, File] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def fill(context: Context, start: Start, new: New, base: Base, theirs: Files, moves: Moves) -> Filled:
    """Merge the secret answers that `base` was rendered with into `theirs`.

    Where they conflict, the base gets the stand-in: the service's line counts as its own edit, which no merge drops.
    Raises `AnswerError` if the old release cannot be rendered for comparison.
    """
    if not new.secret:
        return Filled(base=base)
    plain = _with_stand_ins(start, new, base)
    if plain is None:
        raise answer_needed(new.secret, "the release that the service comes from is gone, or does not take the default")
    if plain.keys() != base.files.keys():
        raise answer_needed(new.secret, "it decides which files there are")
    differing = {path: moves.get(path, path) for path, entry in base.files.items() if plain[path].blob != entry.blob}
    reached = {path: target for path, target in differing.items() if target in theirs}
    if not reached:
        return Filled(base=base)
    sides = Sides(
        base=start.head.holding({target: plain[path] for path, target in reached.items()}),
        ours={target: base.files[path] for path, target in reached.items()},
        theirs={target: theirs[target] for target in reached.values()},
        labels=("stand-in", "secret", "release"),
    )  # fmt: skip
    (merged,) = merge_trees(context.scratch, [sides])
    clear = [target for target in reached.values() if target in merged.files and target not in merged.conflicts]
    unclear = {path: target for path, target in reached.items() if target not in clear}
    return Filled(
        base=replace(base, files={**base.files, **{path: plain[path] for path in unclear}}),
        files=_contents(context.scratch, merged, clear),
        notes=tuple(_notes(new.secret, sorted(unclear.values()))),
    )


def _with_stand_ins(start: Start, new: New, base: Base) -> Files | None:
    """The base rendered with the new release's stand-ins for the secret answers; None when the release is gone."""
    lock = start.service.lock_in_force
    if start.old is None or (lock is not None and lock.commit is None):
        return None
    answered, known = new.rendition.answers.answered, start.old.template.config.secret
    stand_ins = {name: parsed(answered[name]) for name in new.secret & known if name in answered}
    pristine = start.old.answered(start.service.answers, defaults=stand_ins).if_renderable()
    lacking = {*lock.files, *lock.ignored} - base.files.keys() if lock else ()
    files = entries(pristine, start.service) if pristine else None
    return {path: entry for path, entry in files.items() if path not in lacking} if files is not None else None


def _contents(scratch: Scratch, merged: Merged, paths: list[str]) -> dict[str, File]:
    """The merged files at these paths."""
    entries = [merged.files[path] for path in paths]
    contents = zip(paths, entries, scratch.read(entries), strict=True)
    return {path: File(data, entry.mode) for path, entry, data in contents}


def _notes(names: Iterable[str], unclear: Iterable[str]) -> Iterator[str]:
    given = flags(names)
    yield f"secret answers are not recorded; their lines stay as the service has them (to change them: {given})"
    for path in unclear:
        yield f"{path}: the road changed a line next to a secret answer; {given} resolves it"
