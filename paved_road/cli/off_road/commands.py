"""The commands of `paved off-road`, in the order of `--help`."""

from __future__ import annotations

import typer

from paved_road.cli import commands
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

app = typer.Typer(rich_markup_mode=None)
commands.add(app, "new", new.new, "Propose a record of what differs and why.")
commands.add(app, "list", listing.listing, "List the records of a service.")
commands.add(app, "show", show.show, "Show one record and the difference that it excuses.")
commands.add(app, "accept", accept.accept, "Accept a record.")
commands.add(app, "renew", renew.renew, "Let an accepted record hold for longer.")
commands.add(app, "close", close.close, "End a record.")
commands.add(app, "check", check.check, "Check the records against the service, as CI does.")
commands.add(app, "baseline", baseline.baseline, "Record what drifts on the day a service is adopted.")
commands.add(app, "rename", rename.rename, "Give open records the road's new name of a file or practice.")
commands.add(app, "migrate", migrate.migrate, "Let the records follow the files that the road moved.")
commands.add(app, "report", report.report, "Report where the services below a folder leave the road.")
commands.add(app, "schema", schema.schema, "Print the JSON Schema of a record's front matter.")
