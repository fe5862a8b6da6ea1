"""The practices that deviations name. A name that nobody knows looks like an approved exception, and covers nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from paved_road.errors import UsageError, nearest, similar

if TYPE_CHECKING:
    from paved_road.offroad.deviations import Deviation
    from paved_road.practices.known import KnownSlugs
    from paved_road.service.model import Service
    from paved_road.settings.config import Config

LIST = "paved explain"
"""The command that lists the practices."""


def known_to(service: Service, config: Config, deviations: Iterable[Deviation]) -> KnownSlugs | None:
    """The practices among which those of the deviations are looked for; None if they name none."""
    from paved_road.practices.known import known_slugs

    named = {deviation.fields.scope.practice for deviation in deviations if deviation.fields.scope.practice}
    return known_slugs(service, config, named) if named else None


def unread_note(known: KnownSlugs, unknown: Iterable[str]) -> str:
    """What to say about practices that may be the road's, which could not be read."""
    return f"cannot tell whether {', '.join(sorted(unknown))} exists: {known.unread}"


def remedy_for(practice: str, known: KnownSlugs, slug: str) -> str:
    """What to do about a deviation that names an unknown practice."""
    close = f"paved off-road close {slug} --as revoked"
    return f"{similar(practice, known.slugs) or f'List them: {LIST}'}; paved off-road rename {practice} NEW, or {close}"


def require_practice(service: Service, config: Config, practice: str) -> str:
    """A note about a practice that may exist; "" if it does. Raises `UsageError`, with the nearest, if it does not."""
    from paved_road.practices.known import known_slugs

    known = known_slugs(service, config, [practice])
    if practice in known.slugs:
        return ""
    if known.unread:
        return unread_note(known, [practice])
    raise UsageError(f"there is no practice {practice!r}", hint=nearest(practice, sorted(known.slugs), command=LIST))
