"""`paved templates`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import options

if TYPE_CHECKING:
    from paved_road.cli import results


def templates(
    road: options.Road = None,
    releases: Annotated[bool, typer.Option("--releases", help="List every release of each template.")] = False,
    json: options.Json = False,
) -> None:
    """List what the road offers.

    \b
    Examples:
      paved templates                            of the road in force
      paved templates --road gh:acme/road        of another one
      paved templates --releases                 every release
    """
    from paved_road import road as roads
    from paved_road.config import load

    config = load({"road": road})
    opened = roads.open_road(config, fetch=config.is_for_readers)
    offered = [(template, *roads.offer(template)) for template in roads.offers(opened)]
    if json:
        found: list[results.Template] = [
            {
                "name": template.name,
                "latest": latest.version,
                "commit": latest.commit,
                "releases": [one.version for one in every],
            }
            for template, latest, every in offered
        ]
        facts: results.Templates = {"road": opened.source, "templates": found}
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
