"""`paved drift`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import options, where

if TYPE_CHECKING:
    from paved_road.cli import results
    from paved_road.findings import DeviationSummary
    from paved_road.service.drift import Difference
    from paved_road.service.model import Service
    from paved_road.settings.config import Config


def drift(
    path: options.Service = Path(),
    diff: Annotated[bool, typer.Option("--diff", help="Show the differences line by line.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also list shared and service-owned files, which may differ.")
    ] = False,
    answers_file: options.ServiceAnswersFile = None,
    json: options.Json = False,
) -> None:
    """Show where the road's files in a service differ from its release. This needs only the lock.

    Exit code 0: no drift, or accepted deviations in docs/off-road cover it. 1: drift, or an unfinished update. With
    --all, only the road's files count.

    \b
    Examples:
      paved drift
      paved drift orders --diff
      paved drift --all                 everything the team changed
    """
    from paved_road.road.owners import Owner
    from paved_road.service import drift as drifts
    from paved_road.service.model import unfinished_update, unreadable_answers_file
    from paved_road.settings.config import load_config

    service = where.open_service(path, answers_file=answers_file)
    owners = (Owner.ROAD, Owner.SHARED, Owner.SERVICE) if everything else (Owner.ROAD,)
    fault = unreadable_answers_file(service)
    notes = (*service.notes, *([f"{fault.message}: {fault.hint}"] if fault else []))
    found = drifts.find_drift(service, owners=owners)
    config = load_config(directory=service.path)
    cover = _cover(service, found, config) if found else {}
    exit_code = 1 if any(one.owner is Owner.ROAD and one.path not in cover for one in found) else 0
    version = unfinished_update(service)
    if version is not None:
        exit_code = 1
        notes += (f"an update to {version} is in progress: paved update{where.argument()} --continue, or --abort",)
    patch = drifts.patch(service, found, config) if diff and found else ""
    if json:
        facts: results.DriftJson = {
            "service": str(service.path),
            "drift": [options.difference_json(one, cover.get(one.path)) for one in found],
        }
        if diff:
            facts["diff"] = patch
        ui.envelope("drift", exit_code, facts, notes=notes)
    else:
        for text in notes:
            ui.note(text)
        for one in found:
            accepted = f"  {options.accepted(cover[one.path])}" if one.path in cover else ""
            owner = f"  ({one.owner})" if everything else ""
            ui.data(f"{options.kind_in_words(one, service.lock):<8} {one.path}{owner}{accepted}")
        if patch:
            ui.block(f"\n{patch}".rstrip("\n"))
        if not found and version is None:
            ui.good("no drift" if not everything else "as stamped")
        elif exit_code == 0 and not everything:
            ui.good("accepted deviations cover all of it")
    raise typer.Exit(exit_code)


def _cover(service: Service, found: list[Difference], config: Config) -> dict[str, DeviationSummary]:
    """The deviation that covers each path's drift. A service without deviations loads nothing for this."""
    from paved_road import offroad

    if not offroad.has_any(service.path):
        return {}
    from paved_road.offroad.clock import today
    from paved_road.offroad.evaluation import evaluate_drift

    evaluation = evaluate_drift(service, found, config, today=today())
    return {one.path: deviation for one in found if (deviation := evaluation.covering(one.path))}
