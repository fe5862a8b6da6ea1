"""Every kind of conflict: it is named, it is explained, it can be decided and it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import Evolution, Files, Link, paved
from paved_road.update.decisions import ConflictKind
from tests.update.texts import LINES, with_lines

Begin = Callable[..., Evolution]

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "resolve-conflicts.md"
MINE = with_lines({3: "mine"})
ROADS = with_lines({15: "the road's"})
SAME_LINE = with_lines({3: "the road's"})

KINDS: dict[str, tuple[Files, Files, Files]] = {
    "contents": ({"a": LINES}, {"a": MINE}, {"a": SAME_LINE}),
    "binary": ({"a": b"\0one"}, {"a": b"\0two"}, {"a": b"\0three"}),
    "modify/delete": ({"a": LINES, "b": "b\n"}, {"a": MINE}, {"a": None}),
    "rename/delete": ({"a": LINES, "b": "b\n"}, {"a": None, "mine": MINE}, {"a": None}),
    "rename/rename": ({"a": LINES}, {"a": None, "mine": MINE}, {"a": None, "new": ROADS}),
    "distinct modes": ({"a": LINES, "b": "b\n"}, {"a": Link("b")}, {"a": ROADS}),
    "file/directory": ({"c/a": LINES, "b": "b\n"}, {"c/a": MINE, "c/own": "own\n"}, {"c/a": None, "c": "one\n"}),
}


@pytest.fixture(params=KINDS)
def conflicted(request: pytest.FixtureRequest, begin: Begin) -> tuple[str, Evolution]:
    old, edits, new = KINDS[request.param]
    evolution = begin(old)
    evolution.edit(edits)
    evolution.release(new)
    return request.param, evolution


def test_every_kind_of_conflict_is_named_and_explained(conflicted: tuple[str, Evolution]) -> None:
    kind, evolution = conflicted
    done = evolution.update()
    assert done.code == 1
    details = {change["detail"] for change in done.envelope["result"]["changes"] if change["outcome"] == "conflict"}
    assert kind in details
    assert all(f"`{detail}`" in PAGE.read_text() for detail in details)


def test_the_page_has_every_kind() -> None:
    assert all(f"`{kind}`" in PAGE.read_text() for kind in ConflictKind)


def test_every_kind_of_conflict_can_be_decided(conflicted: tuple[str, Evolution]) -> None:
    _, evolution = conflicted
    evolution.update()
    assert paved("update", evolution.service, "--continue").returncode == 1
    for path in sorted(evolution.service.rglob("*")):
        if path.is_file() and not path.is_symlink() and b"<<<<<<< " in path.read_bytes() and ".git" not in path.parts:
            path.write_text("decided\n")
    git.process.run("add", "--all", cwd=evolution.service)
    said = paved("update", evolution.service, "--continue")
    assert said.returncode == 0, said
    assert git.unmerged_files(evolution.service) == []


def test_every_kind_of_conflict_can_be_undone(conflicted: tuple[str, Evolution]) -> None:
    _, evolution = conflicted
    head = git.process.text("rev-parse", "HEAD^{tree}", cwd=evolution.service)
    evolution.update()
    assert paved("update", evolution.service, "--abort").returncode == 0
    assert git.process.text("status", "--porcelain", "--ignored", cwd=evolution.service) == ""
    assert git.process.text("write-tree", cwd=evolution.service) == head
