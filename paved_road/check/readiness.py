"""What `paved check` found about one service: an outcome for each practice, and the level that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paved_road.check.model import Subject, Verdict
from paved_road.findings import DeviationSummary, Outcome
from paved_road.practices.model import REQUIRED_LEVELS, Level, Practice

if TYPE_CHECKING:
    from paved_road.check.model import Fault

HOLDS = frozenset({Outcome.PASSED, Outcome.ACCEPTED, Outcome.NOT_APPLICABLE})
"""The outcomes that do not stand in the way of a level."""
NO_CONTRACT = "not tried: the service has no run contract, which says how to start it"
_WRITE_CONTRACT = "write a run.yml in the service; its keys: paved schema run.yml"


@dataclass(frozen=True, kw_only=True, slots=True)
class PracticeResult:
    """What was found about one practice."""

    practice: Practice
    verdict: Verdict
    required: bool
    """Whether the service's tier needs it."""
    deviation: DeviationSummary | None = None
    """The deviation that accepts the failure, or that did until its review was overdue."""
    as_before: bool = False
    """Whether the baseline has the same faults, so that the change under review is not to blame."""

    @property
    def outcome(self) -> Outcome:
        """What was decided."""
        return self.verdict.outcome

    @property
    def holds(self) -> bool:
        """Whether it does not stand in the way of a level."""
        return self.outcome in HOLDS

    @property
    def fails(self) -> bool:
        """Whether the run fails because of it."""
        return self.required and not self.holds and not self.as_before

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong, as far as a check that reads files can say."""
        return self.verdict.faults

    def remedy(self, fault: Fault | None = None) -> str:
        """What to do about it, in one line; "" if the practice's remedy is none because its check did not decide."""
        if self.outcome is Outcome.ERROR:
            return _WRITE_CONTRACT if self.verdict.message == NO_CONTRACT else ""
        return (fault.remedy if fault else "") or self.practice.remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """What was found about one service."""

    subject: Subject
    prefix: str
    """Its folder in the repository, "" or ending in "/"."""
    results: tuple[PracticeResult, ...]
    """One for each practice that was selected, in the order of the catalogue."""
    is_whole: bool
    """Whether all practices were selected; a part of them tells no level."""
    seed: int
    """What the random choices of live checks came from."""
    seconds: float
    """How long the run took."""
    baseline: str | None = None
    """The commit that the files were compared with."""
    notes: tuple[str, ...] = ()

    @property
    def required(self) -> Level:
        """The level that the service's tier needs."""
        return REQUIRED_LEVELS[self.subject.tier]

    @property
    def level(self) -> Level | None:
        """The highest level of which every practice holds, with those of the levels below; None if not even bronze.

        Also None for a part of the practices.
        """
        reached = None
        for level in Level if self.is_whole else ():
            if any(one.practice.level is level and not one.holds for one in self.results):
                break
            reached = level
        return reached

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many practices have each outcome. They sum up to the number of practices that were selected."""
        return {outcome: sum(one.outcome is outcome for one in self.results) for outcome in Outcome}

    @property
    def failures(self) -> tuple[PracticeResult, ...]:
        """The practices because of which the run fails."""
        return tuple(one for one in self.results if one.fails)

    @property
    def warnings(self) -> tuple[PracticeResult, ...]:
        """The practices above the required level that do not hold."""
        return tuple(one for one in self.results if not one.required and not one.holds and not one.as_before)

    @property
    def exit_code(self) -> int:
        """0 if every practice that the tier needs holds."""
        return int(bool(self.failures))
