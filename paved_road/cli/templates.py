"""`paved templates`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from paved_road import ui
from paved_road.cli import options

if TYPE_CHECKING:
    from paved_road.cli import results
    from paved_road.road.model import Road


def templates(
    road: options.Road = None,
    releases: Annotated[bool, typer.Option("--releases", help="List every release of each template.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Check the templates: find what is misspelt or matches nothing.")
    ] = False,
    json: options.Json = False,
) -> None:
    """List the templates of a road. With --check, show its author what is wrong with them.

    A local road is checked as it is on disk, any other road in its latest release. Exit code 1: there is a finding.

    \b
    Examples:
      paved templates                            of the configured road
      paved templates --road gh:acme/road        of another road
      paved templates --releases                 every release
      paved templates --check --road .           before you commit a change to your road
    """
    from paved_road.road.opening import open_road
    from paved_road.road.releases import offer
    from paved_road.road.templates import offers
    from paved_road.settings.config import load_config

    config = load_config({"road": road})
    opened = open_road(config, fetch=config.is_for_readers)
    if check:
        _check(opened, json=json)
    offered = [(template, *offer(template)) for template in offers(opened)]
    if json:
        found: list[results.TemplateJson] = [
            {
                "name": template.name,
                "latest": latest.version,
                "commit": latest.commit,
                "releases": [one.version for one in every],
            }
            for template, latest, every in offered
        ]
        facts: results.TemplatesJson = {"road": opened.source, "templates": found}
        ui.envelope("templates", 0, facts, notes=opened.notes)
        return
    for text in opened.notes:
        ui.note(text)
    rows = [
        (template.name, one.version, (one.commit or "")[:10])
        for template, latest, every in offered
        for one in ((every or [latest]) if releases else [latest])
    ]
    ui.table(("template", "release" if releases else "latest", "commit"), rows)


def _check(road: Road, *, json: bool) -> NoReturn:
    """Tell what is wrong with each template of a road."""
    from paved_road import lint
    from paved_road.road.templates import offers

    offered = offers(road)
    findings = [one for template in offered for one in lint.check(template)]
    names = [template.name for template in offered]
    exit_code = 1 if findings else 0
    if json:
        facts: results.TemplatesCheckedJson = {"road": road.source, "checked": names, "findings": findings}
        ui.envelope("templates", exit_code, facts, notes=road.notes)
    else:
        for text in road.notes:
            ui.note(text)
        for one in findings:
            ui.data(str(one))
        if not findings:
            ui.good(f"no problem found in {', '.join(names)}")
    raise typer.Exit(exit_code)
