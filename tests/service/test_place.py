"""A `paved new` that is killed at any step leaves nothing, the whole service, or what the next one tells or removes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from paved_road import git
from paved_road.errors import DestinationError
from paved_road.service import place
from paved_road.testing import make_road, paved, write_files
from tests.update.faults import Server, server


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    with server() as running:
        yield running


@pytest.fixture
def road(tmp_path: Path) -> Path:
    files = {"copier.yml": "_subdirectory: t\n", "t/a.txt": "1\n", "t/deep/b.txt": "2\n", "t/run.sh*": "#!/bin/sh\n"}
    return make_road(tmp_path / "road", files)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file but git's own."""
    found = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def hidden(parent: Path) -> list[Path]:
    return list(parent.glob(f"{place.PREFIX}*"))


def start(parent: Path, kind: str) -> Path:
    """The destination as it is before: absent, an empty folder, or an empty repository."""
    shutil.rmtree(parent, ignore_errors=True)
    parent.mkdir()
    destination = parent / "service"
    if kind != "absent":
        destination.mkdir()
    if kind == "empty repository":
        git.process.run("init", "--quiet", destination)
    return destination


def steps_of(faults: Server, tmp_path: Path, kind: str, words: tuple[str | Path, ...]) -> list[str]:
    """The steps of a `paved new` of a release that was rendered before."""
    for _ in range(2):
        outcome = faults.run("new", start(tmp_path / "whole", kind), *words)
        assert outcome.code == 0, outcome
    return outcome.steps


def killed_everywhere(faults: Server, road: Path, tmp_path: Path, kind: str, fault: str, every: int) -> None:
    words = ("--road", road, "--defaults")
    steps, whole = steps_of(faults, tmp_path, kind, words), tmp_path / "whole" / "service"
    assert files_of(whole)["a.txt"] == b"1\n"
    first = next(number for number, step in enumerate(steps) if place.PREFIX in step)
    told = set()
    for number in range(first, len(steps), every):
        destination = start(tmp_path / "hurt", kind)
        outcome = faults.run("new", destination, *words, fault=fault, at=number)
        assert outcome.code in (None, 0, 2), outcome
        if fault != "kill" and not steps[number].startswith(("os.remove", "os.rmdir")):
            # Where the removal itself fails, the folder is left, and the next one removes it.
            assert hidden(destination.parent) == [], steps[number]
        again = faults.run("new", destination, *words)
        assert again.code in (0, 2), again
        if again.code == 2:  # it had been whole, or has been made so
            told.add("the service is complete" if "the service is complete" in again.out else "is not empty")
            assert told <= {"the service is complete", "is not empty"}, again
        assert files_of(destination) == files_of(whole), steps[number]
        assert (destination / ".git").exists()
        assert faults.run("status", destination).code == 0
        faults.run("new", destination.with_name("another"), *words)
        assert [path for path in hidden(destination.parent) if not (path / place.NOTE_FILE).exists()] == []
    if fault == "kill" and kind != "absent":
        assert "the service is complete" in told


@pytest.mark.parametrize("kind", ["absent", "empty folder", "empty repository"])
def test_killed_at_some_steps(faults: Server, road: Path, tmp_path: Path, kind: str) -> None:
    killed_everywhere(faults, road, tmp_path, kind, "kill", every=3 if kind == "empty folder" else 6)


@pytest.mark.soak
@pytest.mark.parametrize("fault", ["kill", "disk full", "permission denied"])
@pytest.mark.parametrize("kind", ["absent", "empty folder", "empty repository"])
def test_every_fault_at_every_step(faults: Server, road: Path, tmp_path: Path, kind: str, fault: str) -> None:
    killed_everywhere(faults, road, tmp_path, kind, fault, every=1)


@pytest.mark.parametrize("kind", ["absent", "empty folder"])
def test_killed_while_tasks_run_in_the_destination(faults: Server, tmp_path: Path, kind: str) -> None:
    settings = {"_subdirectory": "t", "_tasks": ["echo made > made.txt"]}
    road = make_road(tmp_path / "road", {"copier.yml": yaml.safe_dump(settings), "t/a.txt": "1\n"})
    words = ("--road", road, "--defaults", "--trust")
    steps = steps_of(faults, tmp_path, kind, words)
    at = next(number for number, step in enumerate(steps) if "echo made" in step)
    destination = start(tmp_path / "hurt", kind)
    assert faults.run("new", destination, *words, fault="kill", at=at).code is None
    refused = paved("new", destination, *words)
    assert (refused.returncode, "is half made" in refused.stderr) == (2, True)
    named = refused.stderr.split("rm -r ")[1].split()
    assert {Path(path).name for path in named} >= {hidden(destination.parent)[0].name}
    for path in map(Path, named):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert paved("new", destination, *words).returncode == 0
    assert (destination / "made.txt").read_text() == "made\n"
    assert hidden(destination.parent) == []


def test_a_dry_run_tells_of_a_half_and_moves_nothing(faults: Server, road: Path, tmp_path: Path) -> None:
    words = ("--road", road, "--defaults")
    steps = steps_of(faults, tmp_path, "empty folder", words)
    is_last = [step.startswith("os.rename") and step.endswith("/service/.paved-road.lock'") for step in steps]
    destination = start(tmp_path / "hurt", "empty folder")
    faults.run("new", destination, *words, fault="kill", at=is_last.index(True))
    half = files_of(destination)
    assert "a.txt" in half
    assert ".paved-road.lock" not in half
    told = paved("new", destination, *words, "--dry-run")
    assert (told.returncode, "still to be moved" in told.stderr) == (2, True)
    assert files_of(destination) == half
    write_files(destination, {"a.txt": "worked on since\n"})
    assert paved("new", destination, *words).returncode == 2
    assert (destination / "a.txt").read_text() == "worked on since\n"
    assert (destination / ".paved-road.lock").exists()


def test_a_folder_that_somebody_works_in_is_not_cleared_away(tmp_path: Path) -> None:
    with place.beside(tmp_path / "one") as first:
        with place.beside(tmp_path / "two"):
            assert first.is_dir()
        (tmp_path / "one").mkdir()
        write_files(first, {"a.txt": "1\n"})
        refused = pytest.raises(DestinationError, match="another paved new")
        with place.put_before(first, tmp_path / "one"), refused:
            place.refuse_half_made(tmp_path / "one", dry_run=False)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.txt", "one"]
