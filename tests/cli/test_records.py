"""The lock and the answers file: committed whatever git ignores, and told where they cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from paved_road import git
from paved_road.testing import evolve, make_road, write_files

Paved = Callable[..., CompletedProcess[str]]

RECORDS = [".copier-answers.yml", ".paved-road.lock"]

IGNORING = {
    "the lock, by the template": ("*.lock\n", ""),
    "the answers, by the template": (".copier-answers.yml\n", ""),
    "everything with a dot, by the template": (".*\n", ""),
    "the lock, by the person": ("", "*.lock\n"),
    "the answers, by the person": ("", ".copier*\n"),
}


def make(folder: Path, template_ignores: str, person_ignores: str) -> Path:
    """A road; what the person ignores everywhere is in git's global configuration."""
    write_files(folder, {"ignored-everywhere": person_ignores})
    git.process.run("config", "--global", "core.excludesFile", folder / "ignored-everywhere", cwd=folder)
    return make_road(folder / "road", {"copier.yml": "", ".gitignore.jinja": template_ignores, "a.txt": "1\n"})


@pytest.mark.parametrize("ignoring", IGNORING)
def test_records_that_git_ignores_are_committed_and_updated(here: Paved, tmp_path: Path, ignoring: str) -> None:
    road, service = make(tmp_path, *IGNORING[ignoring]), tmp_path / "service"
    assert here("new", service, "--road", road, "--defaults").returncode == 0
    tracked = git.process.text("ls-files", cwd=service).splitlines()
    assert [name for name in tracked if name in RECORDS] == RECORDS
    evolve(road, {"a.txt": "2\n"}, tag="v1.1.0")
    assert here("update", service, "--dry-run").returncode == 0
    done = here("update", service, "--commit")
    assert (done.returncode, "conflict" in done.stdout) == (0, False)
    assert json.loads(git.process.run("show", "HEAD:.paved-road.lock", cwd=service))["version"] == "1.1.0"
    assert here("status", service).returncode == 0


@pytest.mark.parametrize("ignoring", ["the lock, by the template", "the answers, by the person"])
def test_in_a_repository_of_many_it_is_said_which_records_git_ignores(
    here: Paved, tmp_path: Path, ignoring: str
) -> None:
    road = make(tmp_path, *IGNORING[ignoring])
    top = make_road(tmp_path / "many", {"README": "x\n"}, tag=None)
    said = here("new", top / "mail", "--road", road, "--defaults")
    record = ".paved-road.lock" if "lock" in ignoring else ".copier-answers.yml"
    assert f"git add --force {record}" in said.stderr
    git.process.run("add", "--all", cwd=top)
    git.process.run("commit", "--quiet", "--message", "Without it", cwd=top)
    evolve(road, {"a.txt": "2\n"}, tag="v1.1.0")
    for words in (["--dry-run"], []):
        refused = here("update", top / "mail", *words)
        assert (refused.returncode, f"not committed: {record}" in refused.stderr) == (2, True)
        assert git.process.text("status", "--porcelain", cwd=top) == ""
    git.process.run("-C", top / "mail", "add", "--force", record, cwd=top)
    git.process.run("commit", "--quiet", "--message", "With it", cwd=top)
    assert here("update", top / "mail").returncode == 0


@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_adopt_says_which_records_git_ignores(here: Paved, tmp_path: Path, words: list[str]) -> None:
    road = make(tmp_path, "", "")
    path = make_road(tmp_path / "legacy", {".gitignore": "*.lock\n"}, tag=None)
    done = here("adopt", path, "--road", road, "--defaults", *words)
    assert (done.returncode, "git add --force .paved-road.lock" in done.stderr) == (0, True)
