"""What tasks of the old release made of its files, where the tasks of an update do not do it again.

A task may be for new services alone, and a dry run runs none. What such a task made, changed or took away is the
service's own, as if the team had done it. So the merge base is what the old release renders with those tasks that an
update runs, as with Copier, and both sides that the service is merged with are alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paved_road.errors import AnswerError, TemplateError
from paved_road.render import CommandContext, Operation, render
from paved_road.service.stored import as_stored
from paved_road.update.base import Base, leaves
from paved_road.update.migrations import SCRIPTS

if TYPE_CHECKING:
    from paved_road.git.entries import Files, Tree
    from paved_road.render import CompiledTemplate
    from paved_road.render.context import SettledAnswers
    from paved_road.service.model import Service


def undone(
    base: Base, service: Service, before: CompiledTemplate | None, theirs: Tree, *, dry_run: bool
) -> tuple[Base, frozenset[str]]:
    """The base without what such tasks did, and the files that they took away when the service was made.

    No task runs for it. Where tasks of both kinds did something, what they changed cannot be told apart and stays.
    """
    lock = service.lock_in_force
    if before is None or not before.config.tasks or lock is None:
        return base, frozenset()
    try:
        book = before.settle(service.path, given={}, recorded=service.answers)
        new, update = (_runs(before, book, service, operation) for operation in Operation)
        if new == update and not dry_run:
            return base, frozenset()
        rendered = render(before, book, service.path)
        stored = as_stored(rendered, service.repository, prefix=service.prefix, filters=not dry_run)
        plain = leaves(stored, service)
    except (AnswerError, TemplateError):
        return base, frozenset()
    if update and dry_run:  # both sides as no task has shaped them
        unknown = {*lock.files, *lock.ignored} - base.files.keys()
        return _with(base, {path: leaf for path, leaf in plain.items() if path not in unknown}), frozenset()
    gone = frozenset(plain.keys() - {*lock.files, *lock.ignored})
    if update:
        made = base.files.keys() - plain.keys() - theirs.keys()
        return _with(base, {path: leaf for path, leaf in base.files.items() if path not in made}), gone
    return _with(base, {path: plain[path] for path in base.files if path in plain}), gone


def _with(base: Base, files: Files) -> Base:
    """The base with other files; those that are not as they were locked are none that anybody vouches for."""
    changed = {path for path, leaf in files.items() if leaf != base.files.get(path)}
    return replace(base, files=files, unsure=base.unsure | changed)


def _runs(
    form: CompiledTemplate, book: SettledAnswers, service: Service, operation: Operation
) -> list[tuple[str, str]]:
    """The tasks that run for an operation."""
    told = CommandContext(
        template=form, answers=book, answers_file=service.answers_file, destination=service.path,
        source=service.journal / SCRIPTS, operation=operation,
    )  # fmt: skip
    return [(str(task), task.folder) for task in told.tasks()]
