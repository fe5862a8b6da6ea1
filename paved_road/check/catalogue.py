"""The practices with their checks, and the choice among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from paved_road.check.registry import Check, LiveCheck
from paved_road.errors import UsageError, nearest
from paved_road.practices.model import CheckKind, Practice

EXPLORING = frozenset({"explored-failures"})
"""Practices whose checks take long, so that they run only when they are asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A practice and its check."""

    practice: Practice
    check: Check | None
    """None if nothing decides it."""

    @property
    def is_live(self) -> bool:
        """Whether the service has to run for it."""
        return isinstance(self.check, LiveCheck) or self.practice.kind is CheckKind.LIVE


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which practices to check."""

    slugs: tuple[str, ...] = ()
    """Only these; all if empty."""
    static: bool = True
    live: bool = True
    explore: bool = False
    """Also those that take long."""

    @property
    def is_whole(self) -> bool:
        """Whether it selects the whole catalogue, which alone tells a level."""
        return self.static and self.live and not self.slugs


def with_checks(practices: Iterable[Practice], checks: Mapping[str, Check]) -> list[Item]:
    """The practices with their checks, by level and slug."""
    ordered = sorted(practices, key=lambda one: (one.level.rank, one.slug))
    return [Item(practice=one, check=checks.get(one.slug)) for one in ordered]


def selected(items: Iterable[Item], selection: Selection) -> list[Item]:
    """The practices to check. Raises `UsageError` for a slug that is not in the catalogue, or not of this part."""
    known = {one.practice.slug: one for one in items}
    for slug in selection.slugs:
        if slug not in known:
            raise UsageError(f"there is no practice {slug!r}", hint=nearest(slug, known))
        if not _is_of_part(known[slug], selection):
            kind = "live" if known[slug].is_live else "static"
            only = "--static" if known[slug].is_live else "--live"
            raise UsageError(f"{slug} is a {kind} check, and {only} leaves it out", hint=f"paved check --select {slug}")
    wanted = selection.slugs or _usual(known, explore=selection.explore)
    return [one for slug, one in known.items() if slug in wanted and _is_of_part(one, selection)]


def _usual(known: Mapping[str, Item], *, explore: bool) -> Collection[str]:
    return known.keys() if explore else known.keys() - EXPLORING


def _is_of_part(item: Item, selection: Selection) -> bool:
    return selection.live if item.is_live else selection.static
