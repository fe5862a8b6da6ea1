"""`paved off-road`."""

from __future__ import annotations

import typer

from paved_road.cli import lazy_groups

app = typer.Typer(
    cls=lazy_groups.lazy_group("paved_road.cli.off_road.commands"),
    help="""Leave the road on purpose, in writing: the deviations in docs/off-road/.

    \b
    Examples:
      paved off-road new --from-drift         write a deviation for each file that drifts
      paved off-road accept own-base-image    accept it (someone other than the requester)
      paved off-road list                     what is accepted, and until when
      paved off-road check                    what CI runs
      paved off-road renew own-base-image     extend it, after a review
      paved off-road close own-base-image     end it: the service is back on the road
      paved off-road report ~/src             where many services leave their road
    """,
    rich_markup_mode=None,
)
