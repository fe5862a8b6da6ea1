"""How `paved check` shows what it does and what it found."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from paved_road import debug, ui
from paved_road.check.published import as_result, counts_in_words, headline
from paved_road.cli import formats, where
from paved_road.findings import Outcome
from paved_road.text.counts import counted
from paved_road.ui import Paint

if TYPE_CHECKING:
    from paved_road.check.engine import Progress
    from paved_road.check.fixing import AppliedFix
    from paved_road.check.model import Evidence, Fault, Verdict
    from paved_road.check.readiness import PracticeResult, Readiness
    from paved_road.cli import check_results

_WIDEST = 110
"""Columns; longer lines are hard to read."""
_MOST_LINES = 5
"""Lines of an excerpt."""
_MOST_EVIDENCE = 3
"""Broken promises of one practice."""
_HELD = {Outcome.ACCEPTED: Paint.CYAN, Outcome.PASSED: Paint.GREEN, Outcome.NOT_APPLICABLE: Paint.DIM}
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
        now = f"; now: {', '.join(self._running)}" if self._running else ""
        self._tell(f"{self._done} of {counted(self._total, 'practice')} checked{now}")


@contextlib.contextmanager
def progress(total: int) -> Iterator[Progress]:
    """Show, within the block, which check runs now, if a person is at the terminal."""
    with ui.telling(f"checking {counted(total, 'practice')}") as tell:
        yield _Spinner(tell, total)


# -- the result --------------------------------------------------------------------------------------------------------


def print_readiness(found: Readiness, form: formats.CheckFormat, fixed: Sequence[AppliedFix] = ()) -> None:
    """Print what was corrected, and what was found."""
    if form is formats.CheckFormat.JSON:
        ui.envelope("check", found.exit_code, readiness_json(found, fixed), notes=found.notes)
        return
    say = ui.data if form is formats.CheckFormat.TEXT else ui.note
    for one in fixed:
        say(f"corrected {one.path}: {one.says} ({one.practice})")
    if form is formats.CheckFormat.TEXT:
        _print_text(found)
    else:
        by_fault = form in (formats.CheckFormat.SARIF, formats.CheckFormat.GITHUB)
        for_files = form is formats.CheckFormat.SARIF
        formats.print_rendered(as_result(found, by_fault=by_fault, for_files=for_files), form)
    for text in found.notes:
        ui.note(where.elsewhere(text))


def _print_text(found: Readiness) -> None:
    (ui.good if not found.exit_code else ui.bad)(headline(found))
    for line in _wrapped(counts_in_words(found), indent=2):
        ui.data(f"  {line}")
    for alike in _grouped([*found.failures, *found.warnings]):
        ui.data()
        _print_result(alike)
    _print_held(found)
    if before := [one.practice.slug for one in found.results if one.as_before]:
        ui.data()
        _print_wrapped("before", ", ".join(before), Paint.YELLOW)
    ui.data()
    ui.data(f"took {found.seconds:.1f} s; seed {found.seed}")


def _grouped(problems: Iterable[PracticeResult]) -> list[list[PracticeResult]]:
    """The problems one by one, but those that could not be decided for the same reason together."""
    groups: dict[tuple[bool, str], list[PracticeResult]] = {}
    for one in problems:
        reason = one.verdict.message if one.outcome is Outcome.ERROR else one.practice.slug
        groups.setdefault((one.required, reason), []).append(one)
    return sorted(groups.values(), key=lambda alike: (not alike[0].required, alike[0].outcome is Outcome.ERROR))


def _print_held(found: Readiness) -> None:
    """What deviations accept; with --verbose also what passed and what does not apply."""
    outcomes = [Outcome.ACCEPTED, *([Outcome.PASSED, Outcome.NOT_APPLICABLE] if debug.is_shown() else [])]
    for outcome in outcomes:
        held = [one for one in found.results if one.outcome is outcome]
        if held:
            ui.data()
        for one in held:
            text, by = one.verdict.message, one.deviation
            why = f"until {by.review_by}, {by.path}: {by.reason}" if by else text
            label = "n/a" if outcome is Outcome.NOT_APPLICABLE else str(outcome)
            took = f"  {one.verdict.seconds:.1f} s" if debug.is_shown() else ""
            ui.spans((f"{label:<10} ", _HELD[outcome]), (one.practice.slug, Paint.BOLD), (took, Paint.DIM))
            _print_wrapped("", why)


def _print_result(alike: Sequence[PracticeResult]) -> None:
    one = alike[0]
    label = _LABELS[one.outcome] if one.required else "warning"
    paint = Paint.ERROR if one.required else Paint.YELLOW
    if alike[1:]:
        ui.spans((f"{label:<10} ", paint), (counted(len(alike), "practice"), Paint.BOLD))
        _print_wrapped("", ", ".join(each.practice.slug for each in alike))
    else:
        kind = f"  {one.practice.kind}, {one.practice.level}"
        ui.spans((f"{label:<10} ", paint), (one.practice.slug, Paint.BOLD), (kind, Paint.DIM))
    broken = [each for each in one.verdict.evidence if not each.held]
    for fault in one.faults:
        _print_fault(fault)
    for evidence in broken[:_MOST_EVIDENCE]:
        _print_evidence(evidence)
    if broken[_MOST_EVIDENCE:]:
        _print_wrapped("", f"and {len(broken) - _MOST_EVIDENCE} more, which paved check --json shows")
    if not one.faults and not broken:
        _print_wrapped("", one.verdict.message)
    if not all(fault.remedy for fault in one.faults) or not one.faults:
        _print_wrapped("fix", one.remedy(), Paint.GREEN)
    if not alike[1:]:
        _print_wrapped("more", f"paved explain {one.practice.slug}")


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
        ui.spans((f"{'':<11}", Paint.NONE), (f"| {line}"[: _width() - 11].rstrip(), Paint.DIM))


def _print_wrapped(label: str, text: str, paint: Paint = Paint.NONE) -> None:
    """Print `  label   text`, the text wrapped in a column of its own; nothing if there is no text."""
    for number, line in enumerate(_wrapped(text, indent=11)):
        ui.spans(
            ("  ", Paint.NONE), (f"{'' if number else label:<9}", Paint.NONE if number else paint), (line, Paint.NONE)
        )


def _wrapped(text: str, *, indent: int) -> list[str]:
    """The lines of a text beside an indent, as wide as the terminal; one line if there is no terminal."""
    if not ui.width():
        return [text] if text else []
    return textwrap.wrap(text, _width() - indent, break_long_words=False, break_on_hyphens=False)


def _width() -> int:
    width = ui.width()
    return min(width, _WIDEST) if width else 10_000


def readiness_json(found: Readiness, fixed: Sequence[AppliedFix] = ()) -> check_results.ReadinessJson:
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
        "baseline": found.baseline,
        "fixed": [{"practice": one.practice, "path": one.path, "line": one.line, "says": one.says} for one in fixed],
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
        "as_before": one.as_before,
        "message": one.verdict.message,
        "remedy": one.remedy(),
        "seconds": round(one.verdict.seconds, 3),
        "faults": [
            {"message": fault.message, "path": fault.path, "line": fault.line, "remedy": one.remedy(fault)}
            for fault in one.faults
        ],
        "evidence": [
            {
                "did": each.did, "observed": each.observed, "expected": each.expected, "excerpt": each.excerpt,
                "held": each.held, "seconds": round(each.seconds, 3),
            }
            for each in one.verdict.evidence
        ],
        "deviation": {"record": by.slug, "reason": by.reason, "review_by": str(by.review_by)} if by else None,
    }  # fmt: skip
