"""Every record of a service: read, validated, and held against the rules of its road.

A folder with a single broken record has no ledger: what it excuses could not be told from what it does not. Every
fault names its file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from paved_road.errors import RecordError, nearest
from paved_road.files import contained
from paved_road.offroad import FOLDER, is_in_place, is_record
from paved_road.offroad.patterns import is_glob, matching
from paved_road.road.owners import Owner
from paved_road.service.lock import Lock, Policy

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from paved_road.offroad.deviation import Deviation
    from paved_road.offroad.document import Document
    from paved_road.service.model import Service

_ONLY = "only records belong here"
MOST = 2000
"""Records of one service."""
MOST_GLOBS = 500
"""Patterns in all of them: each is held against every file of the road that differs."""
LARGEST = 2**20
"""Bytes of one record; all of them together are bounded as any one file is."""
SLUG_IS = "lower-case letters, digits and single hyphens"
BASELINE = "baseline"
"""The record of what drifted already when a service was adopted: its files differ for no one reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A deviation and the file it is written in."""

    path: str
    """From the service's folder: `docs/off-road/own-base-image.md`."""
    deviation: Deviation
    document: Document

    @property
    def id(self) -> str:
        """Its slug."""
        return self.deviation.id

    @property
    def is_accepted(self) -> bool:
        """Whether it excuses what it names, in time."""
        return self.deviation.status == "accepted"

    @property
    def is_open(self) -> bool:
        """Whether it is proposed or accepted; the others are kept for their story."""
        return self.deviation.status in ("proposed", "accepted")

    def line(self, *where: str | int) -> int:
        """The line a field is written at."""
        return self.document.line(where)

    def covers(self, paths: Iterable[str]) -> list[str]:
        """Those of the paths that it names."""
        return matching(self.deviation.scope.paths or [], paths)


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Fault:
    """What is wrong with a record, and where."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The valid records of a service, by slug."""

    records: Mapping[str, Record] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)

    def find(self, slug: str) -> Record:
        """The record of this slug; `RecordError` with the nearest ones when there is none."""
        if slug not in self.records:
            raise _unknown(slug, self.records)
        return self.records[slug]


def needs_approval(deviation: Deviation, policy: Policy) -> bool:
    """Whether somebody other than the one who asked has to agree."""
    return deviation.risk.reaches(policy.approval_from)


def _unknown(slug: str, known: Iterable[str]) -> RecordError:
    from paved_road.offroad.deviation import SLUG

    is_slug = re.fullmatch(SLUG, slug)
    return RecordError(
        f"there is no record {slug!r}",
        cause=f"{FOLDER}/{slug}.md does not exist" if is_slug else f"a slug is {SLUG_IS}",
        hint=nearest(slug, known) or "paved off-road new",
    )


def load(service: Service, *, today: date) -> Ledger:
    """The ledger as it lies in the work tree; `RecordError` names every fault of every record."""
    return read(files(service), service.lock, today=today)


def files(service: Service) -> dict[str, bytes]:
    """The content of every file of the folder that is meant to be a record, by name."""
    folder = service.path / FOLDER
    if not folder.is_dir():
        return {}
    if not is_in_place(service.path):
        refuse([Fault(path=FOLDER, line=1, text=f"is a link; {_ONLY}, in the service")])
    names = sorted(path.name for path in folder.iterdir() if is_record(path.name))
    if len(names) > MOST:
        refuse([Fault(path=FOLDER, line=1, text=f"holds {len(names)} files; paved reads {MOST} at most")])
    faults = []
    found = {}
    left = contained.LIMIT
    for name in names:
        try:
            found[name] = contained.read(folder, name, limit=min(left, LARGEST))
            left -= len(found[name])
        except OSError as error:
            faults.append(
                Fault(path=f"{FOLDER}/{name}", line=1, text=f"{str(error.strerror).removeprefix('it ')}; {_ONLY}")
            )
    refuse(faults)
    return found


