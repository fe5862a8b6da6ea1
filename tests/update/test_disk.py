"""What is really on disk counts, not what git was told, or has noticed: nothing of it is written over unseen."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road import git
from paved_road.testing import Evolution, Ran, make_road, paved, run, write_files
from tests.update.texts import LINES, with_lines

Begin = Callable[..., Evolution]


def branches(repository: Path) -> list[str]:
    return git.process.text("for-each-ref", "--format=%(refname:short)", "refs/heads", cwd=repository).split()


ROADS = with_lines({15: "the road's"})
MINE = "mine\n"


@pytest.fixture
def evolution(begin: Begin) -> Evolution:
    """A road that changes one file and deletes another."""
    evolution = begin({"conf/local.yml": "port: 1\n", "old.txt": "old\n", "run.sh": "one\n", "same.txt": "same\n"})
    evolution.release({"conf/local.yml": "port: 2\n", "old.txt": None, "run.sh": "two\n", "conf/new.txt": "new\n"})
    return evolution


def refused(evolution: Evolution, path: str, *said: str) -> Ran:
    """One message, exit 2, and the service is as it was: its files, its index, its commits."""
    service = evolution.service
    before = (service / path).read_text(), git.process.run("ls-files", "-s", "-v", cwd=service)
    for options in (["--dry-run"], [], ["--commit"], ["--branch", "new"]):
        done = paved("update", service, "--defaults", *options)
        assert done.returncode == 2, (options, done)
        for text in said:
            assert text in done.stderr
        assert ((service / path).read_text(), git.process.run("ls-files", "-s", "-v", cwd=service)) == before
    assert branches(service) == ["main"]
    return done


# -- flags -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["skip-worktree", "assume-unchanged"])
@pytest.mark.parametrize("path", ["conf/local.yml", "old.txt"])
def test_an_edit_behind_a_flag_is_refused(evolution: Evolution, flag: str, path: str) -> None:
    git.process.run("update-index", f"--{flag}", path, cwd=evolution.service)
    write_files(evolution.service, {path: MINE})
    remedy = f"git update-index --no-{flag} {path}"
    refused(evolution, path, f"error: {path} on disk differs from the last commit", flag, remedy)
    git.process.run(*remedy.split()[1:], cwd=evolution.service)
    assert git.process.text("status", "--porcelain", cwd=evolution.service) == f"M {path}"


def test_a_flagged_file_that_the_update_does_not_touch_keeps_edit_and_flag(evolution: Evolution) -> None:
    git.process.run("update-index", "--skip-worktree", "same.txt", cwd=evolution.service)
    write_files(evolution.service, {"same.txt": MINE})
    done = evolution.update("--commit")
    assert (done.code, done.files["same.txt"]) == (0, MINE)
    assert git.process.text("ls-files", "-v", "same.txt", cwd=evolution.service) == "S same.txt"


def test_a_flagged_file_that_is_as_committed_is_updated(evolution: Evolution) -> None:
    git.process.run("update-index", "--assume-unchanged", "conf/local.yml", cwd=evolution.service)
    assert evolution.update().files["conf/local.yml"] == "port: 2\n"


def test_a_file_deleted_behind_a_flag_is_no_sparse_checkout(evolution: Evolution) -> None:
    git.process.run("update-index", "--assume-unchanged", "conf/local.yml", cwd=evolution.service)
    (evolution.service / "conf/local.yml").unlink()
    assert evolution.update().code == 2
    assert not (evolution.service / "conf/local.yml").exists()


def test_ignore_stat_flags_every_file(evolution: Evolution) -> None:
    git.process.run("config", "core.ignoreStat", "true", cwd=evolution.service)
    git.process.run("update-index", "--really-refresh", cwd=evolution.service)
    git.process.run("update-index", "--assume-unchanged", "run.sh", cwd=evolution.service)
    write_files(evolution.service, {"run.sh": MINE})
    refused(evolution, "run.sh")


# -- what git does not notice ------------------------------------------------------------------------------------------


def unnoticed(service: Path, path: str, content: str) -> None:
    """Give a file another content of the same size, and the same times: git takes it for unchanged."""
    file = service / path
    old = file.stat()
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns - 10**12))
    git.process.run("update-index", "--refresh", cwd=service)
    file.write_text(content)
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns - 10**12))


@pytest.mark.parametrize("setting", ["checkStat", "trustctime"])
def test_an_edit_of_the_same_size_and_time_is_seen(evolution: Evolution, setting: str) -> None:
    git.process.run("config", "core.trustctime", "false", cwd=evolution.service)
    git.process.run(
        "config", "core.checkStat", "minimal" if setting == "checkStat" else "default", cwd=evolution.service
    )
    unnoticed(evolution.service, "run.sh", "man\n")
    assert git.process.text("status", "--porcelain", cwd=evolution.service) == ""
    refused(evolution, "run.sh")


def test_a_monitor_that_lies_is_not_believed(evolution: Evolution) -> None:
    service = evolution.service
    write_files(service, {".git/monitor*": '#!/bin/sh\nprintf "token\\0"\n'})
    git.process.run("config", "core.fsmonitor", ".git/monitor", cwd=service)
    git.process.run("config", "core.untrackedCache", "true", cwd=service)
    for _ in range(2):
        run("git", "status", cwd=service, env={"GIT_OPTIONAL_LOCKS": "1"})
    write_files(service, {"run.sh": "longer than it was\n"})
    assert run("git", "status", "--porcelain", "--untracked-files=no", cwd=service).stdout == ""
    refused(evolution, "run.sh")


# -- modes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--continue", "--abort"])
def test_a_mode_that_git_does_not_look_at_stays(begin: Begin, option: str) -> None:
    evolution = begin({"run.sh": LINES, "a.txt": LINES, "other.sh": "one\n"})
    evolution.edit({"a.txt": with_lines({3: "mine"}), "other.sh": "one\n"})
    evolution.release({"run.sh": ROADS, "a.txt": with_lines({3: "the road's"}), "other.sh": "two\n"})
    git.process.run("config", "core.fileMode", "false", cwd=evolution.service)
    (evolution.service / "run.sh").chmod(0o755)
    assert evolution.update().code == 1
    assert (evolution.service / "run.sh").read_text() == ROADS
    assert os.access(evolution.service / "run.sh", os.X_OK)
    git.process.run("checkout", "--ours", "a.txt", cwd=evolution.service)
    git.process.run("add", "a.txt", cwd=evolution.service)
    assert paved("update", evolution.service, option).returncode == 0
    assert os.access(evolution.service / "run.sh", os.X_OK)
    assert not os.access(evolution.service / "other.sh", os.X_OK)


# -- the index ---------------------------------------------------------------------------------------------------------


def test_an_intended_file_is_an_uncommitted_change(evolution: Evolution) -> None:
    write_files(evolution.service, {"conf/new.txt": MINE})
    git.process.run("add", "--intent-to-add", "conf/new.txt", cwd=evolution.service)
    done = paved("update", evolution.service)
    assert (done.returncode, "conf/new.txt" in done.stderr) == (2, True)
    assert (evolution.service / "conf/new.txt").read_text() == MINE


# -- sparse checkouts --------------------------------------------------------------------------------------------------


@pytest.fixture(params=["--no-sparse-index", "--sparse-index"])
def sparse(begin: Begin, request: pytest.FixtureRequest) -> Evolution:
    """A service of which only `in/` is checked out."""
    evolution = begin({"in/a.txt": LINES, "out/a.txt": LINES, "out/edited.txt": LINES, "out/gone.txt": "gone\n"})
    evolution.edit({"out/edited.txt": with_lines({3: "mine"})})
    evolution.release({"in/a.txt": ROADS, "out/a.txt": ROADS, "out/edited.txt": ROADS, "out/gone.txt": None})
    git.process.run("sparse-checkout", "set", "--cone", request.param, "in", cwd=evolution.service)
    assert not (evolution.service / "out").exists()
    return evolution


def test_files_outside_of_a_sparse_checkout_are_updated_and_stay_outside(sparse: Evolution) -> None:
    done = sparse.update("--commit")
    assert (done.code, done.files) == (0, {"in/a.txt": ROADS})
    service = sparse.service
    assert git.process.text("status", "--porcelain", cwd=service) == ""
    assert git.process.run("show", "HEAD:out/a.txt", cwd=service).decode() == ROADS
    assert git.process.run("show", "HEAD:out/edited.txt", cwd=service).decode() == with_lines(
        {3: "mine", 15: "the road's"}
    )
    assert not git.has_file(service, "HEAD", "out/gone.txt")
    git.process.run("sparse-checkout", "disable", cwd=service)
    assert (service / "out/a.txt").read_text() == ROADS


def test_an_aborted_update_leaves_a_sparse_checkout_as_it_was(sparse: Evolution) -> None:
    sparse.release({"out/edited.txt": with_lines({3: "the road's"})}, tag="v1.2.0")
    before = git.process.run("ls-files", "-s", "-t", cwd=sparse.service)
    done = sparse.update()
    assert done.conflicts == ("out/edited.txt",)
    assert "<<<<<<<" in done.files["out/edited.txt"]
    assert "out/a.txt" not in done.files
    assert paved("update", sparse.service, "--abort").returncode == 0
    assert git.process.run("ls-files", "-s", "-t", cwd=sparse.service) == before
    assert git.process.text("status", "--porcelain", cwd=sparse.service) == ""
    assert not (sparse.service / "out").exists()


def test_what_is_staged_elsewhere_is_not_committed_with_a_sparse_update(tmp_path: Path, sparse: Evolution) -> None:
    mono = make_road(tmp_path / "mono", {"other/a.txt": "a\n"}, tag=None)
    git.process.run("sparse-checkout", "disable", cwd=sparse.service)
    run("git", "clone", "-q", sparse.service, mono / "svc", cwd=tmp_path).check_returncode()
    run("rm", "-rf", mono / "svc" / ".git", cwd=tmp_path)
    git.process.run("add", "--all", cwd=mono)
    git.process.run("commit", "--quiet", "-m", "one repository", cwd=mono)
    git.process.run("sparse-checkout", "set", "--cone", "svc/in", "other", cwd=mono)
    write_files(mono, {"other/a.txt": "staged\n"})
    git.process.run("add", "other/a.txt", cwd=mono)
    done = paved("update", mono / "svc", "--commit")
    assert (done.returncode, "other/a.txt is staged" in done.stderr) == (2, True)
    git.process.run("restore", "--staged", "other/a.txt", cwd=mono)
    assert paved("update", mono / "svc", "--continue").returncode == 0
    assert git.process.run("show", "HEAD:svc/out/a.txt", cwd=mono).decode() == ROADS
    assert git.process.run("show", "HEAD:other/a.txt", cwd=mono).decode() == "a\n"
