"""`paved off-road rename` and `paved off-road migrate`: deviations follow what the road renamed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import completion, options, where
from paved_road.cli.off_road import common

if TYPE_CHECKING:
    from paved_road.offroad.moves import Migration


_OLD = "The path, or the practice, as the deviations name it."


def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", autocompletion=completion.named, help=_OLD)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What the road calls it now.")],
    service: common.ServiceOption = Path(),
    json: options.Json = False,
) -> None:
    """Rename a file or a practice in the open deviations, as the road did. What was approved stays approved.

    \b
    Examples:
      paved off-road rename src/orders/health.py src/orders/paved/health.py
      paved off-road rename graceful-stop graceful-shutdown
    """
    from paved_road.offroad import moves
    from paved_road.settings.config import load_config

    opened = where.open_service(service)
    done = moves.rename(opened, old, new, load_config(directory=opened.path), today=common.day())
    if json:
        ui.envelope("off-road rename", 0, {"service": str(opened.path), "moves": _moves(done)})
    else:
        _print_text(done)


def migrate(
    path: options.Service = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")] = False,
    json: options.Json = False,
) -> None:
    """Let the open deviations follow the files that the road moved, after an update.

    A move is known if the template declares it, or if a file with the same content is somewhere else now.

    Exit code 1: a deviation names a file that the road no longer has, and nothing says where it went.

    \b
    Examples:
      paved off-road migrate
      paved off-road migrate orders --dry-run
    """
    from paved_road.offroad import moves
    from paved_road.settings.config import load_config

    service = where.open_service(path)
    declared = moves.declared_moves(service, load_config(directory=service.path))
    done = moves.migrate(service, declared, today=common.day(), dry_run=dry_run)
    exit_code = int(bool(done.lost))
    if json:
        lost = [{"record": slug, "path": gone} for slug, gone in done.lost]
        facts = {"service": str(service.path), "moves": _moves(done), "lost": lost, "dry_run": dry_run}
        ui.envelope("off-road migrate", exit_code, facts)
    else:
        _print_text(done)
    raise typer.Exit(exit_code)


def _moves(done: Migration) -> list[dict[str, str]]:
    return [{"record": move.record, "old": move.old, "new": move.new} for move in done.moves]


def _print_text(done: Migration) -> None:
    for move in done.moves:
        ui.data(f"{move.record}: {move.old} -> {move.new}")
    for slug, gone in done.lost:
        remedy = where.elsewhere(f"paved off-road rename {gone} NEW, or paved off-road close {slug}")
        ui.data(f"{slug}: the road no longer has {gone}: {remedy}")
    if not done.moves and not done.lost:
        ui.good("every deviation names what the road has")
