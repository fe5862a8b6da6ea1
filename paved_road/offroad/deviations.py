"""All deviations of a service: read, validated, and compared with the rules of its road.

If one file in the folder is broken, none of them counts, because nobody could say what the broken one covers. Every
fault names its file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paved_road.errors import RecordError, nearest
from paved_road.files import contained
from paved_road.findings import DeviationSummary
from paved_road.offroad import FOLDER, is_deviation, is_in_place
from paved_road.offroad.patterns import is_glob, matching
from paved_road.road.owners import Owner
from paved_road.service.lock import Lock, Locked, Policy

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from paved_road.offroad.document import Document
    from paved_road.offroad.front_matter import FrontMatter
    from paved_road.service.model import Service

_ONLY = "only deviations belong here"
_MOST_FILES = 2000
_MOST_GLOBS = 500
"""Patterns in all of them together: each is compared with every file of the road that differs."""
_LARGEST = 2**20
"""Bytes of one file; all of them together are bounded as any one file is."""
_SLUG_IS = "lower-case letters, digits and single hyphens"
FIELDS_HINT = "for the fields of a deviation: paved off-road schema"
BASELINE = "baseline"
"""The slug of the deviation for what already differed when a service was adopted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deviation:
    """A deviation: its file, and the fields of the front matter."""

    path: str
    """From the service's folder: `docs/off-road/own-base-image.md`."""
    fields: FrontMatter
    document: Document

    @property
    def id(self) -> str:
        """Its slug."""
        return self.fields.id

    @property
    def is_accepted(self) -> bool:
        """Whether it covers what it names until its review."""
        return self.fields.status == "accepted"

    @property
    def is_open(self) -> bool:
        """Whether it is proposed or accepted; the others are closed and kept as history."""
        return self.fields.status in ("proposed", "accepted")

    @property
    def summary(self) -> DeviationSummary:
        """What findings say about it."""
        fields = self.fields
        return DeviationSummary(
            slug=self.id, path=self.path, line=self.line("reason"), reason=fields.reason, owner=fields.owner,
            review_by=fields.review_by,
        )  # fmt: skip

    def line(self, *where: str | int) -> int:
        """The line of a field, counted from 1."""
        return self.document.line(where)

    def matches(self, paths: Iterable[str]) -> list[str]:
        """The `paths` that its scope names."""
        return matching(self.fields.scope.paths or [], paths)


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class DeviationFault:
    """Something that is wrong with a deviation, and where."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


class InvalidDeviation(Exception):
    """A file that is not a valid deviation."""

    def __init__(self, faults: list[DeviationFault]) -> None:
        super().__init__(faults)
        self.faults = faults


@dataclass(frozen=True, kw_only=True, slots=True)
class Deviations:
    """The valid deviations of a service, by slug, and its road's rules about them."""

    by_slug: Mapping[str, Deviation] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)

    def __iter__(self) -> Iterator[Deviation]:
        return iter(self.by_slug.values())

    @property
    def open(self) -> list[Deviation]:
        """Those that are proposed or accepted."""
        return [deviation for deviation in self if deviation.is_open]

    def find(self, slug: str) -> Deviation:
        """The deviation with this slug. Raises `RecordError`, with the nearest slugs, if there is none."""
        if slug not in self.by_slug:
            raise _no_such_deviation(slug, self.by_slug)
        return self.by_slug[slug]


def policy_of(lock: Lock | None) -> Policy:
    """The road's rules about deviations, as the service's lock has them."""
    return lock.offroad if lock else Policy()


def road_files(lock: Lock | None) -> dict[str, Locked]:
    """The files that the road owns; only these need a deviation to differ."""
    return {path: locked for path, locked in lock.files.items() if locked.owner is Owner.ROAD} if lock else {}


def needs_approval(fields: FrontMatter, policy: Policy) -> bool:
    """Whether someone other than the requester must approve."""
    return fields.risk.reaches(policy.approval_from)


def load_deviations(service: Service, *, today: date) -> Deviations:
    """The deviations in the work tree. Raises `RecordError`, which names every fault of every file."""
    return read_deviations(deviation_files(service), service.lock, today=today)


def load_deviation(service: Service, slug: str) -> Deviation:
    """One deviation, even if others are invalid: of two that clash, one must be closed somehow.

    Raises `RecordError` if it does not exist or is invalid.
    """
    contents = deviation_files(service)
    if f"{slug}.md" not in contents:
        raise _no_such_deviation(slug, [name.removesuffix(".md") for name in contents])
    try:
        return parse_deviation(f"{FOLDER}/{slug}.md", contents[f"{slug}.md"])
    except InvalidDeviation as error:
        raise_faults(error.faults)
        raise


def _no_such_deviation(slug: str, known: Iterable[str]) -> RecordError:
    from paved_road.offroad.front_matter import SLUG

    is_slug = re.fullmatch(SLUG, slug)
    return RecordError(
        f"there is no deviation {slug!r}",
        cause=f"{FOLDER}/{slug}.md does not exist" if is_slug else f"a slug is {_SLUG_IS}",
        hint=nearest(slug, known) or "paved off-road new",
    )


