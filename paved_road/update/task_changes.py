"""What tasks of the old release changed in its files, if an update does not run these tasks again.

A task may run for new services only, and a dry run runs none. What such a task created, changed or removed counts as
the service's own, as if the team had done it. So the merge base is what the old release renders with the tasks that an
update runs, as with Copier: base and new release are rendered alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from paved_road.errors import AnswerError, TemplateError
from paved_road.render import CommandContext, Operation
from paved_road.update.migrations import SCRIPTS
from paved_road.update.start import entries

if TYPE_CHECKING:
    from paved_road.git.entries import Files
    from paved_road.render.rendition import Rendition
    from paved_road.service.model import Service
    from paved_road.update.base import Base
    from paved_road.update.model import Context
    from paved_road.update.start import Start
    from paved_road.update.target import New


def undone(context: Context, start: Start, new: New, base: Base) -> tuple[Base, frozenset[str]]:
    """The base without what such tasks did, and the files that they removed when the service was created.

    No task runs for this. If both kinds of tasks changed files, their changes cannot be separated and stay.
    """
    lock, old, dry_run = start.service.lock_in_force, start.old, context.request.dry_run
    if old is None or not old.template.config.tasks or lock is None:
        return base, frozenset()
    try:
        at_creation, at_update = (_runs(old, start.service, operation) for operation in Operation)
        if at_creation == at_update and not dry_run:
            return base, frozenset()
        plain = entries(old.for_operation(Operation.COPY).pristine, start.service)
    except (AnswerError, TemplateError):
        return base, frozenset()
    locked = {*lock.files, *lock.ignored}
    if at_update and dry_run:  # both sides as no task has shaped them
        unknown = locked - base.files.keys()
        return _with(base, {path: entry for path, entry in plain.items() if path not in unknown}), frozenset()
    gone = frozenset(plain.keys() - locked)
    if at_update:
        made = base.files.keys() - plain.keys() - new.rendition.tree.keys()
        return _with(base, {path: entry for path, entry in base.files.items() if path not in made}), gone
    return _with(base, {path: plain[path] for path in base.files if path in plain}), gone


def _with(base: Base, files: Files) -> Base:
    """The base with other files; nothing vouches for those that differ from the lock."""
    changed = {path for path, entry in files.items() if entry != base.files.get(path)}
    return replace(base, files=files, unsure=base.unsure | changed)


def _runs(old: Rendition, service: Service, operation: Operation) -> list[tuple[str, str]]:
    """The tasks that run for an operation."""
    context = CommandContext(
        template=old.template, answers=old.answers, answers_file=service.answers_file, destination=service.path,
        source=service.journal / SCRIPTS, operation=operation,
    )  # fmt: skip
    return [(str(task), task.folder) for task in context.tasks()]
