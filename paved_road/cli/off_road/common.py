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
    from paved_road.offroad.deviations import Deviation
    from paved_road.offroad.evaluation import Evaluation
    from paved_road.service.model import Service


def option(flag: str, metavar: str, help: str, complete: Any = None, **more: Any) -> Any:  # noqa: A002 - Typer's word
    """A Typer option with a value, which `complete` completes in a shell."""
    return typer.Option(flag, metavar=metavar, help=help, autocompletion=complete, **more)


_SERVICE = "The service. Default: the current folder."
ServiceOption = Annotated[Path, option("--service", "SERVICE", _SERVICE, show_default=False)]
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The deviation's slug.", autocompletion=completion.slug)]
By = Annotated[str | None, option("--by", "WHO", "Who approves. Default: git's user.email.")]
_DAYS = f"Days until its review, 1 to {LONGEST_DAYS}."
Days = Annotated[int | None, option("--days", "DAYS", _DAYS, min=1, max=LONGEST_DAYS)]
Owner = Annotated[str | None, option("--owner", "TEAM", "The team that is responsible. Default: the service's.")]
Risk = Annotated[str, option("--risk", "RISK", "low, medium or high.", completion.risk)]
Today = Annotated[str | None, option("--today", "DATE", "Use this date as today: what will have expired by then?")]


def day(text: str | None = None) -> date:
    """Today, or the date that was given instead. Raises `UsageError` for what is not a date."""
    from paved_road.offroad import clock

    if text is None:
        return clock.today()
    try:
        given = date.fromisoformat(text)
        given + timedelta(days=LONGEST_DAYS)  # the end of the longest deviation must be a date too
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--today takes a date, not {text!r}", cause=str(error), hint="--today 2026-11-24") from error
    return given


def check_words(**given: str) -> None:
    """Check a kind, a risk or a support before anything else. Raises `UsageError` that names the option."""
    from paved_road.offroad.front_matter import Kind, Risk, Support

    for option, known in (("kind", Kind), ("risk", Risk), ("support", Support)):
        words = [str(word) for word in known]
        if option in given and given[option] not in words:
            raise UsageError(f"--{option} cannot be {given[option]!r}", hint=nearest(given[option], words))


def facts(deviation: Deviation, evaluation: Evaluation | None = None) -> Any:
    """A deviation as JSON has it; with an evaluation, also its states and what it covers."""
    known: dict[str, Any] = {"file": deviation.path, **deviation.fields.model_dump(mode="json")}
    if evaluation is not None:
        known["states"] = [str(state) for state in evaluation.states(deviation)]
        known["excuses"] = evaluation.covered_by(deviation)
    return known


def print_changed(command: str, service: Service, deviation: Deviation, text: str, *, json: bool) -> None:
    """Print a deviation that a command has changed: its file, and what it means now."""
    if json:
        ui.envelope(f"off-road {command}", 0, facts(deviation) | {"service": str(service.path)})
    else:
        ui.good(text)
        ui.data(f"  {where.from_service(deviation.path)}")
