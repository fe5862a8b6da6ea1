"""The records held against the service as it is: what is excused, what is not, and what needs a look.

None of this is ever written down: it follows from the records, the lock, the files and the day.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from paved_road.errors import RecordError
from paved_road.files import contained
from paved_road.git import trees
from paved_road.git.entries import File
from paved_road.offroad import deviations, fingerprint
from paved_road.road.owners import Owner
from paved_road.service import drift
from paved_road.text.counts import counted

if TYPE_CHECKING:
    from paved_road.offroad.deviation import Approved
    from paved_road.offroad.deviations import Ledger, Record
    from paved_road.service.drift import Difference
    from paved_road.service.model import Service
    from paved_road.settings.config import Config

SOON = timedelta(days=14)
"""How long before its review a record is expiring."""


class State(StrEnum):
    """What the day, the road or the team made of a record, or of drift without one."""

    UNCOVERED = "uncovered"
    EXPIRED = "expired"
    DRIFTED_FURTHER = "drifted-further"
    APPROVED_WITH_CHANGE = "approved-with-change"
    BASELINE_GREW = "baseline-grew"
    UNCONFIRMED = "unconfirmed"
    EXPIRING = "expiring"
    STALE = "stale"
    ORPHANED = "orphaned"
    ROAD_MOVED = "road-moved"

    @property
    def fails(self) -> bool:
        """Whether it is a failure; the others are warnings."""
        return self not in (State.EXPIRING, State.STALE, State.ORPHANED, State.ROAD_MOVED)

    @property
    def meaning(self) -> str:
        """What it says, in a sentence."""
        return _MEANING[self]


_MEANING = {
    State.UNCOVERED: "A file of the road differs, and no record excuses it.",
    State.EXPIRED: "A record's review is overdue, so it excuses nothing any more.",
    State.DRIFTED_FURTHER: "The difference is not the one that was approved.",
    State.APPROVED_WITH_CHANGE: "One change both widened a record and approved it.",
    State.BASELINE_GREW: "The baseline of an adopted service covers one more file; it may only shrink.",
    State.UNCONFIRMED: "The command that proves a record's mitigation failed.",
    State.EXPIRING: "A record's review is due soon.",
    State.STALE: "The difference that a record excuses is gone.",
    State.ORPHANED: "The road no longer has the files or the practice of a record.",
    State.ROAD_MOVED: "The road changed a file that a record covers.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A state, and where to look."""

    state: State
    path: str
    line: int
    text: str
    record: Record | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Excused:
    """Drift, and the record that excuses it."""

    difference: Difference
    record: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a service stands with its records."""

    ledger: Ledger
    today: date
    excused: tuple[Excused, ...] = ()
    findings: tuple[Finding, ...] = ()

    def states(self, record: Record) -> list[State]:
        """What is to be said of a record."""
        return sorted({one.state for one in self.findings if one.record is record})

    def excuse(self, path: str) -> Record | None:
        """The record that excuses the drift of a file."""
        return next((one.record for one in self.excused if one.difference.path == path), None)


def find(service: Service, config: Config, *, today: date, practices: Collection[str] | None = None) -> Standing:
    """How a service stands. Nothing is rendered unless the road moved under an edited file and its history is short.

    `practices` is the road's catalogue; without one every practice counts as known.
    """
    return judge(service, drift.find_drift(service), config, today=today, practices=practices)


def excuses(service: Service, differences: Sequence[Difference], config: Config, *, today: date) -> dict[str, Record]:
    """The drift that is excused, by path."""
    stands = judge(service, differences, config, today=today)
    return {one.difference.path: one.record for one in stands.excused}


def judge(
    service: Service,
    differences: Sequence[Difference],
    config: Config,
    *,
    today: date,
    practices: Collection[str] | None = None,
) -> Standing:
    """`find`, with the drift known already."""
    found = deviations.load(service, today=today)
    drifted = [one for one in differences if one.owner is Owner.ROAD]
    excused: list[Excused] = []
    findings: list[Finding] = []
    told: set[str] = set()
    for record in found.records.values():
        if not record.is_accepted:
            continue
        findings += _timely(record, today)
        if record.deviation.scope.practice:
            findings += _orphaned_practice(record, practices)
            continue
        covered = set(record.covers([one.path for one in drifted]))
        mine = [one for one in drifted if one.path in covered]
        findings += _pointless(record, service, mine)
        in_time = today <= record.deviation.review_by
        verdicts = {one.path: _compare(record, one, service, config) for one in mine}
        findings += _changed(record, verdicts)
        told |= {path for path, state in verdicts.items() if not in_time or state is State.DRIFTED_FURTHER}
        excused += [
            Excused(difference=one, record=record)
            for one in mine
            if in_time and verdicts[one.path] is not State.DRIFTED_FURTHER
        ]
    told |= {one.difference.path for one in excused}
    findings += [_uncovered(one, found) for one in drifted if one.path not in told]
    order = list(State)
    findings.sort(key=lambda one: (order.index(one.state), one.path, one.line))
    return Standing(ledger=found, today=today, excused=tuple(excused), findings=tuple(findings))


# -- what may be said of a record --------------------------------------------------------------------------------------


def _finding(record: Record, state: State, text: str, *where: str) -> Finding:
    return Finding(state=state, path=record.path, line=record.line(*where), text=text, record=record)


def _timely(record: Record, today: date) -> Iterator[Finding]:
    left = record.deviation.review_by - today
    day = f"{record.deviation.review_by:%Y-%m-%d}"
    renew = f"paved off-road renew {record.id}"
    if left < timedelta():
        text = f"the review was due on {day}, {_days(-left)} ago: it excuses nothing any more; {renew}, or come back"
        yield _finding(record, State.EXPIRED, text, "review_by")
    elif left <= SOON:
        when = f"in {_days(left)}" if left else "today"
        yield _finding(record, State.EXPIRING, f"the review is due on {day}, {when}: {renew}", "review_by")


def _days(delta: timedelta) -> str:
    return counted(delta.days, "day")


def _orphaned_practice(record: Record, practices: Collection[str] | None) -> Iterator[Finding]:
    practice = record.deviation.scope.practice
    if practices is not None and practice not in practices:
        text = f"the road has no practice {practice}: paved off-road rename {practice} NEW, or close the record"
        yield _finding(record, State.ORPHANED, text, "scope", "practice")


def _pointless(record: Record, service: Service, mine: Sequence[Difference]) -> Iterator[Finding]:
    """Orphaned or stale, for a record of paths."""
    if mine:
        return
    files = service.lock.files if service.lock else {}
    if not record.covers([path for path, locked in files.items() if locked.owner is Owner.ROAD]):
        text = "the road owns no such file any more: paved off-road migrate, or close the record"
        yield _finding(record, State.ORPHANED, text, "scope", "paths")
    else:
        text = f"what it excuses is gone, the files are the road's again: paved off-road close {record.id}"
        yield _finding(record, State.STALE, text, "scope", "paths")


def _changed(record: Record, verdicts: dict[str, State | None]) -> Iterator[Finding]:
    further = [path for path, state in verdicts.items() if state is State.DRIFTED_FURTHER]
    for path in further:
        text = f"{path} is not as it was approved: take the change back, or paved off-road accept {record.id}"
        yield _finding(record, State.DRIFTED_FURTHER, text, "fingerprint", path)
    for path, state in verdicts.items():
        if state is State.ROAD_MOVED:
            text = f"the road changed {path} since: is the reason still true? paved off-road renew {record.id}"
            yield _finding(record, State.ROAD_MOVED, text, "fingerprint", path)


def _uncovered(one: Difference, found: Ledger) -> Finding:
    proposed = (
        record
        for record in found.records.values()
        if record.deviation.status == "proposed" and record.covers([one.path])
    )
    text = f"{one.path} is {_KIND[one.kind]}"
    if record := next(proposed, None):
        text += f"; {record.path} is only proposed: paved off-road accept {record.id}"
    else:
        text += f" and no record excuses it: paved off-road new --path {one.path}"
    return Finding(state=State.UNCOVERED, path=one.path, line=1, text=text)


_KIND = {drift.DriftKind.EDITED: "edited", drift.DriftKind.DELETED: "deleted", drift.DriftKind.MODE: "of another mode"}


# -- is it the approved difference? ------------------------------------------------------------------------------------


def compare(approved: Approved | None, road: str, service: str, digest: Callable[[], str]) -> State | None:
    """Whether a difference is the approved one: None for untouched on both sides, else what happened to it.

    `road` and `service` are the identities of the two files now; `digest` is asked for only when both have changed.
    """
    if approved is None:
        return State.DRIFTED_FURTHER
    if approved.service == service:
        return None if approved.road == road else State.ROAD_MOVED
    if approved.road == road or approved.difference != digest():
        return State.DRIFTED_FURTHER
    return State.ROAD_MOVED


def _compare(record: Record, one: Difference, service: Service, config: Config) -> State | None:
    approved = (record.deviation.fingerprint or {}).get(one.path)
    road, now = fingerprint.identity(one.road.entry), fingerprint.identity(one.found)
    return compare(approved, road, now, lambda: fingerprints(service, [one], config)[one.path].difference)


def fingerprints(service: Service, differences: Iterable[Difference], config: Config) -> dict[str, Approved]:
    """The differences as a record keeps them; `RecordError` when the road's files cannot be had any more."""
    from paved_road.offroad.deviation import Approved

    wanted = list(differences)
    road = drift.pristine(service, [one.path for one in wanted], config)
    if missing := [one.path for one in wanted if one.path not in road]:
        raise RecordError(
            f"cannot tell what was changed in {missing[0]}",
            cause="the repository does not have the road's file, and its release no longer renders it",
            hint="in a shallow clone: git fetch --unshallow",
        )
    return {
        one.path: Approved(
            road=fingerprint.identity(one.road.entry),
            service=fingerprint.identity(one.found),
            difference=fingerprint.difference(road[one.path], _service_file(service, one)),
        )
        for one in wanted
    }


def _service_file(service: Service, one: Difference) -> File | None:
    """The file as git would store it, after its filters."""
    if one.found is None:
        return None
    mode, blob = one.found.mode, one.found.blob
    there = contained.kept(service.path, one.path)
    if there and there.st_size <= contained.LIMIT:
        on_disk = trees.read_file(service.path, one.path).data
        for data in (on_disk, on_disk.replace(b"\r\n", b"\n")):
            if File(data).blob_in(service.repository.object_format) == blob:
                return File(data, mode)
    # Too large to compare, or stored through a filter of another kind: the stored content counts as a whole.
    return File(b"\0" + blob.encode(), mode)
