"""`paved off-road report`."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import options
from paved_road.cli.off_road import common

if TYPE_CHECKING:
    from paved_road.offroad.report import Report


class ReportFormat(StrEnum):
    """How the report is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of repositories.")],
    form: Annotated[
        ReportFormat, typer.Option("--format", metavar="FORMAT", help="text, json, markdown or html.")
    ] = ReportFormat.TEXT,
    today: common.Today = None,
    json: options.Json = False,
) -> None:
    """Report where the services below a folder leave their road, why, who is responsible, and for how long.

    Places that more than one service leaves come first: these desire paths show what the road should offer next.

    Exit code 2: a service could not be read. The report names it and covers the others.

    \b
    Examples:
      paved off-road report ~/src
      paved off-road report ~/src --format html > off-road.html
    """
    from paved_road.offroad import report as reports
    from paved_road.offroad.report import html, markdown
    from paved_road.settings.config import load_config

    collected = reports.collect(folder, load_config(), today=common.day(today))
    exit_code = 2 if collected.unread else 0
    if json or form is ReportFormat.JSON:
        facts = asdict(collected) | {"desire_paths": [place.name for place in collected.desire_paths]}
        ui.envelope("off-road report", exit_code, facts)
    elif form is ReportFormat.TEXT:
        _print_text(collected)
    else:
        ui.block(html.render(collected) if form is ReportFormat.HTML else markdown.render(collected))
    raise typer.Exit(exit_code)


def _print_text(report: Report) -> None:
    ui.data(report.summary)
    for place in report.places:
        ui.data()
        ui.data(f"{place.name}: {place.services} of {report.read}" + ("  (desire path)" if place.services > 1 else ""))
        for one in place.exits:
            age = f"{one.age_days} days, until {one.review_by}" if one.record else "no deviation"
            states = f" {', '.join(one.states)}" if one.states else ""
            ui.data(f"  {one.service}  {one.status}{states}  {one.owner}  {age}  {one.reason}".rstrip())
    if report.teams:
        ui.data()
        rows = [(team.name, str(team.records), str(team.expired), f"{team.oldest_days} days") for team in report.teams]
        ui.table(("team", "deviations", "expired", "oldest"), rows)
    for name, why in report.unread:
        ui.note(f"{name} was not read: {why}")
