"""`paved status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import options, where
from paved_road.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

    from paved_road.cli import results
    from paved_road.findings import DeviationSummary
    from paved_road.status import ServiceStatus


def status(
    path: options.Service = Path(),
    offline: Annotated[bool, typer.Option("--offline", help="Use the latest release that was fetched before.")] = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch the service's road even if this machine has never used it.")
    ] = False,
    road: options.Road = None,
    answers_file: options.ServiceAnswersFile = None,
    json: options.Json = False,
) -> None:
    """Show a service's release and the latest one, its drift, its deviations, an unfinished update, and its last check.

    Exit code 0: nothing to do. 1: a newer release, drift that no deviation covers, a deviation that names
    a practice which does not exist, or an unfinished update.

    paved asks the road for its latest release only if this machine has used the road before. For a service that you
    have only cloned, it makes no connection.

    \b
    Examples:
      paved status
      paved status orders --json
      paved status --offline            for a shell prompt
      paved status --fetch              on a new machine, if you know the road
    """
    from paved_road import status as statuses
    from paved_road.offroad.clock import today
    from paved_road.settings.config import load_config

    if offline and fetch:
        raise UsageError("--offline and --fetch cannot be combined", hint="paved status --help")
    service = where.open_service(path, answers_file=answers_file, road=road)
    config = load_config({"road": road}, directory=service.path)
    day = today()
    found = statuses.find_status(service, config, today=day, offline=offline, fetch=fetch)
    exit_code = 0 if found.is_current else 1
    if json:
        ui.envelope("status", exit_code, _facts(found), notes=found.notes)
    else:
        _print_status(found, day)
    raise typer.Exit(exit_code)


def _facts(found: ServiceStatus) -> results.StatusJson:
    return {
        "service": str(found.service.path),
        "template": found.template,
        "version": found.version,
        "latest": found.latest,
        "newer": list(found.newer),
        "drift": [options.difference_json(one, _cover(found, one.path)) for one in found.drift],
        "deviations": [
            {
                "record": deviation.id,
                "status": deviation.fields.status,
                "review_by": str(deviation.fields.review_by),
                "states": list(found.evaluation.states(deviation)),
            }
            for deviation in found.deviations
        ]
        if found.evaluation
        else [],
        "updating": found.updating,
        "checked": {
            "level": found.checked.level,
            "day": found.checked.day.isoformat(),
            "changed_since": found.changed_since,
        }
        if found.checked
        else None,
    }


def _cover(found: ServiceStatus, path: str) -> DeviationSummary | None:
    return found.evaluation.covering(path) if found.evaluation else None


def _print_status(found: ServiceStatus, today: date) -> None:
    at, release = where.argument(), _release_in_words(found)
    say = ui.good if found.is_current else ui.data
    say(f"{found.service.path.name} is at {found.template} {found.version} ({release})")
    if found.newer[1:]:
        ui.data(f"  releases between: {', '.join(reversed(found.newer[1:]))}")
    if found.uncovered:
        ui.data(f"  drift in {len(found.uncovered)} of the road's files: paved drift{at}")
    for deviation in found.deviations:
        states = ", ".join(found.evaluation.states(deviation)) if found.evaluation else ""
        ui.data(
            f"  off-road: {deviation.id}, {deviation.fields.status} until {deviation.fields.review_by}"
            + (f" ({states}): paved off-road check{at}" if states else "")
        )
    if found.updating:
        ui.data(f"  an update to {found.updating} is in progress: paved update{at} --continue, or --abort")
    if found.checked:
        changed = f"; files have changed since: paved check{at}" if found.changed_since else ""
        ui.data(f"  checked: {found.checked.in_words(today)}{changed}")
    for text in found.notes:
        ui.note(text)


def _release_in_words(found: ServiceStatus) -> str:
    from paved_road.road.versions import is_older

    if found.newer:
        news = "has changed since" if found.latest == found.version else "is the latest"
        return f"{found.latest} {news}: paved update{where.argument()}"
    if is_older(found.latest, found.version):
        return f"the latest is {found.latest}, which comes before it"
    if found.updating:
        return f"an update to {found.updating} is in progress"
    return "the latest"
