"""`paved off-road`."""

from __future__ import annotations

import typer

from paved_road.cli import lazy_groups

app = typer.Typer(
    cls=lazy_groups.lazy_group("paved_road.cli.off_road.commands"),
    help="""Leave the road on purpose, in writing: the records in docs/off-road/.

    \b
    Examples:
      paved off-road new --from-drift         write a record for what drifts
      paved off-road accept own-base-image    accept it (somebody other than the author)
      paved off-road list                     what is excused, and until when
      paved off-road check                    what CI asks
      paved off-road renew own-base-image     looked at again, and still true
      paved off-road close own-base-image     back on the road
      paved off-road report ~/src             what many teams tell their road
    """,
    rich_markup_mode=None,
)
