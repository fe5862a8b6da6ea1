"""`paved off-road rename`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paved_road import ui
from paved_road.cli import completion, options, where
from paved_road.cli.off_road import common


def rename(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", autocompletion=completion.named, help="The path, or the practice, as the records name it."
        ),
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What the road calls it now.")],
    service: common.ServiceOption = Path(),
    json: options.Json = False,
) -> None:
    """The road renamed a file or a practice: let the open records say its new name. What was approved stays approved.

    \b
    Examples:
      paved off-road rename src/orders/health.py src/orders/paved/health.py
      paved off-road rename graceful-stop graceful-shutdown
    """
    from paved_road.offroad import moves

    found = where.open_service(service)
    done = moves.rename(found, old, new, today=common.day())
    if json:
        facts = [{"record": move.record, "old": move.old, "new": move.new} for move in done]
        ui.envelope("off-road rename", 0, {"service": str(found.path), "moves": facts})
        return
    for move in done:
        ui.data(f"{move.record}: {move.old} -> {move.new}")
