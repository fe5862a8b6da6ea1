"""How `paved check` shows what it does and what it found."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from paved_road import ui
from paved_road.cli import formats
from paved_road.findings import Outcome
from paved_road.text.counts import counted
from paved_road.ui import Paint

if TYPE_CHECKING:
    from paved_road.check.engine import Progress
    from paved_road.check.model import Evidence, Fault, Verdict
    from paved_road.check.readiness import PracticeResult, Readiness
    from paved_road.cli import check_results

_WIDEST = 110
"""Columns; longer lines are hard to read."""
_MOST_LINES = 8
"""Lines of an excerpt."""
_LABELS = {Outcome.FAILED: "failed", Outcome.EXPIRED: "expired", Outcome.ERROR: "error"}


# -- progress ----------------------------------------------------------------------------------------------------------


class _Spinner:
    """Shows which checks run."""

    def __init__(self, tell: Callable[[str], None], total: int) -> None:
        self._tell, self._total, self._done = tell, total, 0
        self._running: list[str] = []

    def began(self, slug: str) -> None:
        self._running.append(slug)
        self._show()

    def ended(self, verdict: Verdict) -> None:
        self._done += 1
        with contextlib.suppress(ValueError):
            self._running.remove(verdict.practice)
        self._show()

    def _show(self) -> None:
        self._tell(f"{self._done} of {self._total} practices checked; now: {', '.join(self._running)}")


@contextlib.contextmanager
def progress(total: int) -> Iterator[Progress]:
    """Show, within the block, which check runs now, if a person is at the terminal."""
    with ui.telling(f"checking {counted(total, 'practice')}") as tell:
        yield _Spinner(tell, total)


# -- the result --------------------------------------------------------------------------------------------------------


def print_readiness(found: Readiness, form: formats.CheckFormat) -> None:
    """Print what was found."""
    if form is formats.CheckFormat.JSON:
        ui.envelope("check", found.exit_code, readiness_json(found), notes=found.notes)
    elif form is formats.CheckFormat.TEXT:
        _print_text(found)
    else:
        from paved_road.check.published import as_result

        formats.print_rendered(as_result(found), form)


def _print_text(found: Readiness) -> None:
    (ui.good if not found.exit_code else ui.bad)(headline(found))
    ui.data(f"  {counts_in_words(found)}")
    for one in (*found.failures, *found.warnings):
        ui.data()
        _print_result(one)
    accepted = [one for one in found.results if one.outcome is Outcome.ACCEPTED]
    if accepted:
        ui.data()
    for one in accepted:
        if one.deviation:
            why = f"{one.practice.slug}, until {one.deviation.review_by}: {one.deviation.reason}"
            _print_wrapped("accepted", why, Paint.CYAN)
    ui.data()
    ui.data(f"took {found.seconds:.1f} s; seed {found.seed}")
    for text in found.notes:
        ui.note(text)


def headline(found: Readiness) -> str:
    """The level, and what the service needs."""
    subject = found.subject
    needs = f"its tier, {subject.tier}, needs {found.required}"
    if found.is_whole:
        return f"{subject.name}: {found.level or 'no level'} ({needs})"
    if found.failures:
        return f"{subject.name}: {counted(len(found.failures), 'practice')} below what {needs}"
    return f"{subject.name}: what was checked holds ({needs}; only a whole check tells the level)"


def counts_in_words(found: Readiness) -> str:
    """`12 practices: 10 passed, 1 failed, 1 not applicable`."""
    counts = [f"{number} {outcome}" for outcome, number in found.counts.items() if number]
    return f"{counted(len(found.results), 'practice')}: {', '.join(counts)}"


def _print_result(one: PracticeResult) -> None:
    label = _LABELS[one.outcome] if one.required else "warning"
    paint = Paint.ERROR if one.required else Paint.YELLOW
    practice = one.practice
    ui.spans((f"{label:<9}", paint), (practice.slug, Paint.BOLD), (f"  {practice.kind}, {practice.level}", Paint.DIM))
    if one.faults:
        for fault in one.faults:
            _print_fault(fault)
    elif broken := [each for each in one.verdict.evidence if not each.held]:
        for evidence in broken:
            _print_evidence(evidence)
    else:
        _print_wrapped("", one.verdict.message)
    _print_wrapped("fix", one.remedy(), Paint.GREEN)
    _print_wrapped("more", f"paved explain {practice.slug}", Paint.DIM)


def _print_fault(fault: Fault) -> None:
    place = f"{fault.path}:{fault.line}: " if fault.path else ""
    _print_wrapped("", place + fault.message)
    if fault.remedy:
        _print_wrapped("fix", fault.remedy, Paint.GREEN)


def _print_evidence(evidence: Evidence) -> None:
    _print_wrapped("did", evidence.did)
    _print_wrapped("observed", evidence.observed)
    _print_wrapped("expected", evidence.expected)
    lines = evidence.excerpt.strip().splitlines()
    for line in lines[-_MOST_LINES:]:
        ui.spans((f"{'':<11}", Paint.NONE), (line[: _width() - 11], Paint.DIM))


def _print_wrapped(label: str, text: str, paint: Paint = Paint.NONE) -> None:
    """Print `  label   text`, the text wrapped in a column of its own."""
    lines: Sequence[str] = [text]
    if ui.width():
        lines = textwrap.wrap(text, _width() - 11, break_long_words=False, break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        ui.spans((f"  {'' if number else label:<9}", paint), (line, Paint.NONE))


def _width() -> int:
    width = ui.width()
    return min(width, _WIDEST) if width else 10_000


def readiness_json(found: Readiness) -> check_results.ReadinessJson:
    """The result for `--json`."""
    return {
        "service": str(found.subject.path),
        "name": found.subject.name,
        "tier": found.subject.tier,
        "required": found.required,
        "level": found.level,
        "whole": found.is_whole,
        "counts": {str(outcome): number for outcome, number in found.counts.items()},
        "seed": found.seed,
        "seconds": round(found.seconds, 3),
        "practices": [_practice_json(one) for one in found.results],
    }


def _practice_json(one: PracticeResult) -> check_results.PracticeResultJson:
    practice, by = one.practice, one.deviation
    return {
        "practice": practice.slug,
        "title": practice.title,
        "level": practice.level,
        "check": practice.kind,
        "required": one.required,
        "outcome": one.outcome,
        "message": one.verdict.message,
        "remedy": practice.remedy,
        "seconds": round(one.verdict.seconds, 3),
        "faults": [
            {"message": fault.message, "path": fault.path, "line": fault.line, "remedy": one.remedy(fault)}
            for fault in one.faults
        ],
        "evidence": [
            {
                "did": each.did, "observed": each.observed, "expected": each.expected, "excerpt": each.excerpt,
                "held": each.held,
            }
            for each in one.verdict.evidence
        ],
        "deviation": {"record": by.slug, "reason": by.reason, "review_by": str(by.review_by)} if by else None,
    }  # fmt: skip
