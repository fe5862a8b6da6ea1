"""Other tools work on the answers file alone: plain Copier, Renovate, a merge of two branches, a person's editor."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from paved_road import git
from paved_road.service.model import open_service
from paved_road.testing import evolve, make_road, paved, run
from tests.renderers import assume_agreement

LINES = [f"{number}\n" for number in range(9)]
ROAD = {
    "copier.yml": "_subdirectory: template\nwho: us\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "template/a.txt": "".join(LINES),
    "template/who.txt.jinja": "by {{ who }}\n",
    "template/owned.txt": "1\n",
    "paved-road.yml": "owners: {road: [owned.txt]}\n",
}


def release(road: Path, number: int, *, owned: bool = False) -> None:
    """The release `number`, which changes the same line again."""
    files = {"template/a.txt": "".join([*LINES[:4], f"release {number}\n", *LINES[5:]])}
    evolve(road, files | ({"template/owned.txt": f"{number}\n"} if owned else {}), tag=f"v{number}.0.0")


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assume_agreement(monkeypatch)
    return make_road(tmp_path / "road", ROAD)


@pytest.fixture
def service(tmp_path: Path, road: Path) -> Path:
    assert paved("new", tmp_path / "service", "--road", road, "--defaults").returncode == 0
    return tmp_path / "service"


def version(service: Path) -> object:
    return json.loads((service / ".paved-road.lock").read_text())["version"]


def by_copier(service: Path) -> None:
    run("copier", "update", "--defaults", "--quiet", cwd=service).check_returncode()
    evolve(service, {}, message="By Copier")


@pytest.mark.parametrize("owned", [False, True], ids=["shared files", "a file of the road"])
def test_what_plain_copier_updated_is_no_conflict_and_its_release_is_told(
    service: Path, road: Path, owned: bool
) -> None:
    release(road, 2, owned=owned)
    by_copier(service)
    stands = paved("status", service, "--json").envelope
    assert (stands["exit_code"], stands["result"]["version"], stands["result"]["drift"]) == (0, "2.0.0", [])
    assert ".copier-answers.yml says v2.0.0, but .paved-road.lock says 1.0.0" in str(stands["notes"])
    drift = paved("drift", service)
    assert (drift.returncode, "paved update" in drift.stderr) == (2 if owned else 0, True)
    release(road, 3, owned=owned)
    done = paved("update", service, "--commit")
    assert (done.returncode, version(service)) == (0, "3.0.0"), done.stdout
    assert (service / "a.txt").read_text().splitlines()[4] == "release 3"
    assert ".copier-answers.yml says" in done.stderr
    again = paved("status", service, "--json").envelope
    assert (again["exit_code"], again["notes"]) == (0, [])
    assert paved("drift", service).returncode == 0


def test_without_a_newer_release_an_update_writes_the_lock_again(service: Path, road: Path) -> None:
    release(road, 2, owned=True)
    by_copier(service)
    done = paved("update", service, "--commit", "--json")
    assert [change["path"] for change in done.envelope["result"]["changes"]] == [".paved-road.lock"]
    assert (version(service), paved("drift", service).returncode) == ("2.0.0", 0)


def test_a_merge_of_branches_may_leave_either_record_behind(service: Path, road: Path) -> None:
    old = {name: (service / name).read_text() for name in (".paved-road.lock", ".copier-answers.yml")}
    release(road, 2)
    assert paved("update", service, "--commit").returncode == 0
    release(road, 3)
    head = git.process.text("rev-parse", "HEAD", cwd=service)
    for name, content in old.items():
        git.process.run("reset", "--quiet", "--hard", head, cwd=service)
        evolve(service, {name: content}, message=f"The {name} of the other branch")
        done = paved("update", service)
        assert (done.returncode, version(service)) == (0, "3.0.0"), (name, done.stdout)
        assert (service / "a.txt").read_text().splitlines()[4] == "release 3"


def test_a_lock_that_was_deleted_is_written_again(service: Path, road: Path) -> None:
    release(road, 2)
    evolve(service, {".paved-road.lock": None})
    assert paved("update", service).returncode == 0
    assert version(service) == "2.0.0"


def test_an_answer_edited_by_hand_is_applied_by_the_next_update(service: Path, road: Path) -> None:
    answers = (service / ".copier-answers.yml").read_text()
    evolve(service, {".copier-answers.yml": answers.replace("who: us", "who: them")})
    release(road, 2)
    assert paved("update", service).returncode == 0
    assert (service / "who.txt").read_text() == "by them\n"


def test_a_road_that_was_moved_in_the_answers_file_is_followed(service: Path, road: Path, tmp_path: Path) -> None:
    moved = road.rename(tmp_path / "elsewhere")
    answers = (service / ".copier-answers.yml").read_text()
    evolve(service, {".copier-answers.yml": re.sub("_src_path: .*", f"_src_path: {moved}", answers)})
    release(moved, 2)
    done = paved("update", service, "--commit")
    assert (done.returncode, f"the road is {moved}" in done.stderr) == (0, True)
    assert json.loads((service / ".paved-road.lock").read_text())["road"] == str(moved)
    assert paved("status", service).stderr == ""


@pytest.mark.parametrize("name", [".copier-answers.yml", ".paved-road.lock"])
def test_records_that_agree_are_not_doubted(service: Path, name: str) -> None:
    assert name in git.process.text("ls-files", cwd=service)
    assert open_service(service).notes == ()


def test_a_release_that_never_was_is_not_believed(service: Path) -> None:
    answers = (service / ".copier-answers.yml").read_text()
    evolve(service, {".copier-answers.yml": re.sub("_commit: .*", "_commit: v9.9.9", answers)})
    stands = paved("status", service, "--json").envelope
    assert (stands["exit_code"], stands["result"]["version"]) == (0, "1.0.0")
    assert "says v9.9.9" in str(stands["notes"])
    assert paved("update", service, "--commit").returncode == 0
    assert (service / ".copier-answers.yml").read_text() == answers
