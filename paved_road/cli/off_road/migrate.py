"""`paved off-road migrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from paved_road import ui
from paved_road.cli import options, where
from paved_road.cli.off_road import common


def migrate(
    path: options.Service = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would follow; write nothing.")] = False,
    json: options.Json = False,
) -> None:
    """Let the records follow the files that the road moved, after an update.

    A move is known when the template declares it, or when the file of that content is elsewhere now.

    Exit code 1: a record names a file that the road no longer has, and nothing says where it went.

    \b
    Examples:
      paved off-road migrate
      paved off-road migrate orders --dry-run
    """
    from paved_road.offroad import moves
    from paved_road.settings.config import load_config

    service = where.open_service(path)
    declared = moves.declared(service, load_config(directory=service.path))
    done = moves.migrate(service, declared, today=common.day(), dry_run=dry_run)
    exit_code = int(bool(done.lost))
    if json:
        followed = [{"record": move.record, "old": move.old, "new": move.new} for move in done.moves]
        lost = [{"record": slug, "path": gone} for slug, gone in done.lost]
        moved = {"moves": followed, "lost": lost, "dry_run": dry_run}
        ui.envelope("off-road migrate", exit_code, {"service": str(service.path), **moved})
    else:
        for move in done.moves:
            ui.data(f"{move.record}: {move.old} -> {move.new}")
        for slug, gone in done.lost:
            remedy = where.elsewhere(f"paved off-road rename {gone} NEW, or paved off-road close {slug}")
            ui.data(f"{slug}: {gone} is gone from the road: {remedy}")
        if not done.moves and not done.lost:
            ui.good("every record names what the road has")
    raise typer.Exit(exit_code)
