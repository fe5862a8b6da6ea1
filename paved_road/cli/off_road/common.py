"""What the off-road commands share."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paved_road import ui
from paved_road.cli import completion, where
from paved_road.errors import UsageError, nearest
from paved_road.road.version_file import LONGEST_DAYS

if TYPE_CHECKING:
    from paved_road.offroad.deviations import Record
    from paved_road.offroad.evaluation import Standing
    from paved_road.service.model import Service


ServiceOption = Annotated[
    Path,
    typer.Option(
        "--service", metavar="SERVICE", show_default=False, help="The service; the current folder when left out."
    ),
]
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The record's slug.", autocompletion=completion.slug)]
By = Annotated[str | None, typer.Option("--by", metavar="WHO", help="Who approves. Default: git's user.email.")]
Days = Annotated[
    int | None,
    typer.Option(
        "--days",
        metavar="DAYS",
        min=1,
        max=LONGEST_DAYS,
        help=f"Days until it is looked at again, 1 to {LONGEST_DAYS}.",
    ),
]
Today = Annotated[
    str | None, typer.Option("--today", metavar="DATE", help="As if it were that day: what will have expired by then?")
]


def day(text: str | None = None) -> date:
    """The day that counts: today, or the one that was given."""
    from paved_road.offroad import clock

    if text is None:
        return clock.today()
    try:
        found = date.fromisoformat(text)
        found + timedelta(days=LONGEST_DAYS)  # where reviews end has to be a date, too
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--today takes a date, not {text!r}", cause=str(error), hint="--today 2026-11-24") from error
    return found


def check_words(**given: str) -> None:
    """Refuse a kind, a risk or a support that is none, by the option that gave it and before anything is looked at."""
    from paved_road.offroad.deviation import Kind, Risk, Support

    for option, known in (("kind", Kind), ("risk", Risk), ("support", Support)):
        words = [str(one) for one in known]
        if option in given and given[option] not in words:
            raise UsageError(f"--{option} cannot be {given[option]!r}", hint=nearest(given[option], words))


def facts(record: Record, standing: Standing | None = None) -> Any:
    """A record as JSON has it; with a standing, also what the day and the road made of it."""
    found: dict[str, Any] = {"file": record.path, **record.deviation.model_dump(mode="json")}
    if standing is not None:
        found["states"] = [str(state) for state in standing.states(record)]
        found["excuses"] = [one.difference.path for one in standing.excused if one.record is record]
    return found


def tell(command: str, service: Service, record: Record, text: str, *, json: bool) -> None:
    """A record was changed: its file, and what it means now."""
    if json:
        ui.envelope(f"off-road {command}", 0, facts(record) | {"service": str(service.path)})
    else:
        ui.good(text)
        ui.data(f"  {where.from_service(record.path)}")
