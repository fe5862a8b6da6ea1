"""A service's readiness as the neutral findings that every format knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paved_road.check.readiness import HOLDS
from paved_road.findings import CheckResult, Finding, Rule, Severity

if TYPE_CHECKING:
    from paved_road.check.readiness import PracticeResult, Readiness


def as_result(found: Readiness) -> CheckResult:
    """The findings of a service's readiness: those that fail it first, then warnings, then the rest."""
    ordered = sorted(found.results, key=lambda one: (not one.fails, one.outcome in HOLDS))
    return CheckResult(
        check="check",
        name=found.subject.name,
        prefix=found.prefix,
        rules=tuple(_rule(one) for one in found.results),
        findings=tuple(finding for one in ordered for finding in _findings(one)),
    )


def _rule(one: PracticeResult) -> Rule:
    return Rule(one.practice.slug, one.practice.title, Severity.ERROR if one.required else Severity.WARNING)


def _findings(one: PracticeResult) -> Iterator[Finding]:
    """A finding for each fault, or one for the practice."""
    for fault in one.faults or (None,):
        yield Finding(
            rule=one.practice.slug,
            outcome=one.outcome,
            severity=Severity.ERROR if one.fails else Severity.WARNING,
            message=fault.message if fault else one.verdict.message,
            practice=one.practice.slug,
            path=fault.path if fault else "",
            line=fault.line if fault else 1,
            remedy=one.remedy(fault),
            deviation=one.deviation,
        )
