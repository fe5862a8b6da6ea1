"""Numbers of things in messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import paved_road
from paved_road.text.counts import counted


@pytest.mark.parametrize(("number", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files")])
def test_a_number_and_what_it_counts(number: int, said: str) -> None:
    assert counted(number, "file") == said
    assert counted(1, "reply", "replies") == "1 reply"


def test_no_message_counts_in_the_plural_alone() -> None:
    """A message that says how many things there are may have to say that there is one."""
    plural = re.compile(r"\{len\([^{}]*\)\} (?!faults|files; paved|times at once)[a-z]+s\b")
    sources = Path(paved_road.__file__).parent.rglob("*.py")
    found = [
        f"{source.name}: {match[0]}"
        for source in sources
        for match in plural.finditer(source.read_text())
        if "} of {" not in source.read_text()[match.start() - 20 : match.end()]  # 1 of 3 lines
    ]
    assert found == []
