"""What git, or another update, has begun in the repository: told, and never made a part of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import Evolution, evolve, make_road, paved, run, write_files
from tests.update.texts import LINES, with_lines

Begin = Callable[..., Evolution]


def branches(repository: Path) -> list[str]:
    return git.process.text("for-each-ref", "--format=%(refname:short)", "refs/heads", cwd=repository).split()


@pytest.fixture
def mono(begin: Begin, tmp_path: Path) -> Path:
    """A repository of several services, one of which can be updated."""
    evolution = begin({"a.txt": LINES})
    mono = make_road(tmp_path / "mono", {"other.txt": "1\n"}, tag=None)
    run("git", "clone", "--quiet", evolution.service, mono / "svc", cwd=tmp_path).check_returncode()
    run("rm", "-rf", mono / "svc" / ".git", cwd=tmp_path)
    evolve(mono, {}, message="svc")
    evolution.release({"a.txt": with_lines({3: "the road's"})})
    return mono


def two_branches(mono: Path) -> None:
    """Two commits that conflict outside of the service; `main` is checked out."""
    git.process.run("checkout", "--quiet", "-b", "side", cwd=mono)
    evolve(mono, {"other.txt": "side\n"}, message="side")
    git.process.run("checkout", "--quiet", "main", cwd=mono)
    evolve(mono, {"other.txt": "main\n"}, message="main")


OPERATIONS = {
    "a merge": ["merge", "side"],
    "a cherry-pick": ["cherry-pick", "side"],
    "a revert": ["revert", "--no-edit", "HEAD~1"],
    "a rebase": ["rebase", "side"],
    "git am": ["am", "--3way", "../side.patch"],
}


@pytest.mark.parametrize("decided", [False, True])
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_update_does_not_become_part_of_an_operation(mono: Path, name: str, decided: bool) -> None:
    two_branches(mono)
    if name == "a revert":
        evolve(mono, {"other.txt": "again\n"}, message="again")
    (mono.parent / "side.patch").write_bytes(git.process.run("format-patch", "-1", "--stdout", "side", cwd=mono))
    assert run("git", *OPERATIONS[name], cwd=mono).returncode != 0
    if decided:
        write_files(mono, {"other.txt": "decided\n"})
        git.process.run("add", "other.txt", cwd=mono)
    before = git.process.run("status", "--porcelain=v2", "--branch", cwd=mono)
    for options in ([], ["--commit"], ["--branch", "new"]):
        done = paved("update", mono / "svc", *options)
        assert (done.returncode, f"{name} is in progress" in done.stderr) == (2, True), done
        assert "--abort" in done.stderr
    assert git.process.run("status", "--porcelain=v2", "--branch", cwd=mono) == before


def test_a_bisect_takes_no_commit(mono: Path) -> None:
    two_branches(mono)
    git.process.run("bisect", "start", "HEAD", "HEAD~2", cwd=mono)
    done = paved("update", mono / "svc", "--commit")
    assert (done.returncode, "a bisect is in progress" in done.stderr) == (2, True)
    assert paved("update", mono / "svc").returncode == 0


def test_conflicts_elsewhere_in_the_index_are_in_no_way_until_a_commit(mono: Path) -> None:
    write_files(mono, {"other.txt": "stashed\n"})
    git.process.run("stash", cwd=mono)
    evolve(mono, {"other.txt": "main\n"}, message="main")
    assert run("git", "stash", "pop", cwd=mono).returncode == 1
    done = paved("update", mono / "svc", "--commit")
    assert (done.returncode, "other.txt is not merged" in done.stderr) == (2, True)
    assert paved("update", mono / "svc").returncode == 0
    assert git.unmerged_files(mono) == ["other.txt"]
    assert git.process.text("diff", "--cached", "--name-only", "svc/a.txt", cwd=mono) == "svc/a.txt"


# -- git's locks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", ["index.lock", "HEAD.lock", "refs/heads/main.lock"])
def test_a_lock_file_of_git_is_reported_before_anything_is_written(mono: Path, lock: str) -> None:
    (mono / ".git" / lock).touch()
    done = paved("update", mono / "svc", "--commit")
    assert (done.returncode, f"rm {mono / '.git' / lock}" in done.stderr) == (2, True)
    assert git.process.text("status", "--porcelain", cwd=mono) == ""
    (mono / ".git" / lock).unlink()
    assert paved("update", mono / "svc", "--commit").returncode == 0


@pytest.mark.parametrize("lock", ["config.lock", "packed-refs.lock"])
def test_a_lock_file_on_what_no_update_writes_is_ignored(mono: Path, lock: str) -> None:
    (mono / ".git" / lock).touch()
    assert paved("update", mono / "svc", "--branch", "new").returncode == 0


def test_a_later_lock_file_is_reported_and_not_removed(mono: Path) -> None:
    evolve(mono, {"svc/a.txt": with_lines({3: "ours"})}, message="ours")
    assert paved("update", mono / "svc").returncode == 1
    lock = mono / ".git" / "index.lock"
    lock.touch()
    done = paved("update", mono / "svc", "--abort")
    assert (done.returncode, f"rm {lock}" in done.stderr) == (2, True)
    lock.unlink()
    assert paved("update", mono / "svc", "--abort").returncode == 0
    assert git.process.text("status", "--porcelain", cwd=mono) == ""


# -- branches ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(mono: Path) -> Path:
    """A hook refused the commit of `update --branch new`."""
    write_files(mono, {".git/hooks/pre-commit*": "#!/bin/sh\nexit 1\n"})
    assert paved("update", mono / "svc", "--branch", "new").returncode == 2
    assert git.process.text("symbolic-ref", "HEAD", cwd=mono) == "refs/heads/new"
    return mono


def test_abort_leaves_the_branch_that_the_update_started(refused: Path) -> None:
    assert paved("update", refused / "svc", "--abort").returncode == 0
    assert git.process.text("symbolic-ref", "HEAD", cwd=refused) == "refs/heads/main"
    assert branches(refused) == ["main"]
    assert git.process.text("status", "--porcelain", cwd=refused) == ""


def test_abort_goes_back_to_a_detached_head(mono: Path) -> None:
    git.process.run("checkout", "--quiet", "--detach", cwd=mono)
    before = git.process.text("rev-parse", "HEAD", cwd=mono)
    write_files(mono, {".git/hooks/pre-commit*": "#!/bin/sh\nexit 1\n"})
    assert paved("update", mono / "svc", "--branch", "new").returncode == 2
    assert paved("update", mono / "svc", "--abort").returncode == 0
    assert git.process.maybe("symbolic-ref", "--quiet", "HEAD", cwd=mono) is None
    assert git.process.text("rev-parse", "HEAD", cwd=mono) == before
    assert branches(mono) == ["main"]


def test_continue_may_name_another_branch(refused: Path) -> None:
    (refused / ".git/hooks/pre-commit").unlink()
    assert paved("update", refused / "svc", "--continue", "--branch", "other").returncode == 0
    assert git.process.text("symbolic-ref", "HEAD", cwd=refused) == "refs/heads/other"
    assert branches(refused) == ["main", "other"]


def test_continue_on_an_existing_branch_is_refused(mono: Path) -> None:
    git.process.run("branch", "theirs", cwd=mono)
    evolve(mono, {"svc/a.txt": with_lines({3: "ours"})}, message="ours")
    assert paved("update", mono / "svc").returncode == 1
    git.process.run("checkout", "--ours", "svc/a.txt", cwd=mono)
    git.process.run("add", "svc/a.txt", cwd=mono)
    done = paved("update", mono / "svc", "--continue", "--branch", "theirs")
    assert (done.returncode, "the branch 'theirs' already exists" in done.stderr) == (2, True)
    assert paved("update", mono / "svc", "--continue", "--branch", "new").returncode == 0
    assert git.process.text("symbolic-ref", "HEAD", cwd=mono) == "refs/heads/new"
    assert git.process.text("log", "-1", "--format=%s", cwd=mono) == "Update svc from 1.0.0 to 1.1.0"


# -- records that cannot be read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["--continue", "--abort"])
@pytest.mark.parametrize("content", ['{"lock": 1, "ro', "", None, "<<<<<<< a\n=======\n>>>>>>> b\n"])
@pytest.mark.parametrize("record", [".paved-road.lock", ".copier-answers.yml"])
def test_recovery_reads_no_record(mono: Path, record: str, content: str | None, word: str) -> None:
    evolve(mono, {"svc/a.txt": with_lines({3: "ours"})}, message="ours")
    before = (mono / "svc" / record).read_bytes()
    assert paved("update", mono / "svc").returncode == 1
    after = (mono / "svc" / record).read_bytes()
    write_files(mono / "svc", {"a.txt": LINES})
    git.process.run("add", "svc/a.txt", cwd=mono)
    (mono / ".git" / "paved-update-svc" / "written").unlink()  # as if it had been cut off while it wrote
    write_files(mono / "svc", {record: content})
    done = paved("update", mono / "svc", word)
    assert done.returncode == (1 if word == "--continue" else 0), done
    assert (mono / "svc" / record).read_bytes() == (after if word == "--continue" else before)


@pytest.mark.parametrize("words", [("status",), ("drift",), ("update",), ("off-road", "list")])
def test_a_half_written_lock_is_reported_as_an_update_in_progress(mono: Path, words: tuple[str, ...]) -> None:
    evolve(mono, {"svc/a.txt": with_lines({3: "ours"})}, message="ours")
    assert paved("update", mono / "svc").returncode == 1
    write_files(mono / "svc", {".paved-road.lock": '{"lock": 1, "ro'})
    done = paved(*words, mono / "svc")
    assert (done.returncode, "paved update --continue, or paved update --abort" in done.stderr) == (2, True), done


def test_a_broken_journal_costs_no_line(mono: Path) -> None:
    evolve(mono, {"svc/a.txt": with_lines({3: "ours"})}, message="ours")
    assert paved("update", mono / "svc").returncode == 1
    write_files(mono, {"svc/a.txt": "an hour of work\n", ".git/paved-update-svc/journal.json": "{"})
    done = paved("update", mono / "svc", "--abort")
    assert done.returncode == 2
    hint = done.stderr.split("hint: ")[1].split(" keeps")[0]
    run("sh", "-c", hint, cwd=mono).check_returncode()
    assert git.process.run("show", "stash@{0}:svc/a.txt", cwd=mono) == b"an hour of work\n"
    assert git.process.text("status", "--porcelain", cwd=mono) == ""
