"""The values of git: ids, modes, entries and snapshots."""

from __future__ import annotations

import pytest

from paved_road.git.entries import SHA1, File, Mode, Snapshot, TreeEntry, TreeId, blob_id


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("100644", Mode.FILE), ("100664", Mode.FILE), ("100755", Mode.EXECUTABLE), ("100775", Mode.EXECUTABLE),
        ("120000", Mode.SYMLINK), ("160000", Mode.SUBMODULE), ("040000", Mode.FOLDER), ("40000", Mode.FOLDER),
    ],
)  # fmt: skip
def test_every_mode_that_git_prints_is_known(text: str, mode: Mode) -> None:
    assert Mode.from_git(text) is mode


def test_a_submodule_and_a_folder_are_no_files() -> None:
    assert [mode for mode in Mode if not mode.is_file] == [Mode.SUBMODULE, Mode.FOLDER]


def test_a_content_has_the_id_of_the_repositorys_object_format() -> None:
    file = File(b"text\n")
    assert file.entry(SHA1) == TreeEntry(mode=Mode.FILE, blob=file.blob, data=b"text\n")
    assert len(file.entry("sha256").blob) == 64


def test_entries_are_equal_whether_they_carry_their_content_or_not() -> None:
    assert File(b"text\n").entry(SHA1) == TreeEntry(mode=Mode.FILE, blob=blob_id(b"text\n"))


def test_a_snapshot_is_its_files_and_keeps_its_tree() -> None:
    old, new = File(b"old\n").entry(SHA1), File(b"new\n").entry(SHA1)
    committed = Snapshot(tree=TreeId("1" * 40), stored={"a": old}, files={"a": old})
    changed = committed.holding({"a": new, "b": old})
    assert (changed.tree, changed.stored) == (committed.tree, {"a": old})
    assert dict(changed) == {"a": new, "b": old} == changed
    assert changed != committed
