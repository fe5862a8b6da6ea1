"""The folders of paved's cache, and the removal of old files from them.

All of it can be deleted at any time. What is cheap to make again is also removed by age, when something is written
beside it; copies of roads stay, because a command without network needs them.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheFolder:
    """A folder of the cache."""

    name: str
    days: int | None
    """Days after which a file is removed, counted from when it was written; None if files stay."""


FOLDERS = (
    CacheFolder(name="roads", days=None),
    CacheFolder(name="jinja", days=30),
    CacheFolder(name="verified", days=180),
    CacheFolder(name="answers", days=7),
    CacheFolder(name="checked", days=365),
    CacheFolder(name="rules", days=0),  # an older paved wrote it
)

DAYS = {folder.name: folder.days for folder in FOLDERS if folder.days is not None}


@functools.cache
def evict_once(folder: Path) -> int:
    """Remove the old files of a cache folder, at most once in a process; the number of files removed.

    Another paved may read them: an open file stays readable, and a missing one is made again.
    """
    return evict(folder)


def evict(folder: Path) -> int:
    """Remove the old files of a cache folder; the number of files removed. A file that cannot be removed stays."""
    oldest = time.time() - DAYS[folder.name] * 86400
    removed = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime <= oldest:
                    Path(entry.path).unlink()
                    removed += 1
    return removed


def size(folder: Path) -> int:
    """The bytes of every file in a folder and below it; links are not followed."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_size  # noqa: PTH118 - a Path for each file takes longer
    return total
