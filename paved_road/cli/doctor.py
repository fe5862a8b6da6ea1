"""`paved doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import options

if TYPE_CHECKING:
    from paved_road.cli import results


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Fix what can be fixed without asking.")] = False,
    road: options.Road = None,
    json: options.Json = False,
) -> None:
    """Check that this machine is ready: git, Python, uv, the road, the cache, write access.

    \b
    Examples:
      paved doctor
      paved doctor --fix
    """
    from paved_road import doctor as doctors
    from paved_road.config import load

    config = load({"road": road})
    done = doctors.fix(config) if fix else []
    findings = doctors.examine(config)
    exit_code = 0 if all(finding.ok for finding in findings) else 1
    if json:
        facts: results.Doctor = {"findings": findings, "fixed": done}
        ui.envelope("doctor", exit_code, facts)
    else:
        for text in done:
            ui.note(text)
        rows = [
            ("pass" if one.ok else "fail", one.name, one.detail if one.ok else f"{one.detail}; {one.remedy}")
            for one in findings
        ]
        ui.table(("", "what", "found"), rows)
    raise typer.Exit(exit_code)
