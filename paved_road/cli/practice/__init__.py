"""`paved practice`."""

from __future__ import annotations

import typer

from paved_road.cli import lazy_groups

app = typer.Typer(
    cls=lazy_groups.lazy_group("paved_road.cli.practice.commands"),
    help="""Write the practices of your own road, and prove them. paved explain shows all practices.

    \b
    Examples:
      paved practice new ticket-queue --from-incident https://wiki.example.com/incidents/12
      paved practice verify --trust
    """,
    rich_markup_mode=None,
)
