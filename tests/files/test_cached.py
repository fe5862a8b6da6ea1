from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from paved_road.files.cached import evict, evict_once, size


def written(folder: Path, name: str, *, days_ago: float) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text("content")
    when = time.time() - days_ago * 86400
    os.utime(file, (when, when))
    return file


def test_old_files_are_removed_and_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "jinja"
    old, new = written(folder, "old", days_ago=31), written(folder, "new", days_ago=29)
    (folder / "link").symlink_to(new)
    assert evict(folder) == 1
    assert not old.exists()
    assert new.exists()
    assert (folder / "link").is_symlink()


def test_a_process_looks_for_old_files_once(tmp_path: Path) -> None:
    folder = tmp_path / "verified"
    assert evict_once(folder) == 0
    old = written(folder, "old", days_ago=365)
    assert evict_once(folder) == 0
    assert old.exists()


def test_two_at_once_remove_each_file_once_and_neither_fails(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    for number in range(200):
        written(folder, str(number), days_ago=1)
    removed: list[int] = []
    threads = [threading.Thread(target=lambda: removed.append(evict(folder))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(removed) == 200
    assert list(folder.iterdir()) == []


def test_a_size_is_that_of_every_file_below(tmp_path: Path) -> None:
    written(tmp_path / "a", "x", days_ago=0)
    written(tmp_path / "a", "y", days_ago=0)
    assert size(tmp_path) == 2 * len("content")
    assert size(tmp_path / "nowhere") == 0