def read(contents: Mapping[str, bytes], lock: Lock | None, *, today: date) -> Ledger:
    """The ledger of the files of the folder, by name."""
    policy = lock.offroad if lock else Policy()
    faults: list[Fault] = []
    records: dict[str, Record] = {}
    for name, content in sorted(contents.items()):
        try:
            if "/" in name:
                raise Faulty([Fault(path=f"{FOLDER}/{name}", line=1, text=f"is in a folder; {_ONLY}")])
            record = parse(f"{FOLDER}/{name}", content)
        except Faulty as error:
            faults += error.faults
            continue
        if twin := records.get(record.id):
            faults.append(_fault(record, f"id {record.id!r} clashes with {twin.path}", "id"))
        records[record.id] = record
        faults += _broken_rules(record, policy, lock, today)
    faults += _clashes(records)
    globs = sum(map(is_glob, (one for record in records.values() for one in record.deviation.scope.paths or [])))
    if globs > MOST_GLOBS:
        faults.append(
            Fault(path=FOLDER, line=1, text=f"holds {globs} patterns of paths; paved takes {MOST_GLOBS} at most")
        )
    refuse(faults)
    return Ledger(records=records, policy=policy)


def faults(path: str, content: bytes, lock: Lock | None, *, today: date) -> list[Fault]:
    """What is wrong with one record by itself, as it may not be written yet."""
    try:
        return sorted(_broken_rules(parse(path, content), lock.offroad if lock else Policy(), lock, today))
    except Faulty as error:
        return sorted(error.faults)


def find(service: Service, slug: str) -> Record:
    """One record, whatever the others are like: one of two that clash has to be closed somehow."""
    contents = files(service)
    if f"{slug}.md" not in contents:
        raise _unknown(slug, [name.removesuffix(".md") for name in contents])
    try:
        return parse(f"{FOLDER}/{slug}.md", contents[f"{slug}.md"])
    except Faulty as error:
        refuse(error.faults)
        raise


def refuse(faults: Iterable[Fault]) -> None:
    """Raise a `RecordError` for these faults, if there are any."""
    found = sorted(faults)
    if found:
        more = f"and {len(found) - 1} more: {'; '.join(map(str, found[1:]))}" if found[1:] else ""
        raise RecordError(str(found[0]), cause=more, hint="what a record holds: paved off-road schema")


# -- one record --------------------------------------------------------------------------------------------------------


class Faulty(Exception):
    """A file that is no valid record."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


def parse(path: str, content: bytes) -> Record:
    """The record in a file; raises `Faulty`. The rules of the road are not asked."""
    from pydantic import ValidationError

    from paved_road.offroad import document
    from paved_road.offroad.deviation import Deviation

    try:
        found = document.parse(content)
        if not path.endswith(".md"):
            raise document.Broken("is not a record; only Markdown files with front matter belong here")
    except document.Broken as error:
        raise Faulty([Fault(path=path, line=error.line, text=str(error))]) from error
    try:
        deviation = Deviation.model_validate(_without_empty(found.data))
    except ValidationError as error:
        raise Faulty(_told(path, found, error)) from error
    return Record(path=path, deviation=deviation, document=found)


def _without_empty(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given a value: `approved_by:` says as little as no such line."""
    return {
        key: _without_empty(value) if isinstance(value, Mapping) else value
        for key, value in data.items()
        if value is not None
    }


def _told(path: str, found: Document, error: ValidationError) -> list[Fault]:
    return [Fault(path=path, line=_line(found, one), text=_text(one, found.data)) for one in error.errors()]


def _line(found: Document, fault: ErrorDetails) -> int:
    where = tuple(part for part in fault["loc"] if part != "[key]")
    if fault["type"] == "missing" and len(where) == 1:
        return found.last_line  # where it can be added
    if not where:  # a rule over several fields: the message begins with the one to look at
        word = re.match(r"Value error, (?:the )?([a-z_]+)", fault["msg"])
        where = (word[1],) if word and (word[1],) in found.lines else ()
    return found.line(where)


