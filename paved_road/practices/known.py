"""The practices that are known for one service: the built-in ones, and those of its road if the person trusts it.

The road is read as it lies on this machine, at the release that the service comes from. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from paved_road.errors import PavedError
from paved_road.practices.built_in import built_in_practices, built_in_slugs
from paved_road.settings.config import BUILT_IN

if TYPE_CHECKING:
    from paved_road.practices.model import Practice
    from paved_road.practices.of_road import OwnPractices
    from paved_road.road.model import Release
    from paved_road.service.model import Service
    from paved_road.settings.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """The practices of a service."""

    practices: Mapping[str, Practice]
    """By slug: the built-in ones, and those of the road."""
    own: OwnPractices | None = None
    """The road's, with their code and their faults; None if it has none that were read."""
    release: Release | None = None
    """The release that they were read from."""
    unread: str = ""
    """Why the road's own practices, which it has or may have, are not among them; "" if all are."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the person who runs the command."""
        faults = self.own.faults if self.own else ()
        wrong = (f"a practice of the road is wrong, and not checked: {fault}" for fault in faults)
        return (*([self.unread] if self.unread else ()), *wrong)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownSlugs:
    """The names of practices, for those who do not need the practices."""

    slugs: Collection[str] = field(default_factory=built_in_slugs)
    unread: str = ""
    """Why there may be more."""


def catalogue_of(service: Service, config: Config, *, trust: bool = False) -> Catalogue:
    """The practices of a service. `trust` is that of the command line."""
    from paved_road.practices.of_road import release_practices
    from paved_road.road.signatures import is_signed
    from paved_road.service.origin import find_origin, stamped_release

    built_in = built_in_practices()
    if service.lock is not None and service.road == BUILT_IN:
        return Catalogue(practices=built_in)
    try:
        origin = find_origin(service, config, trust=trust, refresh=False, fetch=False)
        if origin.template.road.source == BUILT_IN:
            return Catalogue(practices=built_in)
        release = stamped_release(service, origin)
        own = release_practices(release)
    except PavedError as error:
        return Catalogue(practices=built_in, unread=f"the practices of its road cannot be read here: {error.message}")
    road = release.template.road
    if not own.slugs:
        return Catalogue(practices=built_in)
    if not road.trusted or not is_signed(release):
        why = (
            "you do not trust it (setting: trust)"
            if not road.trusted
            else f"its release {release.version} is not signed"
        )
        return Catalogue(practices=built_in, unread=f"the road {road.source} has practices of its own, and {why}")
    practices = {slug: each.practice for slug, each in own.by_slug.items()}
    return Catalogue(practices={**practices, **built_in}, own=own, release=release)


def known_slugs(service: Service, config: Config, named: Iterable[str]) -> KnownSlugs:
    """The names of practices among which `named` are looked for. The road is read only if one is not built in."""
    if built_in_slugs().issuperset(named):
        return KnownSlugs()
    found = catalogue_of(service, config)
    own = found.own.slugs if found.own else frozenset[str]()
    return KnownSlugs(slugs=built_in_slugs() | own, unread=found.unread)
