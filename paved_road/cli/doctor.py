"""`paved doctor`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import options, where
from paved_road.errors import PavedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paved_road.cli import results
    from paved_road.doctor import Diagnosis
    from paved_road.settings.config import Config


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Fix what paved can fix without asking you.")] = False,
    road: options.Road = None,
    json: options.Json = False,
) -> None:
    """Check that this machine is ready: the programs, folders and settings that paved needs, and the service here.

    If uv or make is missing, that is a warning, because only services of the built-in road need them. Exit code 1:
    something that paved needs is missing or broken.

    \b
    Examples:
      paved doctor
      paved doctor --fix                repair the cache
    """
    from paved_road import doctor as doctors

    config = _config(road)
    done = doctors.fix(config) if fix and not isinstance(config, PavedError) else []
    findings = [replace(one, remedy=where.elsewhere(one.remedy)) for one in doctors.examine(config)]
    exit_code = 0 if all(one.ok or not one.needed for one in findings) else 1
    if json:
        facts: results.DoctorJson = {"findings": findings, "fixed": done}
        ui.envelope("doctor", exit_code, facts)
    else:
        for text in done:
            ui.note(text)
        ui.table(("", "what", "found"), [(_outcome(one), one.name, one.detail) for one in findings])
        _say_remedies([one for one in findings if not one.ok and one.remedy])
    raise typer.Exit(exit_code)


def _config(road: str | None) -> Config | PavedError:
    """The settings, or why they cannot be read: that is a finding among others."""
    from paved_road.settings.config import load_config

    try:
        return load_config({"road": road})
    except PavedError as error:
        return error


def _outcome(one: Diagnosis) -> str:
    return "pass" if one.ok else "fail" if one.needed else "warn"


def _say_remedies(findings: Sequence[Diagnosis]) -> None:
    """What to type, each on a line of its own, which no table breaks."""
    if findings:
        ui.data()
    for one in findings:
        ui.data(f"{one.name}: {one.remedy}")
