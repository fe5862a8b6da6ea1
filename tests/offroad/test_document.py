"""An edit changes the values that it should, and no other byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paved_road.offroad.document import Broken, Path, edit, missing_sections, parse

TEXT = """\
---
# Written in a hurry
id:   own-base-image
status: 'proposed'   # see the thread
scope:
    paths: [Dockerfile]   # only this one

approved_by:      # nobody yet
fingerprint:   # written by paved
  Dockerfile:
    road: 1
# about the links
links:
- "https://acme.example/ä"
---

# Ünser image
status: proposed
"""


def test_an_edit_leaves_everything_else_as_it_is() -> None:
    changes: dict[Path, Any] = {
        ("status",): "accepted",
        ("approved_by",): "Bo: the platform",
        ("fingerprint",): {"Dockerfile": {"road": "2"}, "a b.txt": {"road": "3"}},
        ("issue",): "42",
    }
    expected = (
        TEXT.replace("'proposed'", "accepted")
        .replace("approved_by:  ", 'approved_by: "Bo: the platform"  ')
        .replace("    road: 1\n", "    road: 2\n  a b.txt:\n    road: 3\n")
        .replace('ä"\n', 'ä"\nissue: 42\n')
    )
    assert edit(parse(TEXT.encode()), changes).decode() == expected


def test_an_edit_keeps_windows_line_ends() -> None:
    text = TEXT.replace("\n", "\r\n")
    done = edit(parse(text.encode()), {("fingerprint",): {"x": {"road": "2"}}, ("issue",): "42"})
    assert b"\n" not in done.replace(b"\r\n", b"")
    assert parse(done).data["fingerprint"] == {"x": {"road": "2"}}


def test_a_nested_value_is_edited_in_its_place() -> None:
    done = edit(parse(TEXT.encode()), {("scope", "paths", 0): "build/Dockerfile"})
    assert done.decode() == TEXT.replace("[Dockerfile]", "[build/Dockerfile]")


def test_what_cannot_be_edited_in_place_is_refused() -> None:
    with pytest.raises(Broken, match="cannot be edited in place"):
        edit(parse(b"---\n{id: x, status: proposed}\n---\n"), {("issue",): "42"})


values = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20).filter(lambda text: text)


@given(old=values, new=values, prose=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])))
def test_any_text_survives_being_written(old: str, new: str, prose: str) -> None:
    begun = edit(parse(f"---\nid: x # who\nowner: 'o'\n---\n{prose}\n".encode()), {("reason",): old})
    done = parse(edit(parse(begun), {("reason",): new, ("owner",): old}))
    assert done.data == {"id": "x", "owner": old, "reason": new}
    assert done.prose == f"\n{prose}\n"
    assert done.text.startswith("---\nid: x # who\n")


def test_values_are_the_text_that_was_written() -> None:
    data: Any = parse(b"---\na: 1.10\nb: no\nc: 2026-11-24\nd:\ne: ~\nf: 'null'\ng: 0o17\n---\n").data
    assert data == {"a": "1.10", "b": "no", "c": "2026-11-24", "d": None, "e": None, "f": "null", "g": "0o17"}


def test_a_heading_in_a_comment_says_nothing() -> None:
    prose = "---\nid: x\n---\n## Context\n<!--\n## Decision\nx\n-->\n## decision\nyes\n### Detail\n"
    assert [name for _, name in missing_sections(parse(prose.encode()))] == ["Context", "Consequences", "Way back"]
    assert missing_sections(parse(prose.encode()))[0][0] == 4
