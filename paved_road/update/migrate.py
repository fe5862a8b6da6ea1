"""A template's migrations (Copier's `_migrations`): commands that bring a service over a release."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paved_road.errors import TemplateError
from paved_road.render.questions import to_bool

if TYPE_CHECKING:
    from paved_road.update.plan import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """One command, where it runs, and what it is told."""

    command: str | list[str]
    folder: str = "."
    environment: dict[str, str] = field(default_factory=dict)


def after(plan: Plan) -> Iterator[Migration]:
    """The commands to run when the merged files are in place, in the template's order."""
    return _stage(plan, "after")


def _stage(plan: Plan, stage: str) -> Iterator[Migration]:
    for item in plan.form.config.settings.get("migrations", ()):
        given = item if isinstance(item, dict) else {"command": item}
        legacy = "before" in given or "after" in given
        commands = list(given.get(stage, ())) if legacy else [given["command"]]
        when, folder = ("true" if legacy else given.get("when")), str(given.get("working_directory", "."))
        current = str(given["version"]) if "version" in given else None
        if current is not None and not _crossed(plan, current):
            continue
        facts = _facts(plan, stage, current)
        wanted = stage == "after" if when is None else to_bool(_render(plan, when, facts))
        for command in commands if wanted else ():
            environment = {key.upper(): value for key, value in facts.items()}
            yield Migration(
                command=_render(plan, command, facts), folder=_render(plan, folder, facts), environment=environment
            )


def _crossed(plan: Plan, current: str) -> bool:
    """Whether the update passes that version."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(plan.old_version) < Version(current) <= Version(plan.release.version)
    except InvalidVersion:
        return False


def _facts(plan: Plan, stage: str, current: str | None) -> dict[str, str]:
    """What Copier tells a migration, under its names."""
    facts = {
        "stage": stage, "version_from": plan.old_version, "version_to": plan.release.version,
        "version_pep440_from": plan.old_version, "version_pep440_to": plan.release.version,
    }  # fmt: skip
    return facts | ({"version_current": current, "version_pep440_current": current} if current else {})


def _render(plan: Plan, value: Any, facts: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_render(plan, str(item), facts) for item in value]
    if not isinstance(value, str):
        return value
    variables = {
        **plan.service.answers,
        **{f"_{key}": fact for key, fact in facts.items()},
        "_copier_operation": "update",
    }
    try:
        return plan.form.environment.from_string(value).render(variables)
    except Exception as error:
        raise TemplateError("a migration of the template cannot be evaluated", cause=f"{error}: {value!r}") from error


def run(migration: Migration, directory: Path) -> None:
    """Run one command; a failure stops the update where `--continue` and `--abort` can take it up."""
    done = subprocess.run(
        migration.command, shell=isinstance(migration.command, str), cwd=directory / migration.folder,
        env=os.environ | migration.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
        raise TemplateError(
            f"the migration failed: {migration.command}", cause=said[-1],
            hint="mend it and paved update --continue, or paved update --abort",
        )  # fmt: skip
