"""Where a service stands: its version against the latest, its drift, its deviations, an unfinished update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paved_road import offroad
from paved_road.errors import UnknownRelease
from paved_road.road.releases import is_news, is_same_commit, release, releases
from paved_road.road.versions import is_older
from paved_road.service import drift, last_check, origin
from paved_road.service.model import unfinished_update, unreadable_answers_file

if TYPE_CHECKING:
    from datetime import date

    from paved_road.offroad.deviations import Deviation
    from paved_road.offroad.evaluation import Evaluation
    from paved_road.road.model import Release, Template
    from paved_road.service.drift import Difference
    from paved_road.service.last_check import LastCheck
    from paved_road.service.model import Service
    from paved_road.service.origin import Origin
    from paved_road.settings.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceStatus:
    """Where a service stands."""

    service: Service
    template: str
    version: str
    latest: str
    newer: tuple[str, ...]
    """The releases it has not been updated to, newest first."""
    drift: tuple[Difference, ...]
    evaluation: Evaluation | None
    """Its deviations compared with it; None for a service without a lock or without deviations."""
    updating: str | None
    """The version that an unfinished update goes to."""
    checked: LastCheck | None = None
    """What its last whole check found; None if this machine has not checked it."""
    changed_since: bool = False
    """Whether its files have changed since that check."""
    notes: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.newer or self.uncovered or self.updating or self.misnamed)

    @property
    def uncovered(self) -> tuple[Difference, ...]:
        """The drift that no accepted deviation covers."""
        return tuple(one for one in self.drift if self.evaluation is None or one.path not in self.evaluation.accepted)

    @property
    def misnamed(self) -> list[Deviation]:
        """The deviations that name a practice which does not exist."""
        found = self.evaluation
        return [each for each in self.deviations if found and "unknown-practice" in found.states(each)]

    @property
    def deviations(self) -> list[Deviation]:
        """The deviations that are not closed."""
        return self.evaluation.deviations.open if self.evaluation else []


def find_status(
    service: Service, config: Config, *, today: date, offline: bool = False, fetch: bool = False
) -> ServiceStatus:
    """The status of a service. Only the latest release needs its road; `offline` takes it from the cache.

    `fetch` also fetches a road that this machine has never used: see `origin.find_origin_to_read`. Raises
    `ServiceError` if the lock or the answers file cannot be read, and `RoadError` if the road cannot.
    """
    if fault := unreadable_answers_file(service):
        raise fault
    found = origin.find_origin_to_read(service, config, refresh=not offline, fetch=fetch)
    version, commit = _release_of(service, found.template)
    latest = release(found.template)
    is_behind = _is_news(service, found, latest, version, commit, config)
    if not is_behind:
        origin.check_not_withdrawn(service, found, latest)
    differences = drift.find_drift(service) if service.lock_in_force else []
    checked = last_check.recall(config.cache_dir, service.path)
    evaluation = _evaluation(service, differences, config, today)
    return ServiceStatus(
        service=service,
        template=found.template.name,
        version=version,
        latest=latest.version if is_behind or not is_same_commit(latest, version, commit) else version,
        newer=_newer(latest, version) if is_behind else (),
        drift=tuple(differences),
        evaluation=evaluation,
        updating=unfinished_update(service),
        checked=checked,
        changed_since=checked is not None and checked.files != last_check.state_of_files(service.path),
        notes=(*found.notes, *_lock_notes(service), *(evaluation.notes if evaluation else ())),
    )


def _release_of(service: Service, template: Template) -> tuple[str, str | None]:
    """Version and commit of the release the service is at.

    The lock says so if it is in force. Otherwise it is the release that the answers file names; if the road has no such
    release, the one in the lock.
    """
    recorded = origin.recorded_version(service)
    if service.lock_in_force:
        return recorded, service.lock_in_force.commit
    try:
        named = release(template, recorded)
    except UnknownRelease:
        if service.lock is None:
            raise
        return service.lock.version, service.lock.commit
    return named.version, named.commit


def _lock_notes(service: Service) -> list[str]:
    if service.lock is None:
        return ["plain Copier made it, so it has no lock to tell drift by: paved adopt writes one"]
    return [service.lock.missing_note] if service.lock.missing else []


def _evaluation(service: Service, differences: list[Difference], config: Config, today: date) -> Evaluation | None:
    if service.lock_in_force is None or not offroad.has_any(service.path):
        return None
    from paved_road.offroad.evaluation import evaluate_drift  # a service without deviations loads no YAML parser

    return evaluate_drift(service, differences, config, today=today)


def _is_news(
    service: Service, found: Origin, latest: Release, version: str, commit: str | None, config: Config
) -> bool:
    """Whether an update to the latest release would change the service."""
    if not is_news(latest, version, commit):
        return False
    if commit is not None or latest.template.road.is_git or is_older(version, latest.version):
        return True
    # The road is a plain folder without commits, and its version is the same: only its files tell what has changed.
    made = origin.render_stamped(service, found, config)
    if made is None or service.lock_in_force is None:
        return True
    known = {**service.lock_in_force.files, **service.lock_in_force.ignored}
    object_format = service.repository.object_format
    now = {path: file.entry(object_format) for path, file in made.tree.items() if path != made.answers_file}
    return now != {path: locked.entry for path, locked in known.items()}


def _newer(latest: Release, version: str) -> tuple[str, ...]:
    """The releases after the service's, up to the latest. A pre-release after the latest is not offered."""
    from packaging.version import Version

    between = {one.version for one in releases(latest.template) if is_older(version, one.version)}
    below = sorted((one for one in between if is_older(one, latest.version)), key=Version, reverse=True)
    return (latest.version, *below)
