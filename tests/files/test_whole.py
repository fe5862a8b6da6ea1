"""A reader sees the old content of a file or the new one, and a kill leaves nothing behind for long."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from paved_road.files.whole import replace_file


def test_a_file_is_written_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    replace_file(tmp_path / "lock", b"one")
    replace_file(tmp_path / "lock", b"two")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"lock": b"two"}


def test_what_a_kill_left_behind_goes_with_the_next_write(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, running = (tmp_path / f".paved-{number}.unfinished" for number in (ended.pid, os.getppid()))
    left.write_bytes(b"half")
    running.write_bytes(b"another process is writing this")
    replace_file(tmp_path / "lock", b"one")
    assert sorted(file.name for file in tmp_path.iterdir()) == [running.name, "lock"]


def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(OSError, match="lock"):
        replace_file(tmp_path / "lock", b"one")
    assert [stat.S_ISDIR(file.stat().st_mode) for file in tmp_path.iterdir()] == [True]
