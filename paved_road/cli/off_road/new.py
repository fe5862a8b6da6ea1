"""`paved off-road new`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from paved_road import ui
from paved_road.cli import completion, options, where
from paved_road.cli.off_road import common
from paved_road.errors import UsageError
from paved_road.text.counts import counted

if TYPE_CHECKING:
    from datetime import date

    from paved_road.offroad.deviations import Record
    from paved_road.service.model import Service


def new(
    slug: Annotated[
        str | None, typer.Argument(metavar="SLUG", help="The record's slug; made of the path when left out.")
    ] = None,
    path: Annotated[
        list[str] | None,
        typer.Option(
            "--path",
            metavar="PATH",
            autocompletion=completion.road_file,
            help="A file that the road owns; may be repeated.",
        ),
    ] = None,
    practice: Annotated[str | None, typer.Option("--practice", metavar="SLUG", help="Not files: a practice.")] = None,
    from_drift: Annotated[
        bool, typer.Option("--from-drift", help="A record for each file that drifts and has none.")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; without it the record waits for one.")
    ] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="KIND",
            autocompletion=completion.kind,
            help="operational-need, accepted-risk, not-applicable, ...",
        ),
    ] = ("operational-need"),
    risk: Annotated[
        str, typer.Option("--risk", metavar="RISK", autocompletion=completion.risk, help="low, medium or high.")
    ] = "medium",
    support: Annotated[
        str,
        typer.Option(
            "--support", metavar="WHO", autocompletion=completion.support, help="Who supports it: team or platform."
        ),
    ] = "team",
    owner: Annotated[
        str | None,
        typer.Option("--owner", metavar="TEAM", help="The team that answers for it. Default: the service's."),
    ] = None,
    requested_by: Annotated[
        str | None, typer.Option("--requested-by", metavar="WHO", help="Who asks. Default: git's user.email.")
    ] = None,
    days: common.Days = None,
    service: common.ServiceOption = Path(),
    json: options.Json = False,
) -> None:
    """Write a proposed record: all but the argument is filled in, and an editor opens on a terminal.

    \b
    Examples:
      paved off-road new --from-drift                          for each file that drifts
      paved off-road new own-base-image --path Dockerfile      for one file, with a name of its own
      paved off-road new no-hpa --practice autoscaling --risk low --kind not-applicable
    """
    from paved_road.offroad import lifecycle
    from paved_road.settings.config import load_config

    if sum(map(bool, (path, practice, from_drift))) != 1:
        raise UsageError("name what is excused", hint="one of --path PATH, --practice SLUG and --from-drift")
    common.check_words(kind=kind, risk=risk, support=support)
    found = where.open_service(service)
    today = common.day()
    things: list[tuple[str, ...]] = [tuple(where.to_service(one, found) for one in path or ())]
    if from_drift:
        things = [(one,) for one in lifecycle.drifted(found, today=today, config=load_config(directory=found.path))]
        if slug and len(things) > 1:
            files = ", ".join(one for thing in things for one in thing)
            raise UsageError(
                "a record excuses one thing",
                cause=f"these drift: {files}",
                hint=f"paved off-road new {slug} --path {things[0][0]}",
            )
    drafts = [
        lifecycle.Draft(
            slug=slug or lifecycle.slug_for(thing[0] if thing else str(practice)), paths=thing, practice=practice,
            kind=kind, risk=risk, support=support, owner=owner, requested_by=requested_by, reason=reason, days=days,
        )
        for thing in things
    ]  # fmt: skip
    made = lifecycle.new(found, drafts, today=today)
    if json:
        facts = [common.facts(record) for record in made]
        ui.envelope("off-road new", 0, {"service": str(found.path), "records": facts})
    else:
        _say(found, made, today)


def _proposed(service: Service, today: date) -> str:
    """How many records excuse nothing yet; "" for none."""
    from paved_road.offroad import deviations

    records = deviations.load(service, today=today).records.values()
    proposed = [record.id for record in records if record.deviation.status == "proposed"]
    are = counted(len(proposed), "record is", "records are")
    return where.elsewhere(f"; {are} only proposed: paved off-road accept {proposed[0]}") if proposed else ""


def _say(service: Service, made: list[Record], today: date) -> None:
    for record in made:
        ui.data(where.from_service(record.path))
    if not made:
        ui.good(f"nothing drifts without a record{_proposed(service, today)}")
        return
    if ui.interactive():
        ui.edit([service.path / record.path for record in made])
    ui.note(where.elsewhere(f"write the reason and the argument, then: paved off-road accept {made[0].id}"))
