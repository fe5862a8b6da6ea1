"""The last check of a service is kept outside of it, and tells whether its files are still those that were checked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from paved_road.service.last_check import FOLDER, recall, remember, state_of_files
from paved_road.settings.config import load_config
from paved_road.testing import evolve, make_road, paved, write_files


@pytest.fixture
def service(tmp_path: Path) -> Path:
    return make_road(tmp_path / "orders", {"a.txt": "1\n", "deploy/b.txt": "2\n", ".gitignore": "*.log\n"}, tag=None)


def test_what_was_found_is_known_later(tmp_path: Path) -> None:
    cache, folder = tmp_path / "cache", tmp_path / "orders"
    assert recall(cache, folder) is None
    remember(cache, folder, "silver", "state")
    found = recall(cache, folder)
    assert found is not None
    assert (found.level, found.files) == ("silver", "state")
    words = [found.in_words(found.day + timedelta(days=days)) for days in (0, 1, 3)]
    assert words == ["silver, today", "silver, yesterday", "silver, 3 days ago"]
    assert recall(cache, tmp_path / "other") is None


@pytest.mark.parametrize("content", ["", "[]", "{", '{"level": "platinum", "at": 1, "files": ""}', '{"level": "gold"}'])
def test_a_broken_file_says_nothing(tmp_path: Path, content: str) -> None:
    remember(tmp_path, tmp_path, "gold", "")
    (file,) = (tmp_path / FOLDER).iterdir()
    file.write_text(content)
    assert recall(tmp_path, tmp_path) is None


def test_any_change_of_a_file_is_another_state(service: Path) -> None:
    states = [state_of_files(service)]
    for files in ({"a.txt": "3\n"}, {"new.txt": "\n"}, {"deploy/b.txt": None}):
        write_files(service, files)
        states.append(state_of_files(service))
    assert len(set(states)) == len(states)
    write_files(service, {"a.txt": "1\n", "new.txt": None, "deploy/b.txt": "2\n"})
    assert state_of_files(service) == states[0]


def test_neither_a_commit_nor_an_ignored_file_is_a_change(service: Path) -> None:
    write_files(service, {"a.txt": "3\n"})
    before = state_of_files(service)
    evolve(service, {"a.txt": "3\n"}, tag=None)
    write_files(service, {"x.log": "line\n"})
    assert state_of_files(service) == before


def test_a_folder_outside_of_a_repository_has_no_state(tmp_path: Path) -> None:
    assert state_of_files(tmp_path) == ""


def test_status_tells_the_last_level_and_whether_files_have_changed_since(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": "_subdirectory: t\n", "t/a.txt": "1\n"})
    service = tmp_path / "orders"
    assert paved("new", service, "--road", road, "--defaults").returncode == 0
    assert "checked" not in paved("status", service).stdout
    assert paved("status", service, "--json").envelope["result"]["checked"] is None
    remember(load_config().cache_dir, service, "gold", state_of_files(service))
    assert paved("status", service).stdout.endswith("\n  checked: gold, today\n")
    write_files(service, {"own.txt": "own\n"})
    assert "  checked: gold, today; files have changed since: paved check" in paved("status", service).stdout
    checked = paved("status", service, "--json").envelope["result"]["checked"]
    assert (checked["level"], checked["changed_since"]) == ("gold", True)
