"""A practice, and the level that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How ready for production a service is. Each level contains the ones below it."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"

    @property
    def rank(self) -> int:
        """1 for bronze, 2 for silver, 3 for gold."""
        return list(Level).index(self) + 1


REQUIRED_LEVELS = {"low": Level.BRONZE, "standard": Level.SILVER, "critical": Level.GOLD}
"""The level that a service of each tier needs."""


def required_by(level: Level) -> str:
    """The tiers whose services need a practice of this level, in words.

    >>> required_by(Level.SILVER)
    'standard and critical'
    """
    *more, last = [tier for tier, required in REQUIRED_LEVELS.items() if required.rank >= level.rank]
    return f"{', '.join(more)} and {last}" if more else last


class CheckKind(StrEnum):
    """How a practice is checked."""

    STATIC = "static"
    """A check reads the service's files, and runs nothing."""
    LIVE = "live"
    """A check runs the service and hurts it."""
    ATTESTED = "attested"
    """No machine can tell: a dated, owned statement in the service says so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Practice:
    """One rule of production readiness."""

    slug: str
    """Its stable name, as in `graceful-shutdown`."""
    title: str
    since: str
    """The version of the catalogue's owner (paved, or the road's template) that first had it."""
    level: Level
    """The lowest level that needs it."""
    kind: CheckKind
    source: str
    """The incident, talk or text that taught it, with its author or place and its year."""
    source_url: str
    source_date: str
    """The year or the ISO date of the source."""
    remedy: str
    """What to do when it fails, in one line."""
    prose: str
    """Why, in Markdown."""