def deviation_files(service: Service) -> dict[str, bytes]:
    """The content of each deviation's file, by name. Raises `RecordError` for a link or a file that is too large."""
    return files_in(service.path)


def files_in(service: Path) -> dict[str, bytes]:
    """`deviation_files`, for a folder that may be no stamped service. Raises `RecordError`."""
    folder = service / FOLDER
    if not folder.is_dir():
        return {}
    if not is_in_place(service):
        raise_faults([DeviationFault(path=FOLDER, line=1, text=f"is a link; {_ONLY}, in the service")])
    names = sorted(path.name for path in folder.iterdir() if is_deviation(path.name))
    if len(names) > _MOST_FILES:
        text = f"holds {len(names)} files; paved reads {_MOST_FILES} at most"
        raise_faults([DeviationFault(path=FOLDER, line=1, text=text)])
    faults: list[DeviationFault] = []
    contents: dict[str, bytes] = {}
    left = contained.LIMIT
    for name in names:
        try:
            contents[name] = contained.read_regular(folder, name, limit=min(left, _LARGEST))
            left -= len(contents[name])
        except OSError as error:
            text = f"{str(error.strerror).removeprefix('it ')}; {_ONLY}"
            faults.append(DeviationFault(path=f"{FOLDER}/{name}", line=1, text=text))
    raise_faults(faults)
    return contents


def read_deviations(contents: Mapping[str, bytes], lock: Lock | None, *, today: date) -> Deviations:
    """The deviations in these files, by name. Raises `RecordError`, which names every fault of every file."""
    policy = policy_of(lock)
    faults: list[DeviationFault] = []
    by_slug: dict[str, Deviation] = {}
    for name, content in sorted(contents.items()):
        path = f"{FOLDER}/{name}"
        if "/" in name:
            faults.append(DeviationFault(path=path, line=1, text=f"is in a folder; {_ONLY}"))
            continue
        try:
            deviation = parse_deviation(path, content)
        except InvalidDeviation as error:
            faults += error.faults
            continue
        if twin := by_slug.get(deviation.id):
            faults.append(_fault(deviation, f"id {deviation.id!r} clashes with {twin.path}", "id"))
        by_slug[deviation.id] = deviation
        faults += _broken_rules(deviation, policy, lock, today)
    faults += _clashes(by_slug)
    globs = sum(is_glob(path) for deviation in by_slug.values() for path in deviation.fields.scope.paths or [])
    if globs > _MOST_GLOBS:
        text = f"holds {globs} patterns of paths; paved takes {_MOST_GLOBS} at most"
        faults.append(DeviationFault(path=FOLDER, line=1, text=text))
    raise_faults(faults)
    return Deviations(by_slug=by_slug, policy=policy)


def find_faults(path: str, content: bytes, lock: Lock | None, *, today: date) -> list[DeviationFault]:
    """What is wrong with one deviation by itself; its file need not exist yet."""
    try:
        return sorted(_broken_rules(parse_deviation(path, content), policy_of(lock), lock, today))
    except InvalidDeviation as error:
        return sorted(error.faults)


def raise_faults(faults: Iterable[DeviationFault]) -> None:
    """Raise a `RecordError` for these faults, if there are any."""
    texts = [str(fault) for fault in sorted(faults)]
    if texts:
        more = f"and {len(texts) - 1} more: {'; '.join(texts[1:])}" if texts[1:] else ""
        raise RecordError(texts[0], cause=more, hint=FIELDS_HINT)


# -- one file ----------------------------------------------------------------------------------------------------------


def parse_deviation(path: str, content: bytes) -> Deviation:
    """The deviation in a file, not yet compared with the rules of the road. Raises `InvalidDeviation`."""
    from pydantic import ValidationError

    from paved_road.offroad import document
    from paved_road.offroad.front_matter import FrontMatter

    try:
        parsed = document.parse(content)
        if not path.endswith(".md"):
            raise document.Broken("is not a deviation; only Markdown files with front matter belong here")
    except document.Broken as error:
        raise InvalidDeviation([DeviationFault(path=path, line=error.line, text=str(error))]) from error
    try:
        fields = FrontMatter.model_validate(_without_empty(parsed.data))
    except ValidationError as error:
        faults = [
            DeviationFault(path=path, line=_line(parsed, one), text=_text(one, parsed.data)) for one in error.errors()
        ]
        raise InvalidDeviation(faults) from error
    return Deviation(path=path, fields=fields, document=parsed)


