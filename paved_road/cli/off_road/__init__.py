"""`paved off-road`."""

from __future__ import annotations

import typer

from paved_road.cli import plain
from paved_road.cli.off_road import (
    accept,
    baseline,
    check,
    close,
    listing,
    migrate,
    new,
    rename,
    renew,
    report,
    schema,
    show,
)

app = typer.Typer(
    cls=plain.Group,
    help="""Leave the road on purpose, in writing: the records in docs/off-road/.

    \b
    Examples:
      paved off-road new --from-drift         a record for what drifts, to be argued
      paved off-road accept own-base-image    agree to it, as somebody else than who asked
      paved off-road list                     what is excused, and until when
      paved off-road check                    what CI asks
      paved off-road renew own-base-image     looked at again, and still true
      paved off-road close own-base-image     back on the road
      paved off-road report ~/src             what many teams tell their road
    """,
    rich_markup_mode=None,
    no_args_is_help=True,
)
app.command("new")(new.new)
app.command("list")(listing.listing)
app.command("show")(show.show)
app.command("accept")(accept.accept)
app.command("renew")(renew.renew)
app.command("close")(close.close)
app.command("check")(check.check)
app.command("baseline")(baseline.baseline)
app.command("rename")(rename.rename)
app.command("migrate")(migrate.migrate)
app.command("report")(report.report)
app.command("schema")(schema.schema)
