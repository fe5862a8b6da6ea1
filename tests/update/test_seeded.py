"""`_skip_if_exists`: what a template writes once and then leaves to the service, as Copier has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from paved_road.service.model import open_service
from paved_road.testing import Evolution, evolve, make_road, paved, run, write_files
from tests.renderers import assume_agreement
from tests.update.texts import LINES, with_lines

Begin = Callable[..., Evolution]

MINE = with_lines({3: "mine"})
ROADS = with_lines({3: "the road's"})

SETTINGS = {
    "a folder": ("_skip_if_exists: [src/]\n", "src/deep/m.py"),
    "a file by its name alone": ("_skip_if_exists: [m.py]\n", "src/m.py"),
    "a pattern": ("_skip_if_exists: ['**/*.py']\n", "src/m.py"),
    "an answer in it": ("_skip_if_exists: ['{{ package }}/*.py']\npackage: src\n", "src/m.py"),
    "of the second document": ("_skip_if_exists: [m.txt]\n---\n_skip_if_exists: [m.py]\n", "m.py"),
    "of the first document": ("_skip_if_exists: [m.py]\n---\n_skip_if_exists: [m.txt]\n", "m.py"),
    "with an exception for another": ("_skip_if_exists: ['*.py', '!other.py']\n", "m.py"),
}


@pytest.mark.parametrize(("setting", "path"), SETTINGS.values(), ids=SETTINGS)
def test_a_seeded_file_is_left_alone_and_its_owner_is_the_service(begin: Begin, setting: str, path: str) -> None:
    evolution = begin({path: LINES, "other.py": LINES, "a.txt": LINES}, questions=setting)
    evolution.edit({path: MINE})
    evolution.release({path: ROADS, "a.txt": ROADS})
    done = evolution.update()
    assert (done.code, done.files[path], done.files["a.txt"]) == (0, MINE, ROADS)
    assert done.outcomes[path] == "kept"
    lock = open_service(evolution.service).lock
    assert lock
    assert (lock.files[path].owner, lock.files["a.txt"].owner) == ("service", "shared")


@pytest.mark.parametrize("folder", ["", "services/mail"])
def test_what_plain_copier_made_is_left_alone_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    assume_agreement(monkeypatch)
    answers = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
    road = make_road(tmp_path / "road", {"copier.yml": "_skip_if_exists: [src/]\n", "src/m.py": LINES, **answers})
    top = make_road(tmp_path / "repository", {"mine.txt": "mine\n"}, tag=None)
    service = top / folder
    assert run("copier", "copy", "--defaults", road, service, cwd=tmp_path).returncode == 0
    evolve(service, {"src/m.py": MINE})
    evolve(road, {"src/m.py": ROADS, "src/new.py": "new\n"}, tag="v1.1.0")
    assert paved("update", service).returncode == 0
    assert (service / "src/m.py").read_text() == MINE
    assert (service / "src/new.py").read_text() == "new\n", "a seeded file of the new release comes"


def test_a_lock_that_was_written_before_the_setting_is_no_obstacle(begin: Begin) -> None:
    """Who owns a file is what the new release says."""
    evolution = begin({"m.py": LINES})
    evolution.edit({"m.py": MINE})
    evolve(evolution.road, {"copier.yml": "_subdirectory: template\n_skip_if_exists: [m.py]\n"})
    evolution.release({"m.py": ROADS})
    assert evolution.update().files == {"m.py": MINE}


def test_a_seeded_file_that_the_team_deleted_stays_deleted(begin: Begin) -> None:
    evolution = begin({"m.py": LINES, "gone.py": LINES}, questions="_skip_if_exists: ['*.py']\n")
    evolution.edit({"m.py": None, "gone.py": MINE})
    evolution.release({"m.py": ROADS, "gone.py": None})
    done = evolution.update()
    assert (done.code, done.files) == (0, {"gone.py": MINE})


def test_owners_that_the_template_states_for_paved_go_first(begin: Begin) -> None:
    manifest = "owners: {shared: [m.py]}\n"
    evolution = begin({"m.py": LINES, "n.py": LINES}, questions="_skip_if_exists: ['*.py']\n", manifest=manifest)
    evolution.edit({"m.py": MINE, "n.py": MINE})
    changed = with_lines({15: "the road's"})
    evolution.release({"m.py": changed, "n.py": changed})
    done = evolution.update()
    assert (done.code, done.files["m.py"], done.files["n.py"]) == (0, with_lines({3: "mine", 15: "the road's"}), MINE)


@pytest.mark.parametrize("pattern", ["'!'", "'{{ nothing.at.all }}'", "'{{'"])
def test_a_pattern_that_is_none_is_told(tmp_path: Path, pattern: str) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": f"_skip_if_exists: [{pattern}]\n", "a.txt": "a\n"})
    said = paved("new", tmp_path / "service", "--road", road, "--defaults")
    assert (said.returncode, "Traceback" in said.stderr, (tmp_path / "service").exists()) == (2, False, False)
    assert "error: " in said.stderr


def test_an_untracked_file_where_a_seeded_one_would_come_is_left_alone(begin: Begin) -> None:
    evolution = begin({"a.txt": "1\n"}, questions="_skip_if_exists: ['*.md']\n")
    write_files(evolution.service, {"NOTES.md": "mine\n"})
    evolution.release({"NOTES.md": "the road's\n", "OTHER.md": "the road's\n"})
    done = evolution.update()
    assert (done.code, done.files["NOTES.md"], done.files["OTHER.md"]) == (0, "mine\n", "the road's\n")
    assert done.outcomes["NOTES.md"] == "kept"