def _without_empty(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value: `approved_by:` with nothing behind it is as good as no such line."""
    return {
        key: _without_empty(value) if isinstance(value, Mapping) else value
        for key, value in data.items()
        if value is not None
    }


def _line(document: Document, fault: ErrorDetails) -> int:
    where = tuple(part for part in fault["loc"] if part != "[key]")
    if fault["type"] == "missing" and len(where) == 1:
        return document.last_line  # where it can be added
    if not where:  # a rule over several fields: the message begins with the one to look at
        word = re.match(r"Value error, (?:the )?([a-z_]+)", fault["msg"])
        where = (word[1],) if word and (word[1],) in document.lines else ()
    return document.line(where)


def _text(fault: ErrorDetails, data: Mapping[str, Any]) -> str:
    from paved_road.files import yaml_faults
    from paved_road.offroad.front_matter import FrontMatter

    where, schema = yaml_faults.place(fault, data), FrontMatter.model_json_schema()
    name = ".".join(map(str, where))
    if fault["type"] == "extra_forbidden":
        return f"{name} is not a field of a deviation; {nearest(str(where[-1]), yaml_faults.keys(where[:-1], schema))}"
    if fault["type"] == "string_pattern_mismatch":
        return f"{name}: {fault['input']!r} is not a slug: use {_SLUG_IS}"
    text = yaml_faults.sentence(fault, where, schema)
    return f"{name}: {text}" if fault["type"] == "value_error" and where and str(where[-1]) not in text else text


# -- the rules of the road ---------------------------------------------------------------------------------------------


def _broken_rules(deviation: Deviation, policy: Policy, lock: Lock | None, today: date) -> Iterator[DeviationFault]:
    fields = deviation.fields
    stem = deviation.path.removeprefix(f"{FOLDER}/").removesuffix(".md")
    if fields.id != stem:
        yield _fault(deviation, f"id is {fields.id!r}, the file says {stem!r}: they must be the same", "id")
    if not deviation.is_open:
        return
    longest = today + timedelta(days=policy.days)
    if fields.review_by > longest:
        text = f"review_by is {(fields.review_by - today).days} days away; the road allows {policy.days}: {longest}"
        yield _fault(deviation, text, "review_by")
    if fields.created > today + timedelta(days=1):  # it may already be tomorrow where it was written
        yield _fault(deviation, f"created is {fields.created}, which is in the future", "created")
    if lock and _is_too_wide(deviation, lock):
        text = "scope.paths reaches every file that the road owns; a deviation covers one thing"
        yield _fault(deviation, text, "scope")
    if deviation.is_accepted:
        yield from _unapproved(deviation, policy)
        yield from _unargued(deviation)


def _fault(deviation: Deviation, text: str, *where: str) -> DeviationFault:
    return DeviationFault(path=deviation.path, line=deviation.line(*where), text=text)


def _is_too_wide(deviation: Deviation, lock: Lock) -> bool:
    """Whether a pattern, or a folder, matches every file that the road owns."""
    if all(path in lock.files for path in deviation.fields.scope.paths or []):
        return False
    owned = road_files(lock)
    return len(owned) > 1 and len(deviation.matches(owned)) == len(owned)


def _unapproved(deviation: Deviation, policy: Policy) -> Iterator[DeviationFault]:
    fields = deviation.fields
    if not needs_approval(fields, policy):
        return
    if not fields.approved_by:
        text = f"the risk is {fields.risk}, so it needs approved_by: paved off-road accept {fields.id} --by WHO"
        yield _fault(deviation, text, "risk")
    elif is_same_person(fields.requested_by, fields.approved_by):
        text = f"approved_by is the requester; at {policy.approval_from} risk or above, someone else must approve"
        yield _fault(deviation, text, "approved_by")


def _unargued(deviation: Deviation) -> Iterator[DeviationFault]:
    from paved_road.offroad.document import missing_sections

    for line, name in missing_sections(deviation.document):
        yield DeviationFault(path=deviation.path, line=line, text=f"the section ## {name} is empty: write it")


def is_same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: by the name, the handle or the mail address, in any case.

    >>> is_same_person("Ann Lee <ann@acme.example>", "ann@acme.example")
    True
    """

    def names(text: str) -> set[str]:
        name, bracket, mail = text.strip().partition("<")
        parts = (name, mail.removesuffix(">")) if bracket and mail.endswith(">") else (text,)
        return {" ".join(part.casefold().split()).lstrip("@") for part in parts} - {""}

    return bool(names(one) & names(other))


def _clashes(by_slug: Mapping[str, Deviation]) -> Iterator[DeviationFault]:
    """What is wrong with deviations that are valid one by one."""
    covered: dict[str, Deviation] = {}
    for deviation in by_slug.values():
        heir = deviation.fields.superseded_by
        if heir is not None and heir not in by_slug:
            yield _fault(deviation, f"superseded_by names {heir!r}, which does not exist", "superseded_by")
        if not deviation.is_accepted:
            continue
        practice = deviation.fields.scope.practice
        for name in [practice] if practice else sorted(deviation.fields.fingerprint or {}):
            first = covered.setdefault(name, deviation)
            if first is not deviation:
                yield _fault(deviation, f"scope: {first.path} covers {name} too", "scope")
