"""`paved status`, `paved drift` and `paved adopt`: where a repository stands, and how it joins."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from paved_road import git
from paved_road.testing import evolve, make_road, run, write_files
from tests.terminal import on_a_terminal

Paved = Callable[..., CompletedProcess[str]]
PavedJson = Callable[..., dict[str, Any]]

OWNERS = "owners: {road: [hello.txt, run.sh, 'src/**'], service: [own.txt]}\n"


@pytest.fixture
def road(greeter: Path) -> Path:
    return evolve(greeter, {"paved-road.yml": OWNERS, "template/own.txt": "own\n"}, tag="v1.0.1")


@pytest.fixture
def service(here: Paved, tmp_path: Path, road: Path) -> Path:
    assert here("new", "hi", "--road", road).returncode == 0
    return tmp_path / "work" / "hi"


def lock(service: Path) -> dict[str, Any]:
    found = json.loads((service / ".paved-road.lock").read_text())
    assert isinstance(found, dict)
    return found


# -- drift ---------------------------------------------------------------------------------------------------------


def test_a_fresh_service_has_no_drift(here: Paved, service: Path) -> None:
    done = here("drift", service)
    assert (done.returncode, done.stdout) == (0, "no drift\n")


@pytest.mark.parametrize("committed", [False, True])
def test_edits_deletions_and_modes_of_the_roads_files_are_drift(here: Paved, service: Path, committed: bool) -> None:
    write_files(service, {"hello.txt": "mine\n", "plain.txt": "shared\n", "own.txt": "own, too\n", "new.txt": "x\n"})
    (service / "run.sh").chmod(0o644)
    if committed:
        evolve(service, {})
    done = here("drift", service)
    assert done.returncode == 1
    assert done.stdout == "edited   hello.txt\nmode     run.sh\n"
    (service / "hello.txt").unlink()
    assert here("drift", service).stdout == "deleted  hello.txt\nmode     run.sh\n"


def test_what_others_own_is_shown_when_asked_for_and_does_not_count(here: Paved, service: Path) -> None:
    write_files(service, {"plain.txt": "shared\n", "own.txt": "mine\n"})
    done = here("drift", service, "--all")
    assert done.returncode == 0
    assert done.stdout == "edited   own.txt  (service)\nedited   plain.txt  (shared)\n"


def test_an_edit_of_the_same_size_and_time_is_found(here: Paved, service: Path) -> None:
    git.process.run("status", cwd=service)
    file = service / "hello.txt"
    before = file.stat()
    file.write_text("Jello, world!\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert here("drift", service).returncode == 1


def test_a_diff_of_the_drift_needs_no_road(here: Paved, service: Path, road: Path) -> None:
    road.rename(road.with_name("gone"))
    write_files(service, {"hello.txt": "mine\n"})
    done = here("drift", service, "--diff")
    assert done.returncode == 1
    assert "-Hello, world!\n+mine\n" in done.stdout


def test_a_file_that_diverged_long_ago_is_still_drift(here: Paved, service: Path, road: Path) -> None:
    evolve(service, {"hello.txt": "Hello, team!\n"})
    evolve(road, {"template/new.txt": "new\n"}, tag="v1.1.0")
    assert here("update", service, "--commit").returncode == 0
    assert here("drift", service).stdout == "edited   hello.txt\n"
    assert here("status", service).returncode == 1


def test_without_a_lock_the_hint_is_to_adopt(here: Paved, service: Path) -> None:
    evolve(service, {".paved-road.lock": None})
    done = here("drift", service)
    assert (done.returncode, "hint: paved adopt" in done.stderr) == (2, True)


def test_json_has_drift_and_status(paved_json: PavedJson, here: Paved, service: Path) -> None:
    write_files(service, {"hello.txt": "mine\n"})
    drift = paved_json("drift", service)
    assert drift["exit_code"] == 1
    assert drift["result"]["drift"] == [{"path": "hello.txt", "kind": "edited", "owner": "road"}]
    status = paved_json("status", service)["result"]
    assert (status["version"], status["latest"], status["drift"]) == ("1.0.1", "1.0.1", drift["result"]["drift"])


# -- status --------------------------------------------------------------------------------------------------------


def test_a_current_service_is_told_as_such(here: Paved, service: Path) -> None:
    done = here("status", service)
    assert (done.returncode, done.stdout) == (0, "hi is at greeter 1.0.1 (the latest)\n")


def test_newer_releases_and_drift_are_told(here: Paved, service: Path, road: Path) -> None:
    for tag in ("v1.1.0", "v1.2.0rc1", "v1.2.0", "v2.0.0rc1"):
        evolve(road, {"template/version": tag}, tag=tag)
    write_files(service, {"hello.txt": "mine\n"})
    done = here("status", service)
    assert done.returncode == 1
    assert "hi is at greeter 1.0.1 (1.2.0 is the latest: paved update hi)" in done.stdout
    assert "releases between: 1.1.0, 1.2.0rc1" in done.stdout
    assert "drift in 1 of the road's files: paved drift" in done.stdout


def test_status_offline_uses_what_was_last_fetched(here: Paved, road: Path, tmp_path: Path) -> None:
    assert here("new", "far", "--road", f"file://{road}").returncode == 0
    far = tmp_path / "work" / "far"
    evolve(road, {"template/new.txt": "new\n"}, tag="v1.1.0")
    assert here("status", far, "--offline").returncode == 0
    assert here("status", far).returncode == 1
    road.rename(road.with_name("gone"))
    assert "the road could not be reached" in here("status", far).stderr
    assert here("status", far, "--offline").returncode == 1


@pytest.mark.parametrize(("command", "most"), [("status", 10), ("drift", 5)])
def test_asking_is_a_handful_of_git_processes_however_many_files_there_are(
    here: Paved, road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, most: int
) -> None:
    evolve(road, {f"template/src/{n}.py": f"n = {n}\n" for n in range(100)}, tag="v1.1.0")
    assert here("new", "big", "--road", road).returncode == 0
    started: list[Any] = []
    monkeypatch.setattr("subprocess.Popen.__init__", counting(started))
    assert here(command, tmp_path / "work" / "big").returncode == 0
    assert 0 < len(started) <= most


def counting(started: list[Any]) -> Callable[..., None]:
    import subprocess

    original = subprocess.Popen.__init__

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        started.append(arguments)
        original(self, *arguments, **named)

    return init


@pytest.mark.parametrize("command", ["status", "drift"])
def test_asking_loads_nothing_heavy(service: Path, command: str) -> None:
    program = f"import sys; from paved_road.cli import main; main([{command!r}, {str(service)!r}]); print(*sys.modules)"
    loaded = run(sys.executable, "-c", program, cwd=service).stdout.split()
    assert not {"copier", "pydantic", "rich.table", "jinja2", "yaml", "ruamel.yaml"} & set(loaded)


# -- adopt ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def plain(road: Path, tmp_path: Path) -> Path:
    """A service made by plain Copier, with a team's edit."""
    service = tmp_path / "plain"
    run(sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", road, service, cwd=tmp_path).check_returncode()
    git.process.run("init", "--quiet", service)
    return evolve(service, {"hello.txt": "Hello, team!\n"})


def test_a_service_of_plain_copier_is_adopted_by_its_answers(here: Paved, plain: Path) -> None:
    done = here("adopt", plain)
    assert done.returncode == 0, done.stderr
    assert "edited   hello.txt  (road)" in done.stdout
    assert "adopted plain at greeter 1.0.1" in done.stdout
    assert git.process.run("status", "--porcelain", cwd=plain) == b"?? .paved-road.lock\n"
    assert lock(plain)["version"] == "1.0.1"
    assert here("drift", plain).stdout == "edited   hello.txt\n"


def test_the_lock_is_the_one_that_paved_new_would_have_written(here: Paved, plain: Path, service: Path) -> None:
    assert here("adopt", plain).returncode == 0
    assert lock(plain) == lock(service)


def test_a_dry_run_of_an_adoption_writes_nothing(here: Paved, plain: Path) -> None:
    done = here("adopt", plain, "--dry-run")
    assert (done.returncode, "nothing was written" in done.stdout) == (0, True)
    assert git.process.run("status", "--porcelain", cwd=plain) == b""


@pytest.fixture
def by_hand(tmp_path: Path, road: Path) -> Path:
    questions = "_subdirectory: template\nname: {type: str, help: Its name}\npackage: {type: str, default: app}\n"
    evolve(road, {"copier.yml": questions, "template/package.txt.jinja": "{{ package }}\n"}, tag="v1.1.0")
    files = {
        "pyproject.toml": '[project]\nname = "legacy"\n',
        "src/old_app/__init__.py": "",
        "hello.txt": "Hello, legacy!\n",
        "plain.txt": "something else\n",
    }
    return make_road(tmp_path / "legacy", files, tag=None)


def test_a_repository_written_by_hand_gives_its_answers_away(here: Paved, by_hand: Path, road: Path) -> None:
    done = here("adopt", by_hand, "--road", road)
    assert done.returncode == 0, done.stderr
    assert "missing  run.sh  (road)" in done.stdout
    assert "edited   plain.txt  (shared)" in done.stdout
    assert "hello.txt" not in done.stdout
    assert git.process.run("status", "--porcelain", cwd=by_hand) == b"?? .copier-answers.yml\n?? .paved-road.lock\n"
    answers = (by_hand / ".copier-answers.yml").read_text()
    assert "name: legacy" in answers
    assert "package: old_app" in answers


def test_an_adopted_repository_is_updated_from_the_release_it_counts_from(
    here: Paved, by_hand: Path, road: Path
) -> None:
    assert here("adopt", by_hand, "--road", road, "--ref", "1.0.1", "--data", "name=legacy").returncode == 0
    evolve(by_hand, {})
    evolve(road, {"template/hello.txt.jinja": "Hi, {{ name }}!\n"}, tag="v1.2.0")
    done = here("update", by_hand, "--commit", "--data", "package=old_app")
    assert done.returncode == 0, done.stderr
    assert (by_hand / "hello.txt").read_text() == "Hi, legacy!\n"
    assert (by_hand / "plain.txt").read_text() == "something else\n"


def test_what_is_not_given_away_is_asked_for(by_hand: Path, road: Path) -> None:
    evolve(by_hand, {"pyproject.toml": None})
    words: list[str | Path] = [sys.executable, "-m", "paved_road", "adopt", by_hand, "--road", road]
    done = run(*words, cwd=by_hand)
    assert (done.returncode, "--data name=VALUE" in done.stderr) == (2, True)
    code, shown = on_a_terminal(words, by_hand, ["asked", "", ""])
    assert code == 0, shown
    assert "name: asked" in (by_hand / ".copier-answers.yml").read_text()


@pytest.mark.parametrize("where", ["adopted already", "no repository", "empty"])
def test_what_cannot_be_adopted_is_refused(here: Paved, service: Path, road: Path, tmp_path: Path, where: str) -> None:
    path = {"adopted already": service, "no repository": tmp_path / "nothing", "empty": tmp_path / "empty"}[where]
    if where == "empty":
        git.process.run("init", "--quiet", path)
    done = here("adopt", path, "--road", road)
    assert (done.returncode, done.stderr.startswith("error: "), "hint: " in done.stderr) == (2, True, True)
