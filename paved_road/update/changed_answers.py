"""What changed answers make of the files that the service owns.

A release changes nothing in such a file. A changed answer does: the file has it as much as the road's own files do. Its
effect is the difference between the old release rendered with the old answers and the same release rendered with the
new ones. It is merged into the file, and nothing else is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from paved_road.errors import AnswerError, TemplateError
from paved_road.git import TreeEntry
from paved_road.git.entries import Files
from paved_road.render import CompiledTemplate, Operation, Pristine, render, sources
from paved_road.render.context import SettledAnswers, parsed
from paved_road.render.prompts import MISSING
from paved_road.road.owners import Owner
from paved_road.service.model import Service
from paved_road.service.stored import as_stored
from paved_road.update import moves as align
from paved_road.update.base import Base, leaves


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What changed answers make of files that the service owns, and what a person should know."""

    files: Mapping[str, tuple[TreeEntry, TreeEntry | None]] = field(default_factory=dict)
    """By its path in the old release: the file with the old answers, and with the new ones if it still exists."""
    notes: tuple[str, ...] = ()

    def on(self, moves: Mapping[str, str], existing: Collection[str]) -> dict[str, tuple[TreeEntry, TreeEntry | None]]:
        """The `existing` files by the paths that they have after these moves."""
        moved = {moves.get(path, path): two for path, two in self.files.items()}
        return {path: two for path, two in moved.items() if path in existing}


def is_passed_over(
    path: str, answered: Mapping[str, tuple[TreeEntry, TreeEntry | None]], base: Files, theirs: Files
) -> bool:
    """Whether the release changes a file more than the answers do."""
    known = answered[path][1] if path in answered else base.get(path)
    return known is not None and path in theirs and theirs[path].blob != known.blob


def find(
    service: Service, before: CompiledTemplate | None, old: Base, book: SettledAnswers, pristine: Pristine,
    moves: Mapping[str, str], owner: Callable[[str], Owner], *, given: Collection[str], dry_run: bool,
) -> Effect:  # fmt: skip
    """The effect of the answers in `book` that differ from the recorded ones, or are `given` and secret.

    The old release (`before`) is rendered again only if there are any, and files that they may concern. Its tasks do
    not run for that.
    """
    changed = _changed(service, before, book, pristine, given)
    if not changed:
        return Effect()
    known = old.files if before else pristine.tree
    targets = {path: moves.get(path, path) for path in known}
    owned = {path: target for path, target in targets.items() if owner(target) is Owner.SERVICE}
    if not owned:
        return Effect()
    if before is None:
        return Effect(notes=(_unknown(f"{old.version} cannot be rendered", owned.values()),))
    try:
        files, sources_before = _rendered(before, service, {}, dry_run=dry_run)
        answered, sources_now = _rendered(before, service, changed, dry_run=dry_run)
        found = _differences(owned, files, answered, align.by_source(sources_before, sources_now, ()), pristine)
        if any(leaf != old.files[path] for path, (leaf, _) in found.items()):
            again, _ = _rendered(before, service, {}, dry_run=dry_run)
            found = {path: two for path, two in found.items() if again.get(path) == two[0]}  # else it is random
    except (AnswerError, TemplateError) as refused:
        return Effect(notes=(_unknown(f"in {old.version}: {refused}", owned.values()),))
    return Effect(files=found)


def _changed(
    service: Service, before: CompiledTemplate | None, book: SettledAnswers, pristine: Pristine, given: Collection[str]
) -> dict[str, Any]:
    """What the old release is to be answered instead; nothing unless an answer that the service has is another now."""
    recorded, now = service.answers, pristine.answers
    asked = before.config.questions.keys() if before else recorded.keys()
    secret = before.config.secret & set(given) if before else frozenset[str]()
    differing = {name for name in asked & now.keys() if not _is_same(recorded.get(name, MISSING), now[name])} | secret
    if not differing & (recorded.keys() | secret):
        return {}
    return {name: parsed(book.answered[name]) for name in differing if name in book.answered}


def _is_same(recorded: Any, now: Any) -> bool:
    """Whether an answer is what it was; a question of another type may record it in another way."""
    return bool(recorded == now) or str(recorded) == str(now)


def _rendered(
    form: CompiledTemplate, service: Service, answers: Mapping[str, Any], *, dry_run: bool
) -> tuple[Files, Mapping[str, str]]:
    """The files of a release with these answers and otherwise the recorded ones, and the source of each."""
    book = form.settle(service.path, given=answers, recorded=service.answers)
    made = render(form, book, service.path, operation=Operation.UPDATE, answers_file=service.answers_file)
    stored = as_stored(made, service.repository, prefix=service.prefix, filters=not dry_run)
    return leaves(stored, service), sources(form, book, service.path)


def _differences(
    owned: Mapping[str, str], old: Files, new: Files, moves: Mapping[str, str], pristine: Pristine
) -> dict[str, tuple[TreeEntry, TreeEntry | None]]:
    """Those of the `owned` files that the answers change, or take away; not what the new release still has."""
    found = {}
    for path, target in owned.items():
        before, after = old.get(path), new.get(moves.get(path, path))
        if before and before != after and (after or target not in pristine.tree):
            found[path] = before, after
    return found


def _unknown(why: str, paths: Iterable[str]) -> str:
    shown = sorted(paths)
    named = ", ".join(shown[:5]) + (", ..." if shown[5:] else "")
    return f"service-owned files keep the old answers ({why}); review {named}"
