"""Runs the checks of a service: what is selected, each with its own outcome, then deviations and the level."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Protocol

from paved_road.check.attested import judge_attested
from paved_road.check.baseline import FilesBefore, compared
from paved_road.check.catalogue import Item, Selection
from paved_road.check.covering import Cover
from paved_road.check.model import Fault, NotApplicable, Subject, Verdict
from paved_road.check.readiness import NO_CONTRACT, PracticeResult, Readiness
from paved_road.check.registry import AttestedCheck, LiveCheck, StaticCheck
from paved_road.check.static.files import ServiceFiles, read_service
from paved_road.check.subject import place_of
from paved_road.check.validators import validated
from paved_road.findings import Outcome
from paved_road.practices.model import REQUIRED_LEVELS

if TYPE_CHECKING:
    from paved_road.check.contract.model import RunContract
    from paved_road.service.model import Service


NO_CHECK = "no check decides this practice"


class Progress(Protocol):
    """Hears what a run does, while it does it."""

    def began(self, slug: str) -> None:
        """A check begins."""

    def ended(self, verdict: Verdict) -> None:
        """A check has decided."""


class Silence:
    """A `Progress` that nobody listens to."""

    def began(self, slug: str) -> None:
        """Ignore it."""

    def ended(self, verdict: Verdict) -> None:
        """Ignore it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRun:
    """What to check, and how."""

    subject: Subject
    service: Service | None
    """The subject as a stamped service; None if it is none."""
    contract: RunContract | None
    items: Sequence[Item]
    selection: Selection
    seed: int
    today: date
    notes: tuple[str, ...] = ()
    """What was found out before, such as why a road's own practices are not among the items."""
    baseline: FilesBefore | None = None
    """What to compare the files with; None to judge them as they are."""


def run_checks(run: CheckRun, progress: Progress | None = None) -> Readiness:
    """Run what is selected. Raises `RecordError` for a deviation that is not valid.

    Whatever goes wrong in a check is that practice's own error, and never a pass.
    """
    began, heard = time.monotonic(), progress or Silence()
    cover = Cover(run.subject, run.service, today=run.today)
    verdicts = _read(run, heard) | _tried(run, heard)
    results = tuple(_compared(run, item, cover.applied(_result(run, item, verdicts))) for item in run.items)
    return Readiness(
        subject=run.subject,
        prefix=place_of(run.subject)[1],
        results=results,
        is_whole=run.selection.is_whole,
        seed=run.seed,
        seconds=time.monotonic() - began,
        baseline=run.baseline.ref if run.baseline else None,
        notes=(*run.notes, *cover.notes(results)),
    )


def judge_all_files(run: CheckRun) -> tuple[PracticeResult, ...]:
    """What the checks that read find, with deviations. Raises `RecordError` for a deviation that is not valid."""
    cover = Cover(run.subject, run.service, today=run.today)
    verdicts = _read(run, Silence())
    return tuple(cover.applied(_result(run, item, verdicts)) for item in run.items if item.practice.slug in verdicts)


def _result(run: CheckRun, item: Item, verdicts: Mapping[str, Verdict]) -> PracticeResult:
    required = item.practice.level.rank <= REQUIRED_LEVELS[run.subject.tier].rank
    return PracticeResult(practice=item.practice, verdict=verdicts[item.practice.slug], required=required)


def _compared(run: CheckRun, item: Item, result: PracticeResult) -> PracticeResult:
    """The result without what the baseline has too."""
    if run.baseline is None or item.is_live or result.holds:
        return result
    return compared(result, judge_files(item, run.baseline.files, today=run.today))


# -- checks that read --------------------------------------------------------------------------------------------------


def _read(run: CheckRun, progress: Progress) -> dict[str, Verdict]:
    items = [item for item in run.items if not item.is_live]
    if not items:
        return {}
    files = read_service(run.subject, run.contract)
    verdicts = {}
    for item in items:
        progress.began(item.practice.slug)
        verdicts[item.practice.slug] = verdict = judge_files(item, files, today=run.today)
        progress.ended(verdict)
    return verdicts


def judge_files(item: Item, files: ServiceFiles, *, today: date) -> Verdict:
    """What a check that reads says about a service's files."""
    began, slug, faults = time.monotonic(), item.practice.slug, list[Fault]()
    try:
        if isinstance(item.check, AttestedCheck):
            verdict = judge_attested(item.check, files, today=today)
        elif isinstance(item.check, StaticCheck):
            faults.extend(item.check.function(files))
            more = validated(slug, files)
            faults.extend(more.faults)
            verdict = _judged(slug, faults, more.notes)
        else:
            verdict = Verdict(practice=slug, outcome=Outcome.ERROR, message=NO_CHECK)
    except NotApplicable as reason:
        verdict = Verdict(practice=slug, outcome=Outcome.NOT_APPLICABLE, message=str(reason))
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a check's own bug must not end the run)
        message = f"the check itself failed: {type(error).__name__}: {error}"
        verdict = Verdict(practice=slug, outcome=Outcome.ERROR, message=message, faults=tuple(faults))
    return replace(verdict, seconds=time.monotonic() - began)


def _judged(slug: str, faults: list[Fault], notes: Sequence[str] = ()) -> Verdict:
    if not faults:
        message = "; ".join(("nothing is wrong", *notes))
        return Verdict(practice=slug, outcome=Outcome.PASSED, message=message)
    more = f", and {len(faults) - 1} more" if faults[1:] else ""
    return Verdict(practice=slug, outcome=Outcome.FAILED, message=faults[0].message + more, faults=tuple(faults))


# -- checks that run the service ---------------------------------------------------------------------------------------


def _tried(run: CheckRun, progress: Progress) -> dict[str, Verdict]:
    items = [item for item in run.items if item.is_live]
    checks = [item.check for item in items if isinstance(item.check, LiveCheck)]
    missing = NO_CONTRACT if run.contract is None else NO_CHECK
    slugs = [item.practice.slug for item in items]
    verdicts = {slug: Verdict(practice=slug, outcome=Outcome.ERROR, message=missing) for slug in slugs}
    if not checks or run.contract is None:
        return verdicts
    from paved_road.check.live.running_checks import run_live

    done = run_live(checks, run.subject.path, run.contract, seed=run.seed, tell=progress.ended, begin=progress.began)
    return verdicts | {verdict.practice: verdict for verdict in done}
