"""A template's migrations (Copier's `_migrations`): commands that bring a service over a release.

Those of the stage `before` belong to the plan: they run in a copy of the committed files, answers among them, and what
they make of it is merged. So a dry run shows what they do, and one that fails has touched nothing. Those of the stage
`after` run in the service itself, when the merged files are in place.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from paved_road import git
from paved_road.errors import TemplateError
from paved_road.render.questions import to_bool
from paved_road.road import is_passed
from paved_road.service import read_record

if TYPE_CHECKING:
    from paved_road.render import Questionnaire
    from paved_road.service import Service

Stage = Literal["before", "after"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """One command, where it runs, and what it is told."""

    command: str | list[str]
    folder: str = "."
    environment: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.command if isinstance(self.command, str) else " ".join(self.command)


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """From which release to which a service goes, as migrations are told."""

    form: Questionnaire
    """Of the new release, which says what to run."""
    old_version: str
    old_described: str
    """Copier's `_commit` of the old release."""

    def migrations(self, stage: Stage, answers: Mapping[str, Any]) -> Iterator[Migration]:
        """The commands of one stage for the versions passed through, in the template's order."""
        for item in self.form.config.settings.get("migrations", ()):
            given = item if isinstance(item, dict) else {"command": item}
            legacy = "before" in given or "after" in given
            commands = list(given.get(stage, ())) if legacy else [given["command"]]
            when, folder = ("true" if legacy else given.get("when")), str(given.get("working_directory", "."))
            current = str(given["version"]) if "version" in given else None
            if current is not None and not is_passed(current, self.old_version, self.form.release.version):
                continue
            facts = self._facts(stage, current)
            wanted = stage == "after" if when is None else to_bool(self._render(when, answers, facts))
            for command in commands if wanted else ():
                yield Migration(
                    command=self._render(command, answers, facts),
                    folder=self._render(folder, answers, facts),
                    environment={key.upper(): value for key, value in facts.items()},
                )

    def _facts(self, stage: Stage, current: str | None) -> dict[str, str]:
        """What Copier tells a migration, under its names."""
        new = self.form.release
        facts = {
            "stage": stage,
            "version_from": self.old_described,
            "version_to": new.described or new.version,
            "version_pep440_from": self.old_version,
            "version_pep440_to": new.version,
        }
        return facts | ({"version_current": current, "version_pep440_current": _pep440(current)} if current else {})

    def _render(self, value: Any, answers: Mapping[str, Any], facts: Mapping[str, str]) -> Any:
        if isinstance(value, list):
            return [self._render(str(item), answers, facts) for item in value]
        if not isinstance(value, str):
            return value
        own = {f"_{key}": fact for key, fact in facts.items()}
        try:
            return self.form.environment.from_string(value).render({**answers, **own, "_copier_operation": "update"})
        except Exception as error:
            raise TemplateError(
                "a migration of the template cannot be evaluated", cause=f"{error}: {value!r}"
            ) from error


def _pep440(version: str) -> str:
    from packaging.version import Version

    return str(Version(version))


def before(service: Service, migrations: Iterable[Migration]) -> tuple[dict[str, git.Leaf], dict[str, Any]]:
    """The service's committed files, and its answers, as these migrations leave them."""
    with tempfile.TemporaryDirectory(prefix="paved-migrate-") as folder:
        copy = Path(folder) / service.path.name
        git.check_out(service.repository, f"{service.repository.head}:{service.prefix.rstrip('/')}", copy)
        for migration in migrations:
            run(migration, copy, hint="mend the template, or the service; nothing of it was changed")
        made = git.tree(copy, git.stage_everything(copy))
        contents = git.read(copy, [entry.blob for entry in made])
        files = {
            entry.path: git.Leaf(mode=entry.mode, blob=entry.blob, data=data)
            for entry, data in zip(made, contents, strict=True)
        }
        return files, read_record(copy / service.answers_file)


def run(migration: Migration, directory: Path, *, hint: str) -> None:
    """Run one command; `TemplateError` when it fails."""
    done = subprocess.run(
        migration.command, shell=isinstance(migration.command, str), cwd=directory / migration.folder,
        env=git.environment() | migration.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise TemplateError(f"the migration failed: {migration}", cause=said[-1], hint=hint)
