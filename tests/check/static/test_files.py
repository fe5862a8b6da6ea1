"""Reading a service's files: its texts, within limits, and nothing that leads out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from paved_road.check.model import NotApplicable, Subject
from paved_road.check.static import files as static_files
from paved_road.check.static.files import ServiceFiles, read_service
from paved_road.testing import commit, run, write_files


def read(folder: Path) -> ServiceFiles:
    return read_service(Subject(path=folder, name=folder.name))


def test_texts_are_read_without_what_git_ignores_and_what_others_wrote(tmp_path: Path) -> None:
    run("git", "init", cwd=tmp_path)
    written = {".gitignore": "build/\n", "build/out.yaml": "a: 1\n", "node_modules/x/package.json": "{}\n"}
    write_files(tmp_path, written | {"deploy/a.yaml": "a: ö\n", "logo.png": b"\x89PNG\0", "latin.txt": b"\xe9"})
    commit(tmp_path)
    write_files(tmp_path, {"new.yaml": "b: 1\n"})
    assert dict(read(tmp_path).texts) == {".gitignore": "build/\n", "deploy/a.yaml": "a: ö\n", "new.yaml": "b: 1\n"}


def test_a_folder_outside_of_a_repository_is_read_too(tmp_path: Path) -> None:
    write_files(tmp_path, {"Dockerfile": "FROM scratch\n", ".venv/bin/x": "x", "deploy/a.yaml": "a: 1\n"})
    assert list(read(tmp_path).texts) == ["Dockerfile", "deploy/a.yaml"]


def test_no_link_is_followed_and_nothing_is_waited_for(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("password")
    service = tmp_path / "service"
    service.mkdir()
    (service / "notes.txt").symlink_to(secret)
    (service / "all").symlink_to(tmp_path)
    os.mkfifo(service / "pipe")
    found = read(service)
    assert not found.texts
    assert found.unread["notes.txt"] == "it is a link, not a file"
    assert found.unread["pipe"] == "it is a FIFO, not a file"


def test_what_is_beyond_the_limits_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_files, "LARGEST", 2**20)
    monkeypatch.setattr(static_files, "MOST_FILES", 2)
    write_files(tmp_path, {"a": "x" * (2**20 + 1), "b": "b", "c/d": "d"})
    found = read(tmp_path)
    assert dict(found.texts) == {"b": "b"}
    assert found.unread["a"] == "it is larger than 1 MiB"
    assert "at most" in found.unread["c/d"]


def test_a_nested_repository_is_another_s(tmp_path: Path) -> None:
    run("git", "init", cwd=tmp_path)
    write_files(tmp_path, {"a": "a", "other/b": "b"})
    run("git", "init", cwd=tmp_path / "other")
    assert list(read(tmp_path).texts) == ["a"]


def test_files_are_found_by_pattern_and_lines_by_expression(tmp_path: Path) -> None:
    write_files(tmp_path, {"deploy/b.yaml": "a: 1\nkind: Service\n", "deploy/a/c.yaml": "", "x.yml": ""})
    found = read(tmp_path)
    assert found.matching("deploy/*.yaml") == ["deploy/a/c.yaml", "deploy/b.yaml"]
    assert found.line("deploy/b.yaml", "^kind:") == 2
    with pytest.raises(NotApplicable, match="the service has no chart"):
        found.needed("*/Chart.yaml", what="chart")
