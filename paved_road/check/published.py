"""A service's readiness in words, and as the neutral findings that every format knows."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from paved_road.check.readiness import HOLDS
from paved_road.files import contained
from paved_road.findings import CheckResult, Finding, Outcome, Rule, Severity
from paved_road.practices.model import CheckKind
from paved_road.text.counts import counted

if TYPE_CHECKING:
    from paved_road.check.model import Fault
    from paved_road.check.readiness import PracticeResult, Readiness

_HOMES = ("catalog-info.yaml", "README.md", "Dockerfile", "compose.yaml", "run.yml")
"""Where to show what is about the whole service: code scanning refuses a result without a file."""


def headline(found: Readiness) -> str:
    """The level, and what the service needs."""
    subject, number = found.subject, len(found.failures)
    needs = f"its tier, {subject.tier}, needs {found.required}"
    if found.baseline:
        worse = f"{counted(number, 'practice')} worse" if number else "nothing worse"
        return f"{subject.name}: {worse} than at {found.baseline} ({needs})"
    if found.is_whole:
        return f"{subject.name}: {found.level or 'no level'} ({needs})"
    holds = "what was checked holds" if not number else f"{counted(number, 'practice')} to fix"
    return f"{subject.name}: {holds} ({needs})"


def counts_in_words(found: Readiness) -> str:
    """`12 practices: 10 passed, 1 failed, 1 not applicable`; for a part of the practices, that it is one."""
    counts = [
        counted(number, "error") if outcome is Outcome.ERROR else f"{number} {outcome}"
        for outcome, number in found.counts.items()
        if number
    ]
    text = f"{counted(len(found.results), 'practice')}: {', '.join(counts) or 'none was selected'}"
    return text if found.is_whole else f"{text}; only a check of all practices tells a level"


def as_result(found: Readiness, *, by_fault: bool, for_files: bool = False) -> CheckResult:
    """The findings of a service's readiness: those that fail it first, then warnings, then the rest.

    With `by_fault` a practice has a finding for each fault, else it has one. `for_files` leaves out live checks, which
    say nothing about a file.
    """
    chosen = [
        one for one in found.results if not (one.as_before or (for_files and one.practice.kind is CheckKind.LIVE))
    ]
    ordered = sorted(chosen, key=lambda one: (not one.fails, one.outcome in HOLDS))
    home = next((name for name in _HOMES if contained.is_file(found.subject.path, name)), "") if for_files else ""
    return CheckResult(
        check="check",
        name=found.subject.name,
        prefix="",  # a fault of a file that belongs to the whole repository is outside of the service's folder
        rules=tuple(_rule(one) for one in chosen),
        findings=tuple(
            finding for one in ordered for finding in _findings(one, _Places(found.prefix, home), by_fault=by_fault)
        ),
        summary=f"{headline(found)}. {counts_in_words(found)}",
    )


def _rule(one: PracticeResult) -> Rule:
    practice = one.practice
    return Rule(
        practice.slug,
        practice.title,
        Severity.ERROR if one.required else Severity.WARNING,
        address=practice.source_url,
        explanation=f"{practice.prose.strip()}\n\n{practice.remedy} `paved explain {practice.slug}` says more.",
    )


class _Places(NamedTuple):
    """Paths from the root of the repository."""

    prefix: str
    home: str
    """What to show for a fault without a file; "" if it needs none."""

    def of(self, path: str) -> str:
        path = path or self.home
        return posixpath.normpath(self.prefix + path) if path else ""


def _findings(one: PracticeResult, places: _Places, *, by_fault: bool) -> Iterator[Finding]:
    if by_fault and one.faults:
        for fault in one.faults:
            yield _finding(one, fault, places)
        return
    first, others = (one.faults[0] if one.faults else None), one.faults[1:]
    yield _finding(one, first, places, evidence="; ".join(_said(fault) for fault in others))


def _finding(one: PracticeResult, fault: Fault | None, places: _Places, *, evidence: str = "") -> Finding:
    by = one.deviation
    return Finding(
        rule=one.practice.slug,
        outcome=one.outcome,
        severity=Severity.ERROR if one.fails else Severity.WARNING,
        message=fault.message if fault else one.verdict.message,
        practice=one.practice.slug,
        path=places.of(fault.path if fault else ""),
        line=fault.line if fault else 1,
        evidence=evidence,
        remedy=one.remedy(fault),
        deviation=by and replace(by, path=places.of(by.path)),
        seconds=one.verdict.seconds,
    )


def _said(fault: Fault) -> str:
    return f"{fault.path}:{fault.line}: {fault.message}" if fault.path else fault.message
