"""What a check finds, and the formats in which machines and reviewers read it.

Every check reports the same `Finding`, whatever it checks, so a format is written once. No format shows an accepted
finding as a pass: it is a suppressed result in SARIF, a skipped test in JUnit, and a line of its own elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib import import_module
from typing import cast


class Outcome(StrEnum):
    """What a check decided about one thing."""

    PASSED = "passed"
    ACCEPTED = "accepted"
    """It would have failed, but an accepted deviation covers it."""
    FAILED = "failed"
    EXPIRED = "expired"
    """A deviation covered it, but its review is overdue."""
    NOT_APPLICABLE = "not applicable"
    ERROR = "error"
    """The check could not decide."""


class Severity(StrEnum):
    """How much a finding that did not pass matters: warnings fail a check only when it is strict."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a check can say."""

    id: str
    meaning: str
    severity: Severity | None = None
    """None when it never fails a check."""
    address: str = ""
    """The page that explains it."""
    explanation: str = ""
    """Why it matters and what to do, in Markdown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviationSummary:
    """A deviation, as far as findings and formats need to know it."""

    slug: str
    path: str
    """Its file, from the service's folder."""
    line: int
    """The line of its reason."""
    reason: str
    owner: str
    review_by: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a check says about one practice or one path of a service."""

    rule: str
    outcome: Outcome
    message: str
    severity: Severity = Severity.ERROR
    practice: str = ""
    path: str = ""
    """From the service's folder; "" if it is not about a file."""
    line: int = 1
    evidence: str = ""
    """What the check saw, such as the output of a command."""
    remedy: str = ""
    """What to do about it; often a command to run."""
    deviation: DeviationSummary | None = None
    """The deviation that it is about; when the outcome is accepted, the one that accepts it."""
    seconds: float = 0.0
    """How long it took to find out; 0 if nobody measured it."""

    @property
    def subject(self) -> str:
        """What it is about: the practice, else the path."""
        return self.practice or self.path

    @property
    def text(self) -> str:
        """The message with its evidence and its remedy, on one line."""
        return ": ".join(part for part in (self.message, self.evidence, self.remedy) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """Everything that one check found in one service."""

    check: str
    """The check's name, `off-road`; the command is `paved` and this name."""
    name: str
    """The service's name."""
    prefix: str
    """Its folder in the repository, "" or ending in "/": annotations name paths of the repository."""
    rules: tuple[Rule, ...]
    findings: tuple[Finding, ...]
    """The most urgent first."""
    strict: bool = False
    notes: tuple[str, ...] = ()
    """What the check could not find out; it decides nothing."""
    summary: str = ""
    """The result in one line; "" if the number of failures says it all."""

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The failures and the warnings."""
        return tuple(one for one in self.findings if one.outcome in (Outcome.FAILED, Outcome.EXPIRED, Outcome.ERROR))

    @property
    def accepted(self) -> tuple[tuple[Finding, DeviationSummary], ...]:
        """What accepted deviations cover, each with its deviation."""
        accepted = (one for one in self.findings if one.outcome is Outcome.ACCEPTED)
        return tuple((one, one.deviation) for one in accepted if one.deviation)

    @property
    def settled(self) -> tuple[Finding, ...]:
        """What passed or does not apply."""
        return tuple(one for one in self.findings if one.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE))

    def level(self, problem: Finding) -> Severity:
        """How severe a problem is here: in a strict check, every problem is an error."""
        return Severity.ERROR if self.strict else problem.severity

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The problems that make the check fail."""
        return tuple(one for one in self.problems if self.level(one) is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The problems that do not."""
        return tuple(one for one in self.problems if self.level(one) is Severity.WARNING)

    @property
    def exit_code(self) -> int:
        """1 when anything fails."""
        return int(bool(self.failures))


class Format(StrEnum):
    """The formats that `render` knows; each is a module of this room."""

    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


def render(result: CheckResult, name: Format) -> str:
    """A check's result in one of the formats."""
    module = import_module(f"paved_road.findings.{name}")
    return cast("Callable[[CheckResult], str]", module.render)(result)
