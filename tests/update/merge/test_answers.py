"""Answers files are merged question by question."""

from __future__ import annotations

import pytest

from paved_road.update.merge.answers import merge_answers_files

MERGES = {
    "one-sided": (b"a: 1\nb: 2\n", b"a: 9\nb: 2\n", b"a: 1\nb: 8\nc: 7\n", b"a: 9\nb: 8\nc: 7\n"),
    "removed": (b"a: 1\nb: 2\n", b"b: 3\n", b"a: 1\nb: 2\n", b"b: 3\n"),
    "the same in another spelling": (b"a: x\n", b"a: y\n", b"a: y\n", b"a: y\n"),
    "a text of lines": (b"a: |\n  x\n  y\nb: 1\n", b"a: |\n  x\n  z\nb: 1\n", b"a: |\n  x\n  y\nb: 2\n",
                        b"a: |\n  x\n  z\nb: 2\n"),
    "both add to a list": (b"a:\n- x\nb: 1\n", b"a:\n- x\n- y\nb: 1\n", b"a:\n- x\n- z\nb: 2\n",
                           b"a:\n- x\n- y\n- z\nb: 2\n"),
    "no last newline": (b"a: 1\nb: 2", b"a: 3\nb: 2", b"a: 1\nb: 4", b"a: 3\nb: 4\n"),
    "a comment on top": (b"# x\na: 1\n", b"# x\na: 2\n", b"# y\na: 1\n", b"# y\na: 2\n"),
    "no base": (b"", b"a: 1\n", b"a: 1\nb: 2\n", b"a: 1\nb: 2\n"),
    "not sorted": (b"z: 1\na: 1\n", b"z: 1\na: 1\n", b"z: 1\ny: 3\na: 1\n", b"z: 1\ny: 3\na: 1\n"),
    "one line for all": (b"{a: 1, b: 2}\n", b"{a: 1, b: 3}\n", b"{a: 1, b: 2}\n", b"{a: 1, b: 3}\n"),
}  # fmt: skip


@pytest.mark.parametrize("newer_is_ours", [True, False])
@pytest.mark.parametrize("case", MERGES)
def test_answers_files_merge_question_by_question(case: str, newer_is_ours: bool) -> None:
    base, ours, theirs, expected = MERGES[case]
    assert merge_answers_files("a.yml", base, ours, theirs, newer_is_ours=newer_is_ours) == expected
