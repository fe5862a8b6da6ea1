from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paved_road import git
from paved_road.errors import ForbiddenPath
from paved_road.git import trees
from paved_road.git.entries import File, Mode


@given(st.binary(max_size=200))
def test_a_blob_id_is_the_one_git_gives(data: bytes) -> None:
    expected = git.process.run("hash-object", "--stdin", stdin=data).decode().strip()
    assert File(data).blob == expected


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../up", "a/../../b", ".git/hooks/pre-commit", "a/.GIT/config", "", "a\\b", "a\0b"]
)
def test_a_path_that_leaves_the_service_is_refused(path: str) -> None:
    with pytest.raises(ForbiddenPath):
        trees.check_path(path)


@pytest.mark.parametrize("path", ["a", "a/b", ".github/x", ".gitignore", "..a", "a b/ü"])
def test_an_ordinary_path_is_not(path: str) -> None:
    assert trees.check_path(path) == path


def test_a_file_cannot_be_a_folder_too(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenPath, match="a/b"):
        trees.write_folder({"a": File(b""), "a/b": File(b"")}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_through_a_link_of_the_same_template(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(ForbiddenPath):
        trees.write_folder({"link": File(str(outside).encode(), Mode.SYMLINK), "link/file": File(b"x")}, inside)
    assert list(outside.iterdir()) == []


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    written = {
        "a/b.txt": File(b"x\r\n"),
        "run": File(b"#!/bin/sh\n", Mode.EXECUTABLE),
        "link": File(b"a/b.txt", Mode.SYMLINK),
        "folder-link": File(b"a", Mode.SYMLINK),
        "ü \xff".encode().decode("utf-8"): File(b"\0"),
    }
    trees.write_folder(written, tmp_path)
    assert trees.read_folder(tmp_path) == written


def test_the_umask_is_respected(tmp_path: Path) -> None:
    trees.write_folder({"f": File(b""), "x": File(b"", Mode.EXECUTABLE)}, tmp_path)
    (tmp_path / "plain").touch()
    assert (tmp_path / "f").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "x").stat().st_mode & 0o111 == 0o111
