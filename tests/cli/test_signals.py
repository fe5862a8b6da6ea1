"""On SIGTERM and SIGHUP a command ends its children, removes its scratch files, and exits with the signal's code."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from paved_road import git
from paved_road.testing import PATIENCE, contents, evolve, make_road, paved, write_files

SIGNALS = [signal.SIGTERM, signal.SIGHUP]
STUCK = "echo $$ > {ready}.new && mv {ready}.new {ready} && sleep 600 && echo late > {late}"
"""A shell that writes down its process id, and waits with a child of its own."""


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """The file that appears when the command is in the middle of its work."""
    return tmp_path / "ready"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """The folder for temporary files, which must be empty at the end."""
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


@pytest.fixture
def ended(tmp_path: Path, ready: Path, scratch: Path) -> Iterator[Callable[..., tuple[int, str]]]:
    """`ended(SIGTERM, "update", ...)` runs a command and sends it the signal. Returns its exit code and its errors."""
    started: list[subprocess.Popen[str]] = []

    def run(number: int, *words: str | Path, path: Path | None = None) -> tuple[int, str]:
        command = [sys.executable, "-m", "paved_road", *map(str, words)]
        own = git.environment() | {"TMPDIR": str(scratch)}
        if path:
            own["PATH"] = f"{path}{os.pathsep}{own['PATH']}"
        process = subprocess.Popen(command, cwd=tmp_path, env=own, stderr=subprocess.PIPE, text=True)
        started.append(process)
        until(lambda: ready.exists() or process.poll() is not None)
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE)
        return process.returncode, said

    yield run
    for process in started:
        process.kill()
        process.wait()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(ready: Path) -> bool:
    """Whether every process in the group has ended; a zombie counts as ended."""
    group = ready.read_text().strip()
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = file.read_text().rsplit(")", 1)[1].split()[:3]
            if its_group == group and state != "Z":
                return False
    return True


def service_of(road: Path, service: Path) -> Path:
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    return service


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupted_update_stops_its_migration_and_can_be_undone(
    tmp_path: Path, ready: Path, scratch: Path, ended: Callable[..., tuple[int, str]], number: signal.Signals
) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": "_subdirectory: t\n", "t/a.txt": "1\n"})
    service = service_of(road, tmp_path / "service")
    stuck = {"version": "1.1.0", "command": STUCK.format(ready=ready, late="late.txt")}
    settings = yaml.safe_dump({"_subdirectory": "t", "_migrations": [stuck]})
    evolve(road, {"copier.yml": settings, "t/a.txt": "2\n"}, tag="v1.1.0")
    code, said = ended(number, "update", service, "--trust", "--commit")
    assert (code, f"ended by {number.name}" in said) == (128 + number, True)
    until(lambda: is_gone(ready))
    assert list(scratch.iterdir()) == []
    assert paved("update", service, "--abort").returncode == 0
    assert contents(service) == {"a.txt": "1\n"}
    assert git.process.text("status", "--porcelain", cwd=service) == ""


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupted_new_leaves_nothing(
    tmp_path: Path, ready: Path, scratch: Path, ended: Callable[..., tuple[int, str]], number: signal.Signals
) -> None:
    tasks = [STUCK.format(ready=ready, late=tmp_path / "late.txt")]
    road = make_road(tmp_path / "road", {"copier.yml": yaml.safe_dump({"_tasks": tasks}), "a.txt": "1\n"})
    before = sorted(tmp_path.iterdir())
    code, _ = ended(number, "new", tmp_path / "deep" / "service", "--road", road, "--defaults", "--trust")
    assert code == 128 + number
    until(lambda: is_gone(ready))
    assert list(scratch.iterdir()) == []
    assert sorted(tmp_path.iterdir()) == sorted([*before, ready])


def slow_git(folder: Path, ready: Path, word: str, then: str) -> Path:
    """A folder with a `git` that creates the `ready` file and waits if `word` is among its arguments."""
    script = f"""#!/bin/sh
case " $* " in *" {word} "*) {STUCK.format(ready=ready, late="/dev/null")}; {then};; esac
PATH="${{PATH#*:}}" exec git "$@"
"""
    write_files(folder, {"git*": script})
    return folder


def edited(tmp_path: Path) -> Path:
    road = make_road(tmp_path / "road", {"copier.yml": "_subdirectory: t\n", "t/a.txt": "1\n2\n3\n"})
    service = service_of(road, tmp_path / "service")
    evolve(service, {"own.txt": "own\n"})
    evolve(road, {"t/a.txt": "1\n2\n4\n"}, tag="v1.1.0")
    paved("update", service, "--dry-run")  # the renderers are compared
    return service


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupted_dry_run_leaves_no_trace(
    tmp_path: Path, ready: Path, scratch: Path, ended: Callable[..., tuple[int, str]], number: signal.Signals
) -> None:
    service = edited(tmp_path)
    before = trace(service)
    path = slow_git(tmp_path / "bin", ready, "merge-tree", "true")
    code, _ = ended(number, "update", service, "--dry-run", path=path)
    assert code == 128 + number
    assert list(scratch.iterdir()) == []
    assert trace(service) == before


def test_a_complete_dry_run_leaves_no_trace(tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = edited(tmp_path)
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = trace(service)
    assert paved("update", service, "--dry-run").returncode == 0
    assert list(scratch.iterdir()) == []
    assert trace(service) == before


def trace(service: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below the service, including git's own, with its time and content."""
    files = (path for path in sorted(service.rglob("*")) if path.is_file())
    return {str(path.relative_to(service)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_an_interrupted_git_removes_its_lock(
    tmp_path: Path, ready: Path, ended: Callable[..., tuple[int, str]]
) -> None:
    """A hook of the user's waits in `git commit`, which holds the lock of the index."""
    service = edited(tmp_path)
    write_files(service, {".git/hooks/pre-commit*": f"#!/bin/sh\n{STUCK.format(ready=ready, late='late.txt')}\n"})
    code, _ = ended(signal.SIGTERM, "update", service, "--commit")
    assert code == 128 + signal.SIGTERM
    assert not (service / ".git" / "index.lock").exists()
    assert paved("update", service, "--abort").returncode == 0
    assert git.process.text("status", "--porcelain", cwd=service) == ""


def test_an_ignored_signal_stays_ignored(tmp_path: Path) -> None:
    program = """
import os, signal
signal.signal(signal.SIGHUP, signal.SIG_IGN)
from paved_road.cli import signals
with signals.raising():
    os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)


@pytest.mark.parametrize("number", [signal.SIGINT, *SIGNALS])
def test_an_interrupted_check_ends_the_service_that_it_runs(
    tmp_path: Path, ready: Path, scratch: Path, ended: Callable[..., tuple[int, str]], number: signal.Signals
) -> None:
    service = write_files(tmp_path / "service", {
        "start.sh*": f"#!/bin/sh\n{STUCK.format(ready=ready, late='/dev/null')}\n",
        "run.yml": "start: ./start.sh\nport: {env: PORT}\nprobes: {live: /livez, ready: /readyz}\n",
    })  # fmt: skip
    code, said = ended(number, "check", service, "--live", "--select", "ready-in-time")
    assert code == 128 + number
    assert "interrupted" in said or f"ended by {number.name}" in said
    until(lambda: is_gone(ready))
    assert list(scratch.iterdir()) == []
