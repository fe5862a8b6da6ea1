"""`paved off-road check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import options, where
from paved_road.cli.formats import HELP, CheckFormat, chosen, print_rendered
from paved_road.cli.off_road import common

if TYPE_CHECKING:
    from paved_road.cli.off_road import results
    from paved_road.findings import CheckResult
    from paved_road.service.model import Service


_BASE = "The commit before the change under review, which must not approve itself."
_CONFIRM = "Run the deviations' confirmation commands; one that fails is a failure."


def check(
    path: options.Service = Path(),
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as failures.")] = False,
    form: Annotated[CheckFormat | None, common.option("--format", "FORMAT", HELP, show_default=False)] = None,
    base: Annotated[str | None, common.option("--base", "COMMIT", _BASE)] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help=_CONFIRM)] = False,
    today: common.Today = None,
    json: options.Json = False,
) -> None:
    """Check the deviations against the service. Run this in CI.

    Exit code 1: drift that no deviation covers, a review that is overdue, a difference that is not the approved one, a
    change that approves itself, a practice that does not exist. Warnings: a review that is due soon, a difference that
    is gone, a file that the road moved or no longer has.

    \b
    Examples:
      paved off-road check
      paved off-road check --strict --format sarif > off-road.sarif
      paved off-road check --base origin/main        in a pull request
    """
    from paved_road.offroad.checking import check_off_road
    from paved_road.settings.config import load_config

    service = where.open_service(path)
    result = check_off_road(
        service, load_config(directory=service.path), today=common.day(today), strict=strict, base=base, confirm=confirm
    )
    _print(service, result, chosen(form, json=json))
    raise typer.Exit(result.exit_code)


def _print(service: Service, result: CheckResult, form: CheckFormat) -> None:
    if form is CheckFormat.JSON:
        ui.envelope("off-road check", result.exit_code, _facts(service, result), notes=result.notes)
        return
    for text in result.notes:
        ui.note(text)
    if form is CheckFormat.TEXT:
        _print_text(result)
    else:
        print_rendered(result, form)


def _facts(service: Service, result: CheckResult) -> results.CheckedJson:
    from paved_road.offroad.evaluation import State

    return {
        "service": str(service.path),
        "name": result.name,
        "findings": [
            {
                "state": State(one.rule),
                "level": result.level(one).value,
                "path": one.path,
                "line": one.line,
                "text": one.text,
                "record": one.deviation.slug if one.deviation else None,
            }
            for one in result.problems
        ],
        "excused": [
            {"path": one.path, "record": deviation.slug, "reason": deviation.reason}
            for one, deviation in result.accepted
        ],
    }


def _print_text(result: CheckResult) -> None:
    for one in result.problems:
        ui.data(f"{result.level(one):<8} {one.rule:<16} {one.path}:{one.line}  {where.elsewhere(one.text)}")
    for one, deviation in result.accepted:
        ui.data(f"{'accepted':<8} {deviation.slug:<16} {one.path}  {deviation.reason}")
    if not result.problems:
        ui.good("every difference is accepted" if result.accepted else "on the road: nothing differs")
