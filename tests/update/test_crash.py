"""Cut off at any step, an update can be undone or finished, to exactly the state it would have had."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from paved_road import git
from paved_road.cli import main
from paved_road.errors import UsageError
from paved_road.service.model import open_service
from paved_road.settings.config import load_config
from paved_road.testing import PATIENCE, evolve, make_road, paved, run, running, write_files
from paved_road.update import apply
from paved_road.update.model import UpdateRequest
from paved_road.update.plan import planning
from tests.renderers import assume_agreement
from tests.update.faults import Outcome, Server, server

LONG = "".join(f"line {number}\n" for number in range(1, 21))


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    assume_agreement(monkeypatch)
    with server() as running:
        yield running


@pytest.fixture
def service(tmp_path: Path, faults: Server) -> Path:
    """A service of a road whose next release changes files in every way, and runs commands."""
    files = {
        "copier.yml": "_subdirectory: template\nname: hi\n",
        "template/long.txt": LONG,
        "template/edited.txt": LONG,
        "template/gone/away.txt": "gone\n",
        "template/old.txt": "moved\n" * 9,
        "template/run.sh": "#!/bin/sh\n",
        "template/link": "to be replaced\n",
    }
    road = make_road(tmp_path / "road", files)
    assert main(["new", str(tmp_path / "hi"), "--road", str(road)]) == 0
    service = tmp_path / "hi"
    evolve(service, {"edited.txt": LONG.replace("line 2\n", "team\n"), "own.txt": "own\n"})
    migrations = [
        {"version": "1.1.0", "when": "{{ _stage == 'before' }}", "command": "echo before >> own.txt"},
        {"version": "1.1.0", "command": "test -e after.txt || echo after > after.txt"},
        {"version": "1.1.0", "command": "echo changed > long.txt"},
    ]
    evolve(
        road,
        {
            "copier.yml": yaml.safe_dump({"_subdirectory": "template", "_migrations": migrations, "name": "hi"}),
            "paved-road.yml": "owners: {derived: {made.lock: sh -c 'echo made > made.lock'}}\n",
            "template/edited.txt": LONG.replace("line 18\n", "road\n"),
            "template/gone/away.txt": None,
            "template/old.txt": None,
            "template/new/folder/moved.txt": "moved\n" * 9,
            "template/run.sh*": "#!/bin/sh\nexit 0\n",
            "template/deep/er/added.txt": "added\n",
        },
        tag="v1.1.0",
    )
    write_files(service, {"untracked.txt": "mine\n"})
    return service


@dataclass(frozen=True)
class State:
    """All that an update may change: files, index, commits. What git keeps unreachable does not count."""

    files: tuple[tuple[str, int, bytes], ...]
    index: bytes
    head: str
    refs: str
    commits: str


def differences(service: Path, expected: State) -> list[str]:
    """How a service is not as it should be."""
    found = look(service)
    files = sorted(str(file) for file in {*found.files} ^ {*expected.files})
    rest = [
        f"{name}: {getattr(found, name)!r}"
        for name in ("index", "head", "refs", "commits")
        if getattr(found, name) != getattr(expected, name)
    ]
    return [*files, *rest]


def look(service: Path) -> State:
    found = [path for path in sorted(service.rglob("*")) if ".git" not in path.parts and path.is_file()]
    return State(
        files=tuple((str(path.relative_to(service)), path.stat().st_mode, path.read_bytes()) for path in found),
        index=git.process.run("ls-files", "--stage", cwd=service),
        head=(service / ".git" / "HEAD").read_text(),
        refs=git.process.text("for-each-ref", "--format=%(refname)", cwd=service),
        commits=git.process.text("log", "--format=%T %s", cwd=service),
    )


def copy(service: Path, name: str, *, below: Path | None = None) -> Path:
    target = (below or service.parent) / "copies" / name / service.name
    shutil.rmtree(target.parent, ignore_errors=True)
    shutil.copytree(service, target, symlinks=True)
    return target


def is_in_progress(service: Path) -> bool:
    return (service / ".git" / "paved-update").exists()


@dataclass(frozen=True, kw_only=True)
class Case:
    """A command, the service it is typed in, and where it may lead."""

    start: Path
    words: tuple[str, ...]
    undone: State
    done: State
    code: int = 0

    def run(self, faults: Server, service: Path, fault: str = "", at: int = -1) -> Outcome:
        return faults.run(self.words[0], service, *self.words[1:], fault=fault, at=at)


def check(case: Case, faults: Server, fault: str, at: int) -> Outcome:
    """Run the command with a fault at one step; whatever is left must lead where it would have led."""
    hurt = copy(case.start, "hurt")
    outcome = case.run(faults, hurt, fault, at)
    assert outcome.code in (None, 0, 1, 2), outcome.out
    lead_on(case, faults, hurt, f"{outcome.steps[at]}: {outcome.out}" if at < len(outcome.steps) else "the end")
    return outcome


def lead_on(case: Case, faults: Server, hurt: Path, where: str) -> None:
    """What was cut off at `where` is untouched or over; or it can be undone, and finished."""
    if not is_in_progress(hurt):
        found = look(hurt)
        assert found in (case.undone, case.done), (where, differences(hurt, case.done))
        return
    undone = copy(hurt, "undone")
    aborted = faults.run("update", undone, "--abort")
    if look(hurt).commits == case.done.commits != case.undone.commits:
        assert "--continue ends the update" in aborted.out
    else:
        assert aborted.code == 0, (where, aborted)
        assert not differences(undone, case.undone), where
        assert not is_in_progress(undone)
    finished = faults.run("update", hurt, "--continue")
    if case.words[-1] == "--abort":
        assert "is being undone" in finished.out or not differences(hurt, look(case.start)), where
    else:
        assert finished.code == case.code, (where, finished)
        assert not differences(hurt, case.done), where


def check_all(case: Case, faults: Server, fault: str, *, every: int = 1) -> None:
    """A fault at every step from the one where the journal is written on, and at some of those before."""
    whole = case.run(faults, copy(case.start, "whole"))
    assert whole.code == case.code
    assert look(case.start.parent / "copies" / "whole" / case.start.name) == case.done
    begun = next((n for n, step in enumerate(whole.steps) if ".git/paved-update" in step), 0)
    assert len(whole.steps) - begun > 5
    numbers = [*range(0, begun, 9), *range(begun, len(whole.steps), every)]
    if not fault.startswith("kill"):  # a derived file that could not be made is a note, not a failure
        numbers = [number for number in numbers if "made.lock" not in whole.steps[number]]
    hits = [check(case, faults, fault, number) for number in numbers]
    assert {hit.code for hit in hits} & ({None} if fault.startswith("kill") else {2})


def committing(service: Path, faults: Server) -> Case:
    words = ("update", "--trust", "--commit")
    whole = copy(service, "model")
    assert faults.run("update", whole, *words[1:]).code == 0
    assert (whole / "made.lock").exists()
    assert (whole / "after.txt").exists()
    assert (whole / "own.txt").read_text() == "own\nbefore\n"
    assert (whole / "edited.txt").read_text() == LONG.replace("line 2\n", "team\n").replace("line 18\n", "road\n")
    return Case(start=service, words=words, undone=look(service), done=look(whole))


def branching(service: Path, faults: Server) -> Case:
    case = committing(service, faults)
    words = ("update", "--trust", "--branch", "new")
    whole = copy(service, "model")
    assert faults.run("update", whole, *words[1:]).code == 0
    done = look(whole)
    assert (done.head, done.commits) == ("ref: refs/heads/new\n", case.done.commits)
    return Case(start=service, words=words, undone=case.undone, done=done)


def conflicting(service: Path, faults: Server) -> Case:
    evolve(service, {"edited.txt": LONG.replace("line 18\n", "team\n")})
    git.process.run("rm", "--quiet", "--cached", "untracked.txt", cwd=service)
    git.process.run("commit", "--quiet", "-m", "untrack", cwd=service)
    whole = copy(service, "model")
    assert faults.run("update", whole, "--trust").code == 1
    return Case(start=service, words=("update", "--trust"), undone=look(service), done=look(whole), code=1)


def continuing(service: Path, faults: Server) -> Case:
    case = conflicting(service, faults)
    decided = copy(service, "decided")
    assert case.run(faults, decided).code == 1
    write_files(decided, {"edited.txt": LONG})
    git.process.run("add", "edited.txt", cwd=decided)
    whole = copy(decided, "model")
    assert faults.run("update", whole, "--continue").code == 0
    return Case(start=decided, words=("update", "--continue"), undone=case.undone, done=look(whole))


def aborting(service: Path, faults: Server) -> Case:
    case = conflicting(service, faults)
    begun = copy(service, "begun")
    assert case.run(faults, begun).code == 1
    return Case(start=begun, words=("update", "--abort"), undone=case.undone, done=case.undone)


CASES = {
    "committing": committing,
    "branching": branching,
    "conflicting": conflicting,
    "continuing": continuing,
    "aborting": aborting,
}


@pytest.mark.parametrize(("name", "every"), [("committing", 1), ("conflicting", 3), ("continuing", 2), ("aborting", 2)])
def test_killed_at_any_step(service: Path, faults: Server, name: str, every: int) -> None:
    check_all(CASES[name](service, faults), faults, "kill", every=every)


def test_git_killed_at_any_step_leaves_its_lock(service: Path, faults: Server) -> None:
    check_all(committing(service, faults), faults, "kill git", every=4)


def test_git_killed_over_a_snapshot_leaves_its_lock_beside_the_journal(service: Path, faults: Server) -> None:
    case = committing(service, faults)
    check(case, faults, "kill git", step_of(case, faults, "'read-tree', 'HEAD'"))


def test_killed_at_any_step_of_the_commit_on_a_new_branch(service: Path, faults: Server) -> None:
    case = branching(service, faults)
    steps = case.run(faults, copy(service, "counted")).steps
    first = next(number for number, step in enumerate(steps) if "paved-update/branch" in step)
    for number in range(first, len(steps)):
        check(case, faults, "kill", number)


@pytest.mark.parametrize("lock", ["HEAD.lock", "refs/heads/main.lock", "refs/heads/new.lock", "index.lock"])
def test_a_lock_that_git_left_while_it_committed_is_ours(service: Path, faults: Server, lock: str) -> None:
    case = branching(service, faults)
    hurt = copy(service, "hurt")
    case.run(faults, hurt, "kill", step_of(case, faults, "'commit', '--quiet'"))
    (hurt / ".git" / lock).touch()
    lead_on(case, faults, hurt, lock)


def test_an_older_lock_file_belongs_to_another_git(service: Path, faults: Server) -> None:
    case = committing(service, faults)
    hurt = copy(service, "hurt")
    case.run(faults, hurt, "kill", step_of(case, faults, "checkout-index"))
    lock = hurt / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (1, 1))
    told = faults.run("update", hurt, "--continue")
    assert (told.code, f"rm {lock}" in told.out) == (2, True), told
    lock.unlink()
    lead_on(case, faults, hurt, "an older lock")


def test_git_that_is_killed_alone_leaves_its_lock(
    service: Path, faults: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = committing(service, faults)
    hurt = copy(service, "hurt")
    killed = (
        'case " $* " in *" checkout-index "*) touch .git/index.lock; kill -9 $$;; esac; PATH=${PATH#*:} exec git "$@"'
    )
    write_files(tmp_path / "bin", {"git*": f"#!/bin/sh\n{killed}\n"})
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
        done = paved("update", hurt, "--trust", "--commit")
    assert (done.returncode, "git checkout-index was killed" in done.stderr) == (2, True), done
    lead_on(case, faults, hurt, "git was killed")


def test_git_killed_in_the_middle_of_a_file_leaves_half_of_it(service: Path, faults: Server) -> None:
    case = committing(service, faults)
    hurt = copy(service, "hurt")
    case.run(faults, hurt, "kill", step_of(case, faults, "checkout-index"))
    write_files(hurt, {"deep/er/added.txt": ""})
    lead_on(case, faults, hurt, "half a file")


def step_of(case: Case, faults: Server, word: str) -> int:
    """The first step that says this."""
    steps = case.run(faults, copy(case.start, "counted")).steps
    return next(number for number, step in enumerate(steps) if word in step)


@pytest.mark.parametrize("fault", ["disk full", "permission denied"])
def test_a_step_that_fails(service: Path, faults: Server, fault: str) -> None:
    check_all(committing(service, faults), faults, fault, every=3)


# -- two at once ---------------------------------------------------------------------------------------------------


def test_while_an_update_runs_no_other_one_does(service: Path, faults: Server) -> None:
    evolve(service.parent / "road", {"paved-road.yml": "owners: {derived: {made.lock: sleep 600}}\n"}, tag="v1.2.0")
    command = (sys.executable, "-m", "paved_road", "update", str(service), "--trust")
    with running(*command, cwd=service, env={}) as process:
        deadline = time.monotonic() + PATIENCE
        while not (service / ".git" / "paved-update" / "migrated-1").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        for word in ("--continue", "--abort"):
            refused = faults.run("update", service, word)
            assert (refused.code, "another update of this service is running" in refused.out) == (2, True)
        again = faults.run("update", service, "--trust")
        assert (again.code, "an update is in progress" in again.out) == (2, True)
        process.kill()
        process.wait()
    assert faults.run("update", service, "--abort").code == 0
    assert git.process.text("status", "--porcelain", cwd=service) == "?? untracked.txt"


@pytest.mark.parametrize(("case", "said"), [(conflicting, "is running"), (committing, "changed while")])
def test_of_two_updates_planned_at_once_the_first_wins(
    service: Path, faults: Server, case: Callable[[Path, Server], Case], said: str
) -> None:
    expected = case(service, faults)
    config, order = load_config({}), UpdateRequest(answers={}, trust=True, commit=True)
    opened = open_service(service)
    with planning(opened, order, config) as first, planning(opened, order, config) as second:
        apply.apply_plan(first)
        with pytest.raises(UsageError, match=said):
            apply.apply_plan(second)
    assert not differences(service, expected.done)


# -- the long proofs -----------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("fault", ["kill", "kill git", "disk full", "permission denied"])
@pytest.mark.parametrize("name", CASES)
def test_every_fault_at_every_step(service: Path, faults: Server, name: str, fault: str) -> None:
    check_all(CASES[name](service, faults), faults, fault)


@pytest.mark.soak
def test_killed_at_random_times_with_all_its_processes(service: Path, faults: Server) -> None:
    case = committing(service, faults)
    command = [sys.executable, "-m", "paved_road", "update", "--trust", "--commit"]
    for _ in range(2):  # the first time is slower: Copier renders the release, too
        whole, begun = copy(service, "whole"), time.monotonic()
        run(*command, whole, cwd=service).check_returncode()
        seconds = time.monotonic() - begun
    cut_off = 0
    for number in range(300):
        hurt = copy(service, "hurt")
        process = subprocess.Popen(
            [*command, hurt], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds * random.Random(number).uniform(0.4, 1))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        cut_off += is_in_progress(hurt)
        lead_on(case, faults, hurt, f"run {number}")
    assert cut_off > 0


@pytest.mark.soak
def test_a_disk_that_is_really_full(service: Path, faults: Server, tmp_path: Path) -> None:
    case = committing(service, faults)
    disk = tmp_path / "disk"
    disk.mkdir()
    for free in range(0, 400, 8):
        size = sum(path.stat().st_size // 4096 * 4 + 4 for path in service.rglob("*")) + free
        run("mount", "-t", "tmpfs", "-o", f"size={size}k", "none", disk, cwd=tmp_path).check_returncode()
        try:
            small = disk / service.name
            shutil.copytree(service, small, symlinks=True)
            case.run(faults, small)
            hurt = copy(small, "hurt", below=tmp_path)
        finally:
            run("umount", disk, cwd=tmp_path).check_returncode()
        lead_on(case, faults, hurt, f"{free} KiB free")
