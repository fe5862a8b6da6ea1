"""What an update runs of the template's, and when: migrations before, tasks, migrations after.

The first two run while the update is planned, in copies. A dry run runs nothing and says what it left out. Trust is
asked for when something will run, in one error that lists it, and before a person is asked anything where that is
possible.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paved_road.errors import AnswerError, UntrustedTemplate
from paved_road.render import CommandContext, Operation, foreseen, untrusted
from paved_road.render import config as configs
from paved_road.render.commands import Command
from paved_road.render.context import SettledAnswers
from paved_road.update.migrations import SCRIPTS, Migrations

if TYPE_CHECKING:
    from paved_road.git.entries import Snapshot
    from paved_road.road.model import Release
    from paved_road.service.model import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """The commands of one update."""

    passage: Migrations
    dry_run: bool

    @property
    def allowed(self) -> bool:
        """Whether they may run."""
        return self.passage.form.trust and not self.dry_run

    def before(self, service: Service, head: Snapshot) -> tuple[Service, Snapshot]:
        """The service, and its files, as the migrations of the stage `before` leave them."""
        wanted = self.passage.before(service)
        if not self.passage.form.trust and not self.dry_run:
            tasks, after = self.passage.form.previewed_tasks(Operation.UPDATE), self.passage.ahead()
            if wanted or any(one.certain for one in (*tasks, *after)):
                said = ([one.words for one in found] for found in (tasks, after))
                self._refuse([*next(said), *_words("migration", wanted), *next(said)])
        if not wanted or not self.allowed:
            return service, head
        files, record = self.passage.migrated(service)
        return replace(service, recorded=record), head.holding(files)

    @contextlib.contextmanager
    def settling(self, service: Service) -> Iterator[None]:
        """An answer that a dry run cannot know, because a migration that may bring it over did not run, is told so."""
        try:
            yield
        except AnswerError as error:
            wanted = self.passage.before(service) if self.dry_run else []
            if not wanted:
                raise
            cause = f"a dry run runs no migration, and one may bring the answer over: {wanted[0]}"
            raise AnswerError(error.message, cause=cause, hint=error.hint) from error

    def rest(
        self, service: Service, book: SettledAnswers, answers_file: str
    ) -> tuple[tuple[str, ...], tuple[Command, ...]]:
        """What was not run while the update was planned, in words; and the migrations of the stage `after`.

        `service` is as it was before any migration.
        """
        after = tuple(self.passage.after(service, book, answers_file))
        if self.allowed:
            return (), after
        tasks = _words("task", self._told(service, book, answers_file).tasks())
        if not self.dry_run:
            self._refuse([*tasks, *_words("migration", after)])
        return (*tasks, *_words("migration", self.passage.before(service))), after

    def asks_for(self, not_run: Iterable[str], after: Iterable[Command]) -> tuple[str, ...]:
        """The note of a dry run about the trust that the update itself takes; none where there is nothing to trust."""
        wanted = [*not_run, *_words("migration", after)]
        if self.passage.form.trust or not self.dry_run or not wanted:
            return ()
        return (f"the update itself needs --trust, because it runs the template's code: {'; '.join(wanted)}",)

    def _told(self, service: Service, book: SettledAnswers, answers_file: str) -> CommandContext:
        return CommandContext(
            template=self.passage.form, answers=book, answers_file=answers_file, destination=service.path,
            source=service.journal / SCRIPTS, operation=Operation.UPDATE,
        )  # fmt: skip

    def _refuse(self, wanted: list[str]) -> None:
        if wanted:
            raise untrusted(self.passage.form.release, wanted)


def refused_with_the_next(refused: UntrustedTemplate, target: Release) -> UntrustedTemplate:
    """The refusal of what the old release runs to be rendered again, with all that the new one will or may run."""
    if not refused.cause.startswith(("task: ", "Jinja extension: ")):
        return refused  # it is about something else, such as a filter that reads the machine
    config = configs.load(target.files())
    extensions = (f"Jinja extension: {name}" for name in config.extensions)
    return untrusted(target, dict.fromkeys([refused.cause, *extensions, *foreseen.everything(config)]))


def not_shown(command: str) -> str:
    """The note of a dry run about a command that it did not run."""
    return f"a dry run runs nothing of the template's, so what this changes is not shown: {command}"


def _words(kind: str, commands: Iterable[Command]) -> list[str]:
    return [f"{kind}: {command}" for command in commands]
