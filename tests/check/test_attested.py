"""An attested practice passes by a statement that somebody stands for, as long as its review is not overdue."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from paved_road.check.attested import example, judge_attested, statement
from paved_road.check.contract.model import ContractDependency, RunContract
from paved_road.check.model import Subject, Verdict
from paved_road.check.registry import AttestedCheck, built_in_checks
from paved_road.check.static.files import ServiceFiles
from paved_road.findings import Outcome

SLUG = "stateful-redundancy"
TODAY = date(2026, 11, 27)
STATEMENT = """\
---
owner: orders-team
date: 2026-11-01
review_by: 2027-05-01
evidence: https://wiki.acme.example/drills/7
---
We lost a replica and restored a backup.
"""


def judged(text: str | None, *, stateful: bool = True, today: date = TODAY) -> Verdict:
    database = ContractDependency(name="database", env="DATABASE_URL", critical=True, stateful=stateful)
    contract = RunContract(
        start=("x",), port_env="PORT", port=None, live="/l", ready="/r", dependencies=(database,)
    )  # fmt: skip
    texts = {} if text is None else {statement(SLUG): text}
    files = ServiceFiles(subject=Subject(path=Path("/orders"), name="orders"), texts=texts, contract=contract)
    check = built_in_checks()[SLUG]
    assert isinstance(check, AttestedCheck)
    return judge_attested(check, files, today=today)


def test_a_statement_passes_until_its_review() -> None:
    assert judged(STATEMENT).outcome is Outcome.PASSED
    assert judged(STATEMENT, today=date(2027, 5, 1)).outcome is Outcome.PASSED
    overdue = judged(STATEMENT, today=date(2027, 5, 2))
    assert (overdue.outcome, overdue.faults[0].line) == (Outcome.EXPIRED, 4)


def test_a_service_without_a_statement_fails() -> None:
    verdict = judged(None)
    assert (verdict.outcome, verdict.faults[0].path) == (Outcome.FAILED, "docs/attested/stateful-redundancy.md")


def test_a_service_that_keeps_nothing_needs_none() -> None:
    assert judged(None, stateful=False).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("owner: orders-team", "owner:", 2),
        ("owner: orders-team\n", "", 5),
        ("date: 2026-11-01", "date: yesterday", 3),
        ("date: 2026-11-01", "date: 2026-12-24", 3),
        ("review_by: 2027-05-01", "review_by: 2026-10-01", 4),
        ("review_by: 2027-05-01", "review_by: 2029-01-01", 4),
        ("https://wiki.acme.example/drills/7", "trust me", 5),
        ("evidence:", "evidences:", 5),
        ("We lost a replica and restored a backup.", "", 6),
        ("---\nowner", "owner", 1),
    ],
)
def test_a_statement_that_is_wrong_fails_at_its_line(old: str, new: str, line: int) -> None:
    assert old in STATEMENT
    verdict = judged(STATEMENT.replace(old, new, 1))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.faults[0].line == line, verdict


def test_the_example_has_to_be_filled_in() -> None:
    """Its evidence is no address, so nobody passes by pasting it."""
    assert judged(example(TODAY)).outcome is Outcome.FAILED
