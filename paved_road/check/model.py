"""What a check says: faults with their places, evidence, and a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from paved_road.findings import Outcome


class NotApplicable(Exception):
    """The practice says nothing about this service; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One thing that a check did or read, what came of it, and what should have come of it."""

    did: str
    """What the check did, as a person would type or say it: `GET /orders/1 while inventory hangs`."""
    observed: str
    expected: str
    excerpt: str = ""
    """A few lines of output, of an answer or of a file."""
    seconds: float = 0.0
    """How long it took, without the time that the machine was too busy to run the service."""
    held: bool = True
    """Whether what was observed is what was expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """A mechanical correction of one file."""

    path: str
    """From the service's folder."""
    change: Callable[[str], str]
    """From the file's text to its corrected text."""
    says: str
    """What it does, in a few words: `adds a memory limit`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that is wrong."""

    message: str
    path: str = ""
    """The file, from the service's folder; "" when it is not about a file."""
    line: int = 1
    remedy: str = ""
    """Instead of the practice's own, where the check knows better."""
    fix: Fix | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a check decided about its practice."""

    practice: str
    """The practice's slug."""
    outcome: Outcome
    message: str
    """One line: what is wrong, what holds, or why it does not apply."""
    faults: tuple[Fault, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    seconds: float = 0.0
    """How long the check took."""
    seed: int | None = None
    """What a live check's random choices came from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """The service that is checked."""

    path: Path
    """Its folder, absolute."""
    name: str
    tier: str = "standard"
    """low, standard or critical."""
