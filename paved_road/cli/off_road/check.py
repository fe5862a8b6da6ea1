"""`paved off-road check`."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import options, where
from paved_road.cli.off_road import common

if TYPE_CHECKING:
    from paved_road.cli.off_road import results
    from paved_road.offroad.formats import Checked
    from paved_road.service.model import Service


class Format(StrEnum):
    """How findings are told."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


def check(
    path: options.Service = Path(),
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too.")] = False,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            show_default=False,
            help="text, json, sarif, junit, github or markdown. Default: text; github in GitHub Actions.",
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base", metavar="COMMIT", help="Where the change under review begins: it must not approve itself."
        ),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Run the records' confirmation commands; one that fails is a failure.")
    ] = False,
    today: common.Today = None,
    json: options.Json = False,
) -> None:
    """Hold the records against the service. This is what CI asks.

    Exit code 1: drift without a record, a review that is overdue, a difference that is not the approved one, a
    change that approves itself. Warnings: a review due soon, a record whose reason is gone, a file that the road
    moved or no longer has.

    \b
    Examples:
      paved off-road check
      paved off-road check --strict --format sarif > off-road.sarif
      paved off-road check --base origin/main        in a pull request
    """
    from paved_road.offroad import checking
    from paved_road.settings.config import load_config

    service = where.open_service(path)
    checked = checking.check(
        service, load_config(directory=service.path), today=common.day(today), strict=strict,
        base=base, confirm=confirm,
    )  # fmt: skip
    wanted = Format.JSON if json else form or (Format.GITHUB if os.environ.get("GITHUB_ACTIONS") else Format.TEXT)
    _tell(service, checked, wanted)
    raise typer.Exit(checked.exit_code)


def _tell(service: Service, checked: Checked, form: Format) -> None:
    from paved_road.offroad import formats

    if form is Format.JSON:
        ui.envelope("off-road check", checked.exit_code, _facts(service, checked))
    elif form is Format.TEXT:
        _say(checked)
    elif text := formats.render(checked, formats.Format(form)):
        show = {Format.GITHUB: ui.workflow_commands, Format.SARIF: ui.json_text}.get(form, ui.block)
        show(text)


def _facts(service: Service, checked: Checked) -> results.CheckedJson:
    stands = checked.standing
    return {
        "service": str(service.path),
        "name": checked.name,
        "findings": [
            {
                "state": one.state,
                "level": "error" if checked.fails(one) else "warning",
                "path": one.path,
                "line": one.line,
                "text": one.text,
                "record": one.record.id if one.record else None,
            }
            for one in stands.findings
        ],
        "excused": [
            {"path": one.difference.path, "record": one.record.id, "reason": one.record.deviation.reason}
            for one in stands.excused
        ],
    }


def _say(checked: Checked) -> None:
    stands = checked.standing
    for one in stands.findings:
        level = "error" if checked.fails(one) else "warning"
        ui.data(f"{level:<8} {one.state:<16} {one.path}:{one.line}  {where.elsewhere(one.text)}")
    for each in stands.excused:
        ui.data(f"{'excused':<8} {each.record.id:<16} {each.difference.path}  {each.record.deviation.reason}")
    if not stands.findings:
        ui.good("the records hold" if stands.excused else "on the road: nothing to excuse")
