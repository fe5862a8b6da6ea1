"""`paved off-road baseline`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paved_road import ui
from paved_road.cli import completion, options, where
from paved_road.cli.off_road import common


def baseline(
    path: options.Service = Path(),
    by: common.By = None,
    days: Annotated[
        int | None,
        typer.Option("--days", metavar="DAYS", min=1, help="Days that it holds, at most 90.", show_default="30"),
    ] = None,
    risk: Annotated[
        str, typer.Option("--risk", metavar="RISK", autocompletion=completion.risk, help="low, medium or high.")
    ] = "low",
    owner: Annotated[
        str | None,
        typer.Option("--owner", metavar="TEAM", help="The team that answers for it. Default: the service's."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Record what drifts on the day a service is adopted. Again: take out what has come back to the road.

    It never takes in a file: what drifts later needs a record of its own.

    Exit code 1: files drift that are neither in it nor excused.

    \b
    Examples:
      paved adopt . && paved off-road baseline
      paved off-road baseline                      after bringing files back
    """
    from paved_road.offroad import baseline as baselines
    from paved_road.settings.config import load_config

    common.check_words(risk=risk)
    service = where.open_service(path)
    done = baselines.record(
        service, load_config(directory=service.path), today=common.day(), by=by, days=days, risk=risk, owner=owner
    )
    exit_code = int(bool(done.beyond))
    if json:
        facts = {"recorded": done.recorded, "returned": done.returned, "beyond": done.beyond}
        record = done.record and common.facts(done.record)
        ui.envelope("off-road baseline", exit_code, {"service": str(service.path), **facts, "record": record})
    else:
        for label, paths in (("recorded", done.recorded), ("returned", done.returned), ("beyond", done.beyond)):
            for one in paths:
                ui.data(f"{label:<9} {one}")
        if done.record is None:
            ui.good("nothing drifts: no baseline is needed")
        elif done.beyond:
            ui.note(where.elsewhere("what drifts beyond the baseline needs records: paved off-road new --from-drift"))
        else:
            ui.good(f"{done.record.path} is {done.record.deviation.status} until {done.record.deviation.review_by}")
    raise typer.Exit(exit_code)
