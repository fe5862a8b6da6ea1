"""Which of the template's commands an update runs, and when: migrations before, tasks, migrations after.

The first two run while the update is planned, in copies. A dry run runs nothing and lists what it left out. If any of
them would run without the person's trust, one error lists them all, if possible before any question is asked.
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

    migrations: Migrations
    dry_run: bool

    @property
    def allowed(self) -> bool:
        """Whether they may run."""
        return self.migrations.template.trust and not self.dry_run

    def before(self, service: Service, head: Snapshot) -> tuple[Service, Snapshot]:
        """The service, and its files, as the migrations of the stage `before` leave them.

        Raises `UntrustedTemplate` if anything will run that may not.
        """
        wanted = self.migrations.commands_before(service)
        if not self.migrations.template.trust and not self.dry_run:
            tasks, after = self.migrations.template.previewed_tasks(Operation.UPDATE), self.migrations.previewed()
            if wanted or any(command.certain for command in (*tasks, *after)):
                later = [*_words("migration", wanted), *(command.words for command in after)]
                self._refuse([*(command.words for command in tasks), *later])
        if not wanted or not self.allowed:
            return service, head
        files, recorded = self.migrations.run_before(service)
        return replace(service, recorded=recorded), head.holding(files)

    @contextlib.contextmanager
    def settling(self, service: Service) -> Iterator[None]:
        """Explain a missing answer in a dry run: a migration that did not run may add it. Raises `AnswerError`."""
        try:
            yield
        except AnswerError as error:
            wanted = self.migrations.commands_before(service) if self.dry_run else []
            if not wanted:
                raise
            cause = f"a dry run runs no migration, and one may bring the answer over: {wanted[0]}"
            raise AnswerError(error.message, cause=cause, hint=error.hint) from error

    def rest(
        self, service: Service, answers: SettledAnswers, answers_file: str
    ) -> tuple[tuple[str, ...], tuple[Command, ...]]:
        """What was not run while the update was planned, in words; and the migrations of the stage `after`.

        `service` is as it was before any migration. Raises `UntrustedTemplate` if any of it may not run.
        """
        after = tuple(self.migrations.commands_after(service, answers, answers_file))
        if self.allowed:
            return (), after
        tasks = _words("task", self._context(service, answers, answers_file).tasks())
        if not self.dry_run:
            self._refuse([*tasks, *_words("migration", after)])
        return (*tasks, *_words("migration", self.migrations.commands_before(service))), after

    def needed_trust(self, not_run: Iterable[str], after: Iterable[Command]) -> tuple[str, ...]:
        """The note of a dry run about the trust that the update itself takes; none where there is nothing to trust."""
        wanted = [*not_run, *_words("migration", after)]
        if self.migrations.template.trust or not self.dry_run or not wanted:
            return ()
        return (f"the update itself needs --trust, because it runs the template's code: {'; '.join(wanted)}",)

    def _context(self, service: Service, answers: SettledAnswers, answers_file: str) -> CommandContext:
        return CommandContext(
            template=self.migrations.template, answers=answers, answers_file=answers_file, destination=service.path,
            source=service.journal / SCRIPTS, operation=Operation.UPDATE,
        )  # fmt: skip

    def _refuse(self, wanted: list[str]) -> None:
        if wanted:
            raise untrusted(self.migrations.template.release, wanted)


def with_the_next(refused: UntrustedTemplate, target: Release) -> UntrustedTemplate:
    """The refusal to run the old release's code, with all that the new release will or may run, too."""
    if not refused.cause.startswith(("task: ", "Jinja extension: ")):
        return refused  # it is about something else, such as a filter that reads the machine
    config = configs.load(target.files())
    extensions = (f"Jinja extension: {name}" for name in config.extensions)
    return untrusted(target, dict.fromkeys([*refused.cause.split("; "), *extensions, *foreseen.everything(config)]))


def not_shown(command: str) -> str:
    """The note of a dry run about a command that it did not run."""
    return f"a dry run does not run the template's code, so it does not show what this changes: {command}"


def _words(kind: str, commands: Iterable[Command]) -> list[str]:
    return [f"{kind}: {command}" for command in commands]
