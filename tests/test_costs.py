"""The costs that matter, without a clock: how many git processes a command starts, and how much they have to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import create, git
from paved_road.cli import main
from paved_road.git import Commit, Scratch
from paved_road.git.entries import SHA1, File, TreeId
from paved_road.service.model import open_service
from paved_road.settings.config import load_config
from paved_road.testing import commit, evolve, make_road
from paved_road.update.model import UpdateRequest
from paved_road.update.plan import Plan, Planner
from tests.update.test_batch import NEWER, TEMPLATE

Calls = Callable[[], list[str]]


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service of a road that has gone on, seen before by both renderers."""
    road = make_road(tmp_path / "road", TEMPLATE)
    path = tmp_path / "orders"
    config = load_config({"road": str(road)})
    create.create(create.plan(create.CreateRequest(destination=path, answers={}), config))
    commit(path)
    evolve(road, NEWER, tag="v1.1.0")
    with Planner(load_config()).plans([open_service(path)], UpdateRequest(answers={})) as (plan,):
        assert isinstance(plan, Plan)
    return path


def test_status_asks_git_seven_times_at_most(service: Path, git_calls: Calls) -> None:
    assert main(["status", str(service)]) == 1
    assert len(git_calls()) <= 7


def test_drift_asks_git_three_times_at_most(service: Path, git_calls: Calls) -> None:
    assert main(["drift", str(service)]) == 0
    assert len(git_calls()) <= 3


def test_an_update_asks_git_seventeen_times_at_most(service: Path, git_calls: Calls) -> None:
    assert main(["update", "--defaults", str(service)]) == 0
    calls = git_calls()
    assert len(calls) <= 17, calls


def test_what_did_not_change_is_not_written(tmp_path: Path) -> None:
    """A merge in a tree of a thousand files writes the one that changed."""
    files = {f"folder-{number % 10}/file-{number}": b"%d\n" % number for number in range(1000)}
    with Scratch(tmp_path / "scratch.git", []) as scratch:
        entries = {path: File(data).entry(SHA1) for path, data in files.items()}
        scratch.commit([Commit(branch="all", files=entries)])
        (tree,) = scratch.objects.ids(["all^{tree}"])
        assert tree is not None
        before = objects(scratch)
        changed = entries | {"folder-3/file-3": File(b"changed\n").entry(SHA1)}
        scratch.commit([Commit(branch="one", files=scratch.snapshot(TreeId(tree)).holding(changed))])
        # The commit, the root, the folder and the file.
        assert objects(scratch) - before == 4
        assert scratch.objects.files("one:") == changed


def objects(scratch: Scratch) -> int:
    listing = git.process.text("--git-dir", scratch.folder, "count-objects", "-v")
    counts = dict(line.split(": ") for line in listing.splitlines())
    return int(counts["count"]) + int(counts["in-pack"])
