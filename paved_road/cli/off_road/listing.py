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
    everything: Annotated[bool, typer.Option("--all", help="Closed records too.")] = False,
    today: common.Today = None,
    json: options.Json = False,
) -> None:
    """The records of a service: what each excuses, for whom, until when, and what became of it.

    \b
    Examples:
      paved off-road list
      paved off-road list orders --all
      paved off-road list --today 2027-03-01      what will have expired by then
    """
    from paved_road.offroad import evaluation
    from paved_road.settings.config import load_config

    service = where.open_service(path)
    stands = evaluation.find(service, load_config(directory=service.path), today=common.day(today))
    records = [record for record in stands.ledger.records.values() if everything or record.is_open]
    if json:
        facts = [common.facts(record, stands) for record in records]
        ui.envelope("off-road list", 0, {"service": str(service.path), "records": facts})
        return
    if not records:
        ui.good("on the road: no records")
        return
    rows = []
    for record in records:
        deviation = record.deviation
        scope = deviation.scope.practice or ", ".join(deviation.scope.paths or [])
        states = ", ".join(map(str, stands.states(record)))
        rows.append(
            (
                record.id,
                f"{deviation.status} {states}".strip(),
                scope,
                deviation.risk,
                deviation.owner,
                f"{deviation.review_by}",
            )
        )
    ui.table(("record", "status", "excuses", "risk", "owner", "review by"), rows)
