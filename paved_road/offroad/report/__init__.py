"""The deviations of many services, by the place where they leave the road and by their reasons.

A place that several services leave is a *desire path*: like a trail across a lawn, it shows where people walk, and so
where the road should go next.
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
from paved_road.offroad.evaluation import State, evaluate
from paved_road.service.lock import LOCK
from paved_road.service.model import open_service
from paved_road.text.counts import counted

if TYPE_CHECKING:
    from paved_road.offroad.deviations import Deviation
    from paved_road.offroad.evaluation import Evaluation
    from paved_road.service.model import Service
    from paved_road.settings.config import Config

UNCOVERED = "uncovered"
"""The status of drift that no deviation covers."""
_NO_SERVICES = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", "site-packages"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Exit:
    """One service that leaves the road at one place."""

    service: str
    status: str
    """proposed, accepted, or uncovered."""
    record: str | None = None
    """The deviation's slug; None for drift without one."""
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
    """A path that contains answers names their questions: `src/{package}/paved/health.py`."""
    exits: tuple[Exit, ...]

    @property
    def services(self) -> int:
        """How many services leave the road here."""
        return len({one.service for one in self.exits})


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """The deviations that a team is responsible for."""

    name: str
    records: int
    """How many they are."""
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
    """Those that most services leave first."""
    teams: tuple[Team, ...]
    unread: tuple[tuple[str, str], ...] = ()
    """Services that could not be read, and why. The report leaves them out."""

    @property
    def read(self) -> int:
        """How many services the report is about."""
        return self.services - len(self.unread)

    @property
    def summary(self) -> str:
        """How many services leave the road, and how many could not be read."""
        parts = []
        if self.read:
            leave = "leaves" if self.off_road == 1 else "leave"
            places = counted(len(self.places), "place")
            parts.append(f"{self.off_road} of {counted(self.read, 'service')} {leave} the road, at {places}")
        if self.unread:
            parts.append(f"{counted(len(self.unread), 'service')} could not be read")
        return "; ".join(parts)

    @property
    def desire_paths(self) -> tuple[Place, ...]:
        """The places that more than one service leaves."""
        return tuple(place for place in self.places if place.services > 1)


def collect(root: Path, config: Config, *, today: date) -> Report:
    """The report of every service at or below `root`. If one cannot be read, the report says so and has the others.

    Raises `UsageError` if `root` is not a folder or has no services.
    """
    if not root.is_dir():
        raise UsageError(f"{root} is not a folder", hint="paved off-road report DIR")
    exits: list[tuple[str, Exit]] = []
    unread: list[tuple[str, str]] = []
    folders = list(services_below(root))
    for folder in folders:
        name = folder.relative_to(root).as_posix() if folder != root else address.resolved(folder).name
        try:
            service = open_service(folder)
            exits += list(_exits(name, service, evaluate(service, config, today=today)))
        except PavedError as error:
            unread.append((name, f"{error.message}: {error.cause}" if error.cause else error.message))
        except OSError as error:
            unread.append((name, f"cannot read {error.filename}: {error.strerror}"))
    if not folders:
        raise UsageError(f"there are no services below {root}", cause=f"no folder there has a {LOCK}")
    return Report(
        root=str(root),
        services=len(folders),
        off_road=len({one.service for _, one in exits}),
        places=_places(exits),
        teams=_teams({(one.service, one.record): one for _, one in exits if one.record}.values()),
        unread=tuple(unread),
    )


def services_below(root: Path) -> Iterator[Path]:
    """The folders at or below `root` that hold a service. Links are not followed."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _NO_SERVICES)
        if LOCK in files or LOCK in folders:
            folders.clear()
            yield Path(folder)


def _exits(name: str, service: Service, evaluation: Evaluation) -> Iterator[tuple[str, Exit]]:
    """Each place where a service leaves the road, and how."""
    for deviation in evaluation.deviations.open:
        one = _exit(name, deviation, evaluation)
        fields = deviation.fields
        paths = list(fields.fingerprint or fields.scope.paths or [])
        names = [fields.scope.practice] if fields.scope.practice else [general_path(path, service) for path in paths]
        yield from ((place, one) for place in names)
    for finding in evaluation.findings:
        is_named = any(deviation.matches([finding.path]) for deviation in evaluation.deviations.open)
        if finding.rule == State.UNCOVERED and not is_named:
            owner = str(service.answers.get("owner", ""))
            yield general_path(finding.path, service), Exit(service=name, status=UNCOVERED, owner=owner)


def _exit(name: str, deviation: Deviation, evaluation: Evaluation) -> Exit:
    fields = deviation.fields
    return Exit(
        service=name,
        record=deviation.id,
        status=str(fields.status),
        kind=str(fields.kind),
        reason=fields.reason,
        risk=str(fields.risk),
        owner=fields.owner,
        support=str(fields.support),
        age_days=(evaluation.today - fields.created).days,
        review_by=str(fields.review_by),
        states=tuple(map(str, evaluation.states(deviation))),
    )


def general_path(path: str, service: Service) -> str:
    """A path without the service's own names: `src/orders/x.py` and `src/billing/x.py` are one file of the road."""
    questions = {value: key for key, value in reversed(service.answers.items()) if isinstance(value, str) and value}
    # A folder is named after the package, even if the service has the same name.
    questions |= {str(value): key for key, value in service.answers.items() if key == "package"}
    return "/".join(f"{{{questions[part]}}}" if part in questions else part for part in path.split("/"))


def _places(exits: Iterable[tuple[str, Exit]]) -> tuple[Place, ...]:
    by_name: dict[str, list[Exit]] = {}
    for name, one in exits:
        by_name.setdefault(name, []).append(one)
    places = [
        Place(name=name, exits=tuple(sorted(there, key=lambda one: (-one.age_days, one.service))))
        for name, there in by_name.items()
    ]
    return tuple(sorted(places, key=lambda place: (-place.services, place.name)))


def _teams(exits: Iterable[Exit]) -> tuple[Team, ...]:
    by_owner: dict[str, list[Exit]] = {}
    for one in exits:
        by_owner.setdefault(one.owner, []).append(one)
    teams = [
        Team(
            name=owner,
            records=len(theirs),
            expired=sum(State.EXPIRED in one.states for one in theirs),
            oldest_days=max(one.age_days for one in theirs),
        )
        for owner, theirs in by_owner.items()
    ]
    return tuple(sorted(teams, key=lambda team: (-team.records, team.name)))