def _text(fault: ErrorDetails, data: Mapping[str, Any]) -> str:
    from paved_road.files import yaml_faults, yml
    from paved_road.offroad.deviation import Deviation

    where, schema = yaml_faults.place(fault, data), Deviation.model_json_schema()
    name = ".".join(map(str, where))
    if fault["type"] == "extra_forbidden":
        return f"{name} is not a field of a record; {nearest(str(where[-1]), yaml_faults.keys(where[:-1], schema))}"
    if fault["type"] == "string_pattern_mismatch":
        return f"{name}: {fault['input']!r} is not a slug: use {SLUG_IS}"
    if fault["type"].startswith("date"):
        return f"{name}: {yml.shown(fault['input'])} is not a date: write it as 2026-11-24"
    if fault["type"] == "enum" and isinstance(fault["input"], str):
        return f"{name}: {fault['input']!r} is none of {fault['ctx']['expected']}"
    said = yaml_faults.told(fault, where, schema)
    return f"{name}: {said}" if fault["type"] == "value_error" and where and str(where[-1]) not in said else said


# -- the rules of the road ---------------------------------------------------------------------------------------------


def _broken_rules(record: Record, policy: Policy, lock: Lock | None, today: date) -> Iterator[Fault]:
    deviation = record.deviation
    stem = record.path.removeprefix(f"{FOLDER}/").removesuffix(".md")
    if deviation.id != stem:
        yield _fault(record, f"id is {deviation.id!r}, the file says {stem!r}: they must be the same", "id")
    if not record.is_open:
        return
    longest = today + timedelta(days=policy.days)
    if deviation.review_by > longest:
        text = f"review_by is {(deviation.review_by - today).days} days away; the road allows {policy.days}: {longest}"
        yield _fault(record, text, "review_by")
    if deviation.created > today + timedelta(days=1):  # it may be tomorrow already where it was written
        yield _fault(record, f"created is {deviation.created}, which is yet to come", "created")
    if lock and _is_too_wide(record, lock):
        yield _fault(record, "scope.paths reaches every file that the road owns; a record excuses one thing", "scope")
    if record.is_accepted:
        yield from _unapproved(record, policy)
        yield from _unargued(record)


def _fault(record: Record, text: str, *where: str) -> Fault:
    return Fault(path=record.path, line=record.line(*where), text=text)


def _is_too_wide(record: Record, lock: Lock) -> bool:
    """Whether a pattern (or a folder) takes in all that the road owns."""
    if all(pattern in lock.files for pattern in record.deviation.scope.paths or []):
        return False
    owned = [path for path, locked in lock.files.items() if locked.owner is Owner.ROAD]
    return len(owned) > 1 and len(record.covers(owned)) == len(owned)


def _unapproved(record: Record, policy: Policy) -> Iterator[Fault]:
    deviation = record.deviation
    if not needs_approval(deviation, policy):
        return
    if not deviation.approved_by:
        text = f"a risk that is {deviation.risk} needs approved_by: paved off-road accept {deviation.id} --by WHO"
        yield _fault(record, text, "risk")
    elif same_person(deviation.requested_by, deviation.approved_by):
        text = f"approved_by is who asked; from {policy.approval_from} risk on somebody else has to agree"
        yield _fault(record, text, "approved_by")


def _unargued(record: Record) -> Iterator[Fault]:
    from paved_road.offroad.document import missing_sections

    for line, name in missing_sections(record.document):
        text = f"the section ## {name} is empty: write it"
        yield Fault(path=record.path, line=line, text=text)


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person: by the name, the handle or the mail address, whatever their case.

    >>> same_person("Ann Lee <ann@acme.example>", "ann@acme.example")
    True
    """

    def names(text: str) -> set[str]:
        name, bracket, mail = text.strip().partition("<")
        parts = (name, mail.removesuffix(">")) if bracket and mail.endswith(">") else (text,)
        return {" ".join(part.casefold().split()).lstrip("@") for part in parts} - {""}

    return bool(names(one) & names(other))


# -- records beside each other -----------------------------------------------------------------------------------------


def _clashes(records: Mapping[str, Record]) -> Iterator[Fault]:
    excused: dict[str, Record] = {}
    for record in records.values():
        heir = record.deviation.superseded_by
        if heir is not None and heir not in records:
            yield _fault(record, f"superseded_by names {heir!r}, which does not exist", "superseded_by")
        if not record.is_accepted:
            continue
        practice = record.deviation.scope.practice
        for thing in [practice] if practice else sorted(record.deviation.fingerprint or {}):
            other_record = excused.setdefault(thing, record)
            if other_record is not record:
                yield _fault(record, f"scope: {thing} is excused by {other_record.path} too", "scope")
