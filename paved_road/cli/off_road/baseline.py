"""`paved off-road baseline`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paved_road import ui
from paved_road.cli import options, where
from paved_road.cli.off_road import common

_DAYS = "Days until its review, at most 90."


def baseline(
    path: options.Service = Path(),
    by: common.By = None,
    days: Annotated[int | None, common.option("--days", "DAYS", _DAYS, min=1, show_default="30")] = None,
    risk: common.Risk = "low",
    owner: common.Owner = None,
    json: options.Json = False,
) -> None:
    """Accept what drifts on the day a service is adopted. Run it again to take out what is back on the road.

    It never takes in another file: what drifts later needs a deviation of its own.

    Exit code 1: files drift that neither the baseline nor another deviation covers.

    \b
    Examples:
      paved adopt . && paved off-road baseline
      paved off-road baseline                      after bringing files back
    """
    from paved_road.offroad.baseline import update_baseline
    from paved_road.settings.config import load_config

    common.check_words(risk=risk)
    service = where.open_service(path)
    done = update_baseline(
        service, load_config(directory=service.path), today=common.day(), by=by, days=days, risk=risk, owner=owner
    )
    files = {"recorded": done.recorded, "returned": done.returned, "beyond": done.beyond}
    exit_code = int(bool(done.beyond))
    if json:
        record = done.deviation and common.facts(done.deviation)
        ui.envelope("off-road baseline", exit_code, {"service": str(service.path), **files, "record": record})
        raise typer.Exit(exit_code)
    for label, paths in files.items():
        for name in paths:
            ui.data(f"{label:<9} {name}")
    if done.deviation is None:
        ui.good("nothing drifts: no baseline is needed")
    elif done.beyond:
        ui.note(where.elsewhere("what drifts beyond the baseline needs deviations: paved off-road new --from-drift"))
    else:
        fields = done.deviation.fields
        ui.good(f"{done.deviation.path} is {fields.status} until {fields.review_by}")
    raise typer.Exit(exit_code)
