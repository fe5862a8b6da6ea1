"""What `paved explain` and `paved practice` answer with `--json`."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from paved_road.practices.model import CheckKind, Level


class PracticeJson(TypedDict):
    """One practice of production readiness."""

    slug: str
    title: str
    since: str
    """The version of paved, or of the road, that first had it."""
    level: Level
    """The lowest level that needs it."""
    check: CheckKind
    """How it is checked."""
    source: str
    """The incident, talk or text that taught it."""
    source_url: str
    source_date: str
    """A year, or an ISO 8601 date."""
    remedy: str
    """What to do when it fails."""
    road: str | None
    """The road whose own practice it is; null for a built-in one."""


class ExplainedJson(PracticeJson):
    """A practice in full."""

    prose: str
    """Why it matters and how it is checked, in Markdown."""


class PracticesJson(TypedDict):
    """Every practice, those of the lowest level first."""

    practices: list[PracticeJson]


class NewPracticeJson(TypedDict):
    """The practice that was begun."""

    slug: str
    written: list[str]
    """The files that were written, or got a key."""


class ProofJson(TypedDict):
    """Whether a practice is proven."""

    slug: str
    proven: bool
    """Whether its check passes the freshly stamped service, and fails once the fault is seeded."""
    reason: str
    """Why not; or what the check says about the seeded fault."""


class VerifiedJson(TypedDict):
    """The practices of a road, proven or not."""

    road: str
    """The road's source."""
    template: str
    practices: list[ProofJson]
