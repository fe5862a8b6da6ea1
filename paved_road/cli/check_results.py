"""What `paved check` answers with `--json`."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from paved_road.findings import Outcome
from paved_road.practices.model import CheckKind, Level


class AcceptingJson(TypedDict):
    """The record that accepts a failure."""

    record: str
    """Its slug."""
    reason: str
    review_by: str
    """The last day on which it accepts (ISO 8601)."""


class FaultJson(TypedDict):
    """One thing that is wrong with a file."""

    message: str
    path: str
    """From the service's folder; empty if it is not about a file."""
    line: int
    remedy: str


class EvidenceJson(TypedDict):
    """One thing that a live check did, and what came of it."""

    did: str
    observed: str
    expected: str
    excerpt: str
    """A few lines of output or of an answer; may be empty."""
    held: bool
    """Whether what was observed is what was expected."""
    seconds: float
    """How long it took, without the time that the machine was too busy; 0 if nobody measured it."""


class PracticeResultJson(TypedDict):
    """What was found about one practice."""

    practice: str
    """Its slug."""
    title: str
    level: Level
    """The lowest level that needs it."""
    check: CheckKind
    required: bool
    """Whether the service's tier needs it."""
    outcome: Outcome
    as_before: bool
    """Whether the baseline has the same faults, so that it does not count."""
    message: str
    remedy: str
    """What to do about it, in one line."""
    seconds: float
    faults: list[FaultJson]
    evidence: list[EvidenceJson]
    deviation: AcceptingJson | None
    """The record that accepts the failure, or did until its review was overdue."""


class FixedJson(TypedDict):
    """A correction that was written."""

    practice: str
    path: str
    line: int
    says: str
    """What it does."""


class ReadinessJson(TypedDict):
    """Whether a service is ready for production."""

    service: str
    """Its folder."""
    name: str
    tier: str
    """low, standard or critical."""
    required: Level
    """The level that the tier needs."""
    level: Level | None
    """The highest level whose practices all hold; null below bronze, and if only a part was checked."""
    whole: bool
    """Whether the whole catalogue was checked."""
    counts: dict[str, int]
    """How many practices have each outcome."""
    seed: int
    """What the random choices came from."""
    seconds: float
    baseline: str | None
    """The commit that the files were compared with."""
    fixed: list[FixedJson]
    """What `--fix` corrected before the check."""
    practices: list[PracticeResultJson]
