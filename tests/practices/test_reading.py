"""Every fault of a practice's file is named by its line."""

from __future__ import annotations

import pytest

from paved_road.practices.model import CheckKind, Level
from paved_road.practices.reading import InvalidPractice, read_practice

GOOD = """\
---
title: Stock is right
since: 1.10
level: silver
check: static
source: Our own outage
source_url: https://wiki.acme.example/outages/12
source_date: 2026-11-24
remedy: Ask again.
---
Why.
"""


def faults(text: str, name: str = "stock.md") -> list[str]:
    with pytest.raises(InvalidPractice) as caught:
        read_practice(f"practices/{name}", text.encode())
    return [str(fault) for fault in caught.value.faults]


def test_a_practice_is_what_its_file_says() -> None:
    practice = read_practice("practices/stock.md", GOOD.encode())
    assert (practice.slug, practice.since, practice.prose) == ("stock", "1.10", "Why.\n")
    assert (practice.level, practice.kind) == (Level.SILVER, CheckKind.STATIC)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("level: silver", "level: sliver", "4: level must be bronze, silver or gold; it is 'sliver'"),
        ("check: static", "check: manual", "5: check must be static, live or attested; it is 'manual'"),
        ("since: 1.10", "since: soon", "3: since must be a version such as 1.2.0; it is 'soon'"),
        ("2026-11-24", "2026-13-24", "8: source_date must be a year, or a date"),
        ("2026-11-24", "lately", "8: source_date must be a year, or a date"),
        ("https://wiki.acme.example/outages/12", "wiki", "7: source_url must be the address of a page"),
        ("title: Stock is right", "title:", "2: title is empty"),
        ("title: Stock is right", "title: |\n  a\n  b", "2: title must be text on one line"),
        ("title: Stock is right", "title: [a]", "2: title must be text on one line"),
        ("title: Stock is right", "title: " + "x" * 241, "2: title is longer than 240 characters"),
        ("remedy: Ask again.\n", "", "9: remedy is missing"),
        ("remedy:", "remedies:", "9: remedies is not a field of a practice; did you mean remedy?"),
        ("Why.\n", "", "10: the prose is missing"),
        ("---\ntitle", "title", "1: has no front matter"),
        ("remedy: Ask again.", "remedy: Ask again.\nremedy: x", "10: remedy is written twice"),
    ],
)
def test_a_fault_has_its_line(old: str, new: str, fault: str) -> None:
    assert GOOD.replace(old, new, 1) != GOOD
    found = faults(GOOD.replace(old, new, 1))
    assert any(one.startswith(f"practices/stock.md:{fault}") for one in found), found


def test_every_fault_is_named_at_once() -> None:
    found = faults("---\nlevel: x\n---\n")
    assert len(found) == 9
    assert found[0].startswith("practices/stock.md:2: level must be")
    assert "practices/stock.md:3: title is missing" in found


@pytest.mark.parametrize("name", ["Stock.md", "stock_right.md", "-.md", "x" * 61 + ".md", ".md"])
def test_the_name_of_the_file_is_a_slug(name: str) -> None:
    assert "is not a slug" in faults(GOOD, name)[0]


@pytest.mark.parametrize("date", ["2016", "2016-02", "2016-02-29"])
def test_a_source_may_be_as_vague_as_its_year(date: str) -> None:
    assert read_practice("stock.md", GOOD.replace("2026-11-24", date).encode()).source_date == date
