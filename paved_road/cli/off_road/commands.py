"""The commands of `paved off-road`, in the order of `--help`."""

from __future__ import annotations

import typer

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
