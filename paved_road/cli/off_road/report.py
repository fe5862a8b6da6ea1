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


class Format(StrEnum):
    """How the report is told."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of repositories.")],
    form: Annotated[
        Format, typer.Option("--format", metavar="FORMAT", help="text, json, markdown or html.")
    ] = Format.TEXT,
    today: common.Today = None,
    json: options.Json = False,
) -> None:
    """What teams tell their road: where the services below a folder leave it, why, for whom, and for how long.

    Places that more than one service leaves come first: they are the desire paths, what to build next.

    Exit code 2: a service could not be read; the report tells which, and is about the others.

    \b
    Examples:
      paved off-road report ~/src
      paved off-road report ~/src --format html > off-road.html
    """
    from paved_road.offroad import report as reports
    from paved_road.offroad.report import html, markdown
    from paved_road.settings.config import load_config

    found = reports.collect(folder, load_config(), today=common.day(today))
    exit_code = 2 if found.unread else 0
    if json or form is Format.JSON:
        facts = asdict(found) | {"desire_paths": [place.name for place in found.desire_paths]}
        ui.envelope("off-road report", exit_code, facts)
    elif form is Format.TEXT:
        _say(found)
    else:
        ui.block(html.render(found) if form is Format.HTML else markdown.render(found))
    raise typer.Exit(exit_code)


def _say(found: Report) -> None:
    ui.data(found.summary)
    for place in found.places:
        ui.data()
        ui.data(f"{place.name}: {place.services} of {found.read}" + ("  (desire path)" if place.services > 1 else ""))
        for one in place.exits:
            age = f"{one.age_days} days, until {one.review_by}" if one.record else "no record"
            states = f" {', '.join(one.states)}" if one.states else ""
            ui.data(f"  {one.service}  {one.status}{states}  {one.owner}  {age}  {one.reason}".rstrip())
    if found.teams:
        ui.data()
        rows = [(one.name, str(one.records), str(one.expired), f"{one.oldest_days} days") for one in found.teams]
        ui.table(("team", "records", "expired", "oldest"), rows)
    for name, why in found.unread:
        ui.note(f"{name} was not read: {why}")
