"""The effect of changed answers on the files that the service owns.

A release changes nothing in such a file, but a changed answer does: the file contains it as the road's files do. The
effect is the difference between the old release rendered with the old answers and the old release rendered with the
new ones. Only this difference is merged into the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paved_road.errors import AnswerError, TemplateError
from paved_road.git.entries import Files, TreeEntry
from paved_road.render import Operation, Pristine
from paved_road.render.context import parsed
from paved_road.render.prompts import MISSING
from paved_road.road.owners import Owner
from paved_road.service.owners import owner_of
from paved_road.update import moves as aligning
from paved_road.update.start import Start, entries

if TYPE_CHECKING:
    from paved_road.update.base import Base
    from paved_road.update.model import Context
    from paved_road.update.moves import Moves
    from paved_road.update.target import New
Answered = tuple[TreeEntry, TreeEntry | None]
"""A file with the old answers, and with the new ones if it still exists then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """The effect of changed answers on files that the service owns, and notes for a person."""

    files: Mapping[str, Answered] = field(default_factory=dict)
    """By its path in the old release: the file with the old answers, and with the new ones if it still exists."""
    notes: tuple[str, ...] = ()

    def on(self, moves: Mapping[str, str], existing: Collection[str]) -> dict[str, Answered]:
        """The `existing` files by the paths that they have after these moves."""
        moved = {moves.get(path, path): two for path, two in self.files.items()}
        return {path: two for path, two in moved.items() if path in existing}


def is_passed_over(path: str, answered: Mapping[str, Answered], base: Files, theirs: Files) -> bool:
    """Whether the release changes a file more than the answers do."""
    known = answered[path][1] if path in answered else base.get(path)
    return known is not None and path in theirs and theirs[path].blob != known.blob


def effect_of_answers(context: Context, start: Start, new: New, base: Base, pristine: Pristine, moves: Moves) -> Effect:
    """The effect of the answers that differ from the recorded ones, or are given anew and secret.

    The old release is rendered again only if there are any, and files that they may concern. Its tasks do not run for
    that.
    """
    changed = _changed(start, new, context.request.answers)
    if not changed:
        return Effect()
    owned = _owned(base.files if start.old else pristine.tree, moves, owner_of(new.manifest, pristine.seeded))
    if not owned:
        return Effect()
    if start.old is None:
        return Effect(notes=(_unknown(f"{base.version} cannot be rendered", owned.values()),))
    recorded = start.old.for_operation(Operation.UPDATE)
    answered = recorded.answered(start.service.answers, given=changed)
    try:
        before, after = (entries(rendition.pristine, start.service) for rendition in (recorded, answered))
        moved = aligning.by_source(recorded.sources, answered.sources, ())
        differences = _differences(owned, before, after, moved, pristine)
        if any(entry != base.files[path] for path, (entry, _) in differences.items()):
            # A file with a date or a random number in it differs without a changed answer.
            again = entries(recorded.answered(start.service.answers).pristine, start.service)
            return Effect(files={path: two for path, two in differences.items() if again.get(path) == two[0]})
    except (AnswerError, TemplateError) as refused:
        return Effect(notes=(_unknown(f"in {base.version}: {refused}", owned.values()),))
    return Effect(files=differences)


def _owned(paths: Iterable[str], moves: Moves, owner: Callable[[str], Owner]) -> dict[str, str]:
    """The files that the service owns, by their path in the old release, and the path of each in the new one."""
    targets = {path: moves.get(path, path) for path in paths}
    return {path: target for path, target in targets.items() if owner(target) is Owner.SERVICE}


def _changed(start: Start, new: New, given: Collection[str]) -> dict[str, Any]:
    """The answers to render the old release with; none unless an answer that the service has given changes."""
    config = start.old.template.config if start.old else None
    recorded, now, answered = start.service.answers, new.rendition.pristine.answers, new.rendition.answers.answered
    asked = config.questions.keys() if config else recorded.keys()
    secret = config.secret & set(given) if config else frozenset[str]()
    differing = {name for name in asked & now.keys() if not _is_same(recorded.get(name, MISSING), now[name])} | secret
    if not differing & (recorded.keys() | secret):
        return {}
    return {name: parsed(answered[name]) for name in differing if name in answered}


def _is_same(recorded: Any, now: Any) -> bool:
    """Whether two answers are the same; a question whose type changed may record the same answer in another way."""
    return bool(recorded == now) or str(recorded) == str(now)


def _differences(
    owned: Mapping[str, str], old: Files, new: Files, moves: Mapping[str, str], pristine: Pristine
) -> dict[str, Answered]:
    """Those of the `owned` files that the answers change, or take away; not what the new release still has."""
    both = {path: (old.get(path), new.get(moves.get(path, path))) for path in owned}
    return {
        path: (before, after)
        for path, (before, after) in both.items()
        if before and before != after and (after or owned[path] not in pristine.tree)
    }


def _unknown(why: str, paths: Iterable[str]) -> str:
    shown = sorted(paths)
    named = ", ".join(shown[:5]) + (", ..." if shown[5:] else "")
    return f"service-owned files keep the old answers ({why}); review {named}"
