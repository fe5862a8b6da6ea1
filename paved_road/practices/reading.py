"""A practice's file: front matter with known fields, and then why. Every fault has its file and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from paved_road.errors import nearest
from paved_road.files import front_matter
from paved_road.files.front_matter import Broken, Document
from paved_road.practices.model import CheckKind, Level, Practice
from paved_road.road.versions import is_version

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""The name of a practice, and so of its file."""
LONGEST_SLUG = 60
TODO = "TODO"
"""How a text begins that nobody has written yet (`paved practice new`)."""
LONGEST_LINE = 240
"""Characters of a field, which is one line of a terminal or of a report."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class PracticeFault:
    """Something that is wrong with a practice, and where."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


class InvalidPractice(Exception):
    """A file that is not a valid practice."""

    def __init__(self, faults: list[PracticeFault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def is_slug(text: str) -> bool:
    """Whether a practice may have this name."""
    return len(text) <= LONGEST_SLUG and SLUG.fullmatch(text) is not None


def read_practice(path: str, content: bytes) -> Practice:
    """The practice in a file, which is called `<slug>.md`. Raises `InvalidPractice` with every fault of the file."""
    slug = path.rpartition("/")[2].removesuffix(".md")
    try:
        document = front_matter.parse(content)
    except Broken as error:
        raise InvalidPractice([PracticeFault(path=path, line=error.line, text=str(error))]) from error
    if faults := [PracticeFault(path=path, line=line, text=text) for line, text in _faults(slug, document)]:
        raise InvalidPractice(sorted(faults))
    fields: Mapping[str, str] = document.data
    return Practice(
        slug=slug, title=fields["title"], since=fields["since"], level=Level(fields["level"]),
        kind=CheckKind(fields["check"]), source=fields["source"], source_url=fields["source_url"],
        source_date=fields["source_date"], remedy=fields["remedy"], prose=document.prose.strip() + "\n",
    )  # fmt: skip


def _faults(slug: str, document: Document) -> Iterator[tuple[int, str]]:
    if not is_slug(slug):
        yield 1, f"{slug!r} is not a slug: use lower-case letters, digits and single hyphens, {LONGEST_SLUG} at most"
    for name, value in document.data.items():
        if wrong := _wrong(name, value):
            yield document.line((name,)), wrong
    for name in FIELDS:
        if name not in document.data:
            yield document.last_line, f"{name} is missing"
    for number, text in enumerate(document.prose.splitlines(), document.prose_line):
        if text.startswith(TODO):
            yield number, f"the prose is not written yet: {text}"
    if not document.prose.strip():
        yield document.prose_line, "the prose is missing: write why the practice matters, and what its check does"


def _wrong(name: str, value: object) -> str:
    if name not in FIELDS:
        return f"{name} is not a field of a practice; {nearest(name, FIELDS)}"
    if value is None:
        return f"{name} is empty"
    if not isinstance(value, str) or "\n" in value.strip():
        return f"{name} must be text on one line"
    if len(value) > LONGEST_LINE:
        return f"{name} is longer than {LONGEST_LINE} characters"
    if value.startswith(TODO):
        return f"{name} is not written yet: {value}"
    wrong = FIELDS[name](value)
    return f"{name} {wrong}" if wrong else ""


# -- the fields --------------------------------------------------------------------------------------------------------


def _any(_: str) -> str:
    return ""


def _version(text: str) -> str:
    return "" if is_version(text) else f"must be a version such as 1.2.0; it is {text!r}"


def _one_of(words: list[str]) -> Callable[[str], str]:
    return lambda text: "" if text in words else f"must be {', '.join(words[:-1])} or {words[-1]}; it is {text!r}"


def _url(text: str) -> str:
    is_one = re.fullmatch(r"https?://[^\s/]+\S*", text)
    return "" if is_one else f"must be the address of a page that anybody can read; it is {text!r}"


def _date(text: str) -> str:
    wrong = f"must be a year, or a date such as 2026-11-24; it is {text!r}"
    if re.fullmatch(r"\d{4}", text):
        return ""
    try:
        date.fromisoformat(text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else f"{text}-01")
    except ValueError:
        return wrong
    return "" if re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", text) else wrong


FIELDS: Mapping[str, Callable[[str], str]] = {
    "title": _any,
    "since": _version,
    "level": _one_of([str(level) for level in Level]),
    "check": _one_of([str(kind) for kind in CheckKind]),
    "source": _any,
    "source_url": _url,
    "source_date": _date,
    "remedy": _any,
}
"""The fields of the front matter, all of them required, and what is wrong with a value; "" for nothing."""
