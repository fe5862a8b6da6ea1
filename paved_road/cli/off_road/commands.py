"""The commands of `paved off-road`, in the order of `--help`."""

from __future__ import annotations

import typer

from paved_road.cli import commands
from paved_road.cli.off_road import accept, baseline, check, close, listing, moves, new, report, schema, show

app = typer.Typer(rich_markup_mode=None)
commands.add(app, "new", new.new, "Propose a deviation: what differs, and why.")
commands.add(app, "list", listing.listing, "List the deviations of a service.")
commands.add(app, "show", show.show, "Show one deviation and the difference that it covers.")
commands.add(app, "accept", accept.accept, "Accept a deviation.")
commands.add(app, "renew", accept.renew, "Extend an accepted deviation.")
commands.add(app, "close", close.close, "End a deviation.")
commands.add(app, "check", check.check, "Check the deviations against the service, as CI does.")
commands.add(app, "baseline", baseline.baseline, "Accept what drifts on the day a service is adopted.")
commands.add(app, "rename", moves.rename, "Give open deviations the road's new name of a file or practice.")
commands.add(app, "migrate", moves.migrate, "Update the paths in deviations after the road moved files.")
commands.add(app, "report", report.report, "Report where the services below a folder leave the road.")
commands.add(app, "schema", schema.schema, "Print the JSON Schema of a deviation's front matter.")
