"""What teams tell their road: the deviations of many services, by what they leave and why.

Where many leave the road at the same place there is a *desire path*: the trail across the lawn that shows where the
next stretch of road belongs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from paved_road.errors import PavedError, UsageError
from paved_road.git import address
from paved_road.offroad import evaluation
from paved_road.service.lock import LOCK
from paved_road.service.model import open_service
from paved_road.text.counts import counted

if TYPE_CHECKING:
    from paved_road.offroad.deviations import Record
    from paved_road.offroad.evaluation import Standing
    from paved_road.service.model import Service
    from paved_road.settings.config import Config

UNCOVERED = "uncovered"
"""The status of drift that has no record."""
_NO_SERVICES = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", "site-packages"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Exit:
    """One service that leaves the road at one place."""

    service: str
    status: str
    """proposed, accepted, or uncovered."""
    record: str | None = None
    """The record's slug; None for drift without one."""
    kind: str = ""
    reason: str = ""
    risk: str = ""
    owner: str = ""
    support: str = ""
    age_days: int = 0
    review_by: str = ""
    states: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A file or a practice of the road, and who leaves the road there, the oldest first."""

    name: str
    """Answers that are part of a path are named: `src/{package}/paved/health.py`."""
    exits: tuple[Exit, ...]

    @property
    def services(self) -> int:
        """How many services leave the road here."""
        return len({one.service for one in self.exits})


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """What a team answers for."""

    name: str
    records: int
    expired: int
    oldest_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The deviations of every service below a folder."""

    root: str
    services: int
    off_road: int
    """Services with at least one exit."""
    places: tuple[Place, ...]
    """Most left first."""
    teams: tuple[Team, ...]
    unread: tuple[tuple[str, str], ...] = ()
    """Services that could not be read, and why: the report is not about them."""

    @property
    def read(self) -> int:
        """How many services the report is about."""
        return self.services - len(self.unread)

    @property
    def summary(self) -> str:
        """How many services leave the road, and how many could not be read."""
        leave = "leaves" if self.off_road == 1 else "leave"
        places = counted(len(self.places), "place")
        told = [f"{self.off_road} of {counted(self.read, 'service')} {leave} the road, at {places}"]
        failed = len(self.unread)
        said = [f"{counted(failed, 'service')} could not be read"]
        return "; ".join(told * (self.read > 0) + said * (failed > 0))

    @property
    def desire_paths(self) -> tuple[Place, ...]:
        """The places that more than one service leaves: what the road should look at next."""
        return tuple(place for place in self.places if place.services > 1)


def collect(root: Path, config: Config, *, today: date) -> Report:
    """The report of every service at or below `root`. One that cannot be read is told, and stops no other."""
    if not root.is_dir():
        raise UsageError(f"{root} is not a folder", hint="paved off-road report DIR")
    found: list[tuple[str, Exit]] = []
    unread: list[tuple[str, str]] = []
    count = 0
    for folder in services_below(root):
        name = folder.relative_to(root).as_posix() if folder != root else address.resolved(folder).name
        count += 1
        try:
            service = open_service(folder)
            found += list(_exits(name, service, evaluation.find(service, config, today=today)))
        except PavedError as error:
            unread.append((name, f"{error.message}: {error.cause}" if error.cause else error.message))
        except OSError as error:
            unread.append((name, f"cannot read {error.filename}: {error.strerror}"))
    if not count:
        raise UsageError(f"there are no services below {root}", cause=f"no folder there has a {LOCK}")
    return Report(
        root=str(root),
        services=count,
        off_road=len({one.service for _, one in found}),
        places=_places(found),
        teams=_teams({(one.service, one.record): one for _, one in found if one.record}.values()),
        unread=tuple(unread),
    )


def services_below(root: Path) -> Iterator[Path]:
    """The folders at or below `root` that hold a service. Links are not followed."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _NO_SERVICES)
        if LOCK in files or LOCK in folders:
            folders.clear()
            yield Path(folder)


def _exits(name: str, service: Service, stands: Standing) -> Iterator[tuple[str, Exit]]:
    for record in stands.ledger.records.values():
        if record.is_open:
            one = _exit(name, record, stands)
            yield from ((place, one) for place in _named(record, service))
    for finding in stands.findings:
        if finding.state is evaluation.State.UNCOVERED and not _is_proposed(finding.path, stands):
            owner = str(service.answers.get("owner", ""))
            yield _generic(finding.path, service), Exit(service=name, status=UNCOVERED, owner=owner)


def _is_proposed(path: str, stands: Standing) -> bool:
    return any(record.is_open and record.covers([path]) for record in stands.ledger.records.values())


def _named(record: Record, service: Service) -> list[str]:
    scope = record.deviation.scope
    if scope.practice:
        return [scope.practice]
    return [_generic(path, service) for path in record.deviation.fingerprint or scope.paths or []]


def _exit(name: str, record: Record, stands: Standing) -> Exit:
    deviation = record.deviation
    return Exit(
        service=name,
        record=record.id,
        status=str(deviation.status),
        kind=str(deviation.kind),
        reason=deviation.reason,
        risk=str(deviation.risk),
        owner=deviation.owner,
        support=str(deviation.support),
        age_days=(stands.today - deviation.created).days,
        review_by=str(deviation.review_by),
        states=tuple(map(str, stands.states(record))),
    )


def _generic(path: str, service: Service) -> str:
    """A path without the service's own names: `src/orders/x.py` and `src/billing/x.py` are one file of the road."""
    answers = {value: key for key, value in reversed(service.answers.items()) if isinstance(value, str) and value}
    # A package is what a folder is named after; a service's name may be the same word.
    answers |= {str(value): key for key, value in service.answers.items() if key == "package"}
    return "/".join(f"{{{answers[part]}}}" if part in answers else part for part in path.split("/"))


def _places(found: Iterable[tuple[str, Exit]]) -> tuple[Place, ...]:
    by_name: dict[str, list[Exit]] = {}
    for name, one in found:
        by_name.setdefault(name, []).append(one)
    places = [
        Place(name=name, exits=tuple(sorted(exits, key=lambda one: (-one.age_days, one.service))))
        for name, exits in by_name.items()
    ]
    return tuple(sorted(places, key=lambda place: (-place.services, place.name)))


def _teams(exits: Iterable[Exit]) -> tuple[Team, ...]:
    by_owner: dict[str, list[Exit]] = {}
    for one in exits:
        by_owner.setdefault(one.owner, []).append(one)
    teams = [
        Team(
            name=owner,
            records=len(mine),
            expired=sum(evaluation.State.EXPIRED in one.states for one in mine),
            oldest_days=max(one.age_days for one in mine),
        )
        for owner, mine in by_owner.items()
    ]
    return tuple(sorted(teams, key=lambda team: (-team.records, team.name)))
