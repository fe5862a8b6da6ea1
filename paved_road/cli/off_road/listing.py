"""`paved off-road list`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paved_road import ui
from paved_road.cli import options, where
from paved_road.cli.off_road import common


def listing(
    path: options.Service = Path(),
    everything: Annotated[bool, typer.Option("--all", help="Also list closed deviations.")] = False,
    today: common.Today = None,
    json: options.Json = False,
) -> None:
    """List the deviations of a service: what each names, its owner, its review and its state.

    \b
    Examples:
      paved off-road list
      paved off-road list orders --all
      paved off-road list --today 2027-03-01      what will have expired by then
    """
    from paved_road.offroad.evaluation import evaluate
    from paved_road.settings.config import load_config

    service = where.open_service(path)
    evaluation = evaluate(service, load_config(directory=service.path), today=common.day(today))
    listed = [deviation for deviation in evaluation.deviations if everything or deviation.is_open]
    if json:
        records = [common.facts(deviation, evaluation) for deviation in listed]
        ui.envelope("off-road list", 0, {"service": str(service.path), "records": records}, notes=evaluation.notes)
        return
    for text in evaluation.notes:
        ui.note(text)
    if not listed:
        ui.good("on the road: no deviations")
        return
    rows = []
    for deviation in listed:
        fields = deviation.fields
        status = " ".join(filter(None, (fields.status, ", ".join(evaluation.states(deviation)))))
        names = ", ".join(fields.names)
        rows.append((deviation.id, status, names, fields.risk, fields.owner, str(fields.review_by)))
    ui.table(("deviation", "status", "covers", "risk", "owner", "review by"), rows)
