"""A template's migrations (Copier's `_migrations`): commands that an update runs when it passes a release.

The migrations of the stage `before` belong to the plan: they run in a copy of the committed files, including the
answers, and the update merges the result. So a migration that fails has changed nothing. The migrations of the stage
`after` run in the service itself, after the merged files are in place. A dry run runs none of them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from paved_road import git
from paved_road.errors import TemplateError
from paved_road.git.entries import TreeEntry
from paved_road.render import CommandContext, Operation, commands, foreseen
from paved_road.render.commands import Command
from paved_road.render.context import SettledAnswers
from paved_road.road.versions import is_passed
from paved_road.service.answers_file import read_answers_file

if TYPE_CHECKING:
    from paved_road.render import CompiledTemplate
    from paved_road.render.foreseen import Foreseen
    from paved_road.service.model import Service

Stage = Literal["before", "after"]
HINT = "fix the template or the service; the service was not changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Migrations:
    """The migrations between two releases of a template."""

    template: CompiledTemplate
    """Of the new release, which names the migrations."""
    old_version: str
    old_described: str
    """Copier's `_commit` of the old release."""

    def commands_before(self, service: Service) -> list[Command]:
        """The commands of the stage `before`, to be shown and not run."""
        return self._commands("before", service.path, service.journal / SCRIPTS, _recorded(service))

    def commands_after(self, service: Service, answers: SettledAnswers, answers_file: str) -> list[Command]:
        """The commands of the stage `after`, as they run in the service."""
        return self._commands("after", service.path, service.journal / SCRIPTS, (answers, answers_file))

    def previewed(self) -> list[Foreseen]:
        """The migrations of the stage `after` that will or may run, before the questions are answered."""
        environment = self.template.environment
        return [
            preview
            for given, current, when in self._passed("after")
            for known in [foreseen.holds(when, self._facts("after", current), Operation.UPDATE, environment)]
            for command in _commands(given, "after")
            for preview in foreseen.preview("migration", command, known)
        ]

    def run_before(self, service: Service) -> tuple[dict[str, TreeEntry], dict[str, Any]]:
        """Run the stage `before` in a copy of the service. The files and answers that it leaves.

        Raises `TemplateError` if a migration fails.
        """
        with tempfile.TemporaryDirectory(prefix="paved-migrate-") as folder:
            copy = Path(folder) / "service" / service.path.name
            copy.parent.mkdir()
            git.check_out(service.repository, f"{service.repository.head}:{service.prefix.rstrip('/')}", copy)
            source = commands.source_below(Path(folder))
            wanted = self._commands("before", copy, source, _recorded(service))
            commands.bring(self.template.files, source, wanted)
            commands.run(wanted, copy, kind="migration", hint=HINT)
            made = git.list_tree(copy, git.stage_everything(copy))
            contents = git.read_objects(copy, [entry.blob for entry in made.values()])
            files = {path: replace(made[path], data=data) for path, data in zip(made, contents, strict=True)}
            return files, read_answers_file(copy, service.answers_file)

    def _commands(self, stage: Stage, place: Path, source: Path, answers: tuple[SettledAnswers, str]) -> list[Command]:
        """The commands of one stage for the releases that the update passes, in the template's order."""
        if not self.template.config.migrations:
            return []
        settled, answers_file = answers
        context = CommandContext(
            template=self.template, answers=settled, answers_file=answers_file, destination=place, source=source,
            operation=Operation.UPDATE,
        )  # fmt: skip
        return list(self._wanted(stage, context))

    def _wanted(self, stage: Stage, context: CommandContext) -> Iterator[Command]:
        evaluation = context.evaluation("migrate")
        for given, current, when in self._passed(stage):
            facts = self._facts(stage, current)
            if evaluation.holds(when, facts):
                for command in _commands(given, stage):
                    yield evaluation.command(command, given.get("working_directory", "."), facts)

    def _passed(self, stage: Stage) -> Iterator[tuple[Mapping[str, Any], str | None, Any]]:
        """The migrations of the releases that the update passes, each with its version and its condition."""
        for item in self.template.config.migrations:
            given = item if isinstance(item, Mapping) else {"command": item}
            legacy = _is_legacy(given)
            if not legacy and "command" not in given:
                raise TemplateError("a migration of the template has no command", cause=repr(item))
            current = str(given["version"]) if "version" in given else None
            if current is None or is_passed(current, self.old_version, self.template.release.version):
                when = None if legacy else given.get("when")
                yield given, current, (legacy or stage == "after") if when is None else when

    def _facts(self, stage: Stage, current: str | None) -> dict[str, str]:
        """The variables that Copier gives a migration, under Copier's names."""
        new = self.template.release
        facts = {
            "stage": stage,
            "version_from": self.old_described,
            "version_to": new.described or new.version,
            "version_pep440_from": self.old_version,
            "version_pep440_to": new.version,
        }
        return facts | ({"version_current": current, "version_pep440_current": _pep440(current)} if current else {})


def _is_legacy(given: Mapping[str, Any]) -> bool:
    return "before" in given or "after" in given


def _commands(given: Mapping[str, Any], stage: Stage) -> list[Any]:
    """The commands of a migration for a stage."""
    return list(given.get(stage, ())) if _is_legacy(given) else [given["command"]]


SCRIPTS = "template"
"""The folder of an update's journal with the template's own files, for migrations that name them."""


def _recorded(service: Service) -> tuple[SettledAnswers, str]:
    """The recorded answers, before the questions of the new release are settled."""
    return SettledAnswers(recorded=service.answers), service.answers_file


def _pep440(version: str) -> str:
    from packaging.version import Version

    return str(Version(version))
