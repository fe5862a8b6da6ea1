"""Attested practices: what no machine can tell, and what a team therefore states in `docs/attested/<slug>.md`.

The statement has an owner, evidence, and an end: when its review is overdue, it counts no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from paved_road.check.model import Fault, NotApplicable, Verdict
from paved_road.check.registry import AttestedCheck, attested_check
from paved_road.check.static.files import ServiceFiles
from paved_road.errors import nearest
from paved_road.files import front_matter
from paved_road.files.front_matter import Broken, Document
from paved_road.findings import Outcome

FOLDER = "docs/attested"
FIELDS: Mapping[str, str] = {
    "owner": "The team that stands for the statement.",
    "date": "The day on which it was true.",
    "review_by": "The last day on which it counts; at most a year after `date`.",
    "evidence": "The address of what shows it: the report of a drill, a dashboard, a ticket.",
}
"""The fields of a statement's front matter, all of them required."""
LONGEST = timedelta(days=366)
"""From the date of a statement to its review."""


@attested_check("stateful-redundancy")
def stateful_redundancy(files: ServiceFiles) -> None:
    """Only a service with a stateful dependency needs the statement. Raises `NotApplicable` for others."""
    if files.contract is None:
        raise NotApplicable("the service has no run contract that names its dependencies: write a run.yml")
    if not any(dependency.stateful for dependency in files.contract.dependencies):
        raise NotApplicable("no dependency in the run contract keeps data (stateful: true)")


def statement(slug: str) -> str:
    """The path of a practice's statement in a service."""
    return f"{FOLDER}/{slug}.md"


def example(today: date) -> str:
    """A statement to start from."""
    return (
        f"---\nowner: TEAM\ndate: {today}\nreview_by: {today + timedelta(days=180)}\nevidence: https://...\n---\n"
        "What you did, when, and what came of it.\n"
    )


def judge_attested(check: AttestedCheck, files: ServiceFiles, *, today: date) -> Verdict:
    """What a service's statement about a practice is worth today."""
    path = statement(check.slug)
    try:
        check.function(files)
    except NotApplicable as error:
        return Verdict(practice=check.slug, outcome=Outcome.NOT_APPLICABLE, message=str(error))
    if path not in files.texts:
        why = f"it cannot be read: {files.unread[path]}" if path in files.unread else "it does not exist"
        return _failed(check, [Fault(message=f"nobody states that it is so: {path}: {why}", path=path)])
    try:
        document = front_matter.parse(files.texts[path].encode())
    except Broken as error:
        return _failed(check, [Fault(message=f"the statement {error}", path=path, line=error.line)])
    if faults := [Fault(message=text, path=path, line=line) for line, text in _faults(document, today)]:
        return _failed(check, faults)
    review = date.fromisoformat(document.data["review_by"])
    if review < today:
        message = f"the review of the statement was due on {review}, so it counts no more"
        fault = Fault(message=message, path=path, line=document.line(("review_by",)), remedy=f"review {path}")
        return Verdict(practice=check.slug, outcome=Outcome.EXPIRED, message=message, faults=(fault,))
    message = f"{document.data['owner']} states it in {path} until {review}"
    return Verdict(practice=check.slug, outcome=Outcome.PASSED, message=message)


def _failed(check: AttestedCheck, faults: list[Fault]) -> Verdict:
    return Verdict(practice=check.slug, outcome=Outcome.FAILED, message=faults[0].message, faults=tuple(faults))


def _faults(document: Document, today: date) -> Iterator[tuple[int, str]]:
    for name, value in document.data.items():
        if wrong := _wrong(name, value):
            yield document.line((name,)), wrong
    for name in FIELDS:
        if name not in document.data:
            yield document.last_line, f"{name} is missing"
    if not document.prose.strip():
        yield document.prose_line, "the statement says nothing: write what was done, when, and what came of it"
    stated, review = (_day(document.data.get(name)) for name in ("date", "review_by"))
    if stated and review:
        yield from _broken_dates(document, stated, review, today)


def _wrong(name: str, value: object) -> str:
    if name not in FIELDS:
        return f"{name} is not a field of a statement; {nearest(name, FIELDS)}"
    if not isinstance(value, str) or not value.strip():
        return f"{name} is empty, or is no text"
    if name in ("date", "review_by") and _day(value) is None:
        return f"{name} is {value!r}, which is not a date such as 2026-11-24"
    if name == "evidence" and not re.fullmatch(r"https?://[^\s./][^\s/]*(/\S*)?", value):
        return f"evidence is {value!r}, which is not the address of a page (https://...)"
    return ""


def _day(value: object) -> date | None:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _broken_dates(document: Document, stated: date, review: date, today: date) -> Iterator[tuple[int, str]]:
    if stated > today + timedelta(days=1):  # it may already be tomorrow where it was written
        yield document.line(("date",)), f"date is {stated}, which is in the future"
    if review < stated:
        yield document.line(("review_by",)), f"review_by is {review}, which is before date"
    elif review > stated + LONGEST:
        yield document.line(("review_by",)), f"review_by is {review}, more than a year after date"
