"""Tables on terminals of every width: a word is never broken, and nothing is lost."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from paved_road import git
from paved_road.text import tables

COLUMNS = ("record", "status", "excuses", "risk", "owner", "review by")
ROWS = [
    ("own-base-image", "accepted", "Dockerfile", "medium", "team-orders", "2027-02-24"),
    ("no-horizontal-pod-autoscaler", "accepted expiring", "deploy/base/autoscaler.yaml", "low", "orders", "2026-12-01"),
    ("日本-record", "proposed", "src/日本.py, src/b.py", "high", "équipe", "2027-01-01"),
]


@pytest.mark.parametrize("width", [1, 20, 40, 60, 80, 100, 200, None])
def test_no_word_is_broken_and_none_is_lost(width: int | None) -> None:
    lines = tables.table(COLUMNS, ROWS, width)
    words = " ".join(lines).split()
    for row in ROWS:
        for cell in row:
            assert all(word in words for word in cell.split()), cell
    assert not [line for line in lines if line != line.rstrip()]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_a_table_is_no_wider_than_the_terminal(width: int) -> None:
    assert max(len(line) for line in tables.table(COLUMNS, ROWS, width)) <= width


def test_a_table_that_fits_has_a_line_for_each_row() -> None:
    for width in (None, 200):
        first, *rest = tables.table(COLUMNS, ROWS, width)
        assert (first.split(), len(rest)) == ([*" ".join(COLUMNS).split()], len(ROWS))


def test_cells_wrap_between_words_and_the_longest_text_gives_way() -> None:
    rows = [("pass", "git", "2.39.5"), ("fail", "cache", "cannot be written; allow yourself to write there")]
    assert tables.table(("", "what", "found"), rows, 40) == [
        "      what   found",
        "pass  git    2.39.5",
        "fail  cache  cannot be written; allow",
        "             yourself to write there",
    ]


def test_what_fits_in_no_table_is_told_in_blocks() -> None:
    assert tables.table(COLUMNS[:3], [row[:3] for row in ROWS[:2]], 30) == [
        "record: own-base-image",
        "status: accepted",
        "excuses: Dockerfile",
        "",
        "record:",
        "  no-horizontal-pod-autoscaler",
        "status: accepted expiring",
        "excuses:",
        "  deploy/base/autoscaler.yaml",
    ]


def test_wide_letters_take_two_columns() -> None:
    assert tables.table(("a", "b"), [("日本", "x"), ("é", "y")], None) == ["a     b", "日本  x", "é     y"]


def test_files_are_a_tree() -> None:
    found = tables.tree({"b/c": "road", "a": "", "b/d/e": "", "f": "shared"}, "root/")
    assert list(found) == [
        "root/",
        "├── a",
        "├── b/",
        "│   ├── c  road",
        "│   └── d/",
        "│       └── e",
        "└── f  shared",
    ]


@pytest.mark.parametrize(("columns", "widest"), [(40, 40), (60, 60), (200, 200)])
def test_a_terminal_sets_the_width(columns: int, widest: int, tmp_path: Path) -> None:
    code = f"from paved_road import ui; ui.table({COLUMNS!r}, {ROWS!r})"
    ours, theirs = pty.openpty()
    env = git.environment() | {"COLUMNS": str(columns), "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", code], stdout=theirs, env=env, cwd=tmp_path, check=True)
    os.close(theirs)
    said = b""
    try:
        while more := os.read(ours, 65536):
            said += more
    except OSError:  # Linux's end of a terminal
        pass
    os.close(ours)
    lines = said.decode().splitlines()
    assert max(map(len, lines)) <= widest
    assert ("record: own-base-image" in lines) == (columns < 80)
    assert "no-horizontal-pod-autoscaler" in said.decode()
