"""What the last whole check of a service found, as `paved status` tells it.

It is kept in the cache, by the service's folder, so that a check leaves nothing in the repository. Reading it parses no
YAML and loads no check.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from paved_road import git
from paved_road.files import cached, contained
from paved_road.files.private import private_folder
from paved_road.files.whole import replace_file
from paved_road.git.entries import blob_id

FOLDER = "checked"
_LEVELS = frozenset({"bronze", "silver", "gold", None})


@dataclass(frozen=True, kw_only=True, slots=True)
class LastCheck:
    """What a check found, and when."""

    level: str | None
    """bronze, silver or gold; None below bronze."""
    at: float
    """Seconds since the epoch."""
    files: str
    """The state of the service's files as they were checked."""

    @property
    def day(self) -> date:
        """The day of the check, where paved runs."""
        return datetime.fromtimestamp(self.at).astimezone().date()

    def in_words(self, today: date) -> str:
        """`gold, 3 days ago`."""
        days = (today - self.day).days
        ago = "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"
        return f"{self.level or 'no level'}, {ago}"


def remember(cache: Path, folder: Path, level: str | None, files: str) -> None:
    """Keep what a check found now. Without a writable cache nothing is kept.

    Raises `ConfigError` if others could have written to the cache.
    """
    place = private_folder(cache, FOLDER)
    cached.evict_once(place)
    content = json.dumps({"level": level, "at": time.time(), "files": files})
    with contextlib.suppress(OSError):
        replace_file(place / _name(folder), content.encode())


def recall(cache: Path, folder: Path) -> LastCheck | None:
    """What the last check of the service in a folder found; None if nobody knows."""
    try:
        facts = json.loads(contained.read_regular(cache / FOLDER, _name(folder), limit=2**16))
        level, at, files = facts["level"], float(facts["at"]), str(facts["files"])
        return LastCheck(level=level, at=at, files=files) if level in _LEVELS and 0 <= at < 2**40 else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def state_of_files(folder: Path) -> str:
    """A short text that is another one after any change of a file that git tracks or would track.

    Git's index knows the content of every file whose size and times are unchanged, so few files are read. "" outside of
    a repository.
    """
    repository = git.repository(folder)
    if repository is None or not folder.is_relative_to(repository.top):
        return ""
    index, state = git.read_index(repository, folder), hashlib.sha256()
    for path in sorted(git.working_files(folder)):
        there = contained.lstat_file(folder, path)
        if there is None:
            continue
        known = index.noted((folder / path).relative_to(repository.top).as_posix(), there)
        blob = known.entry.blob if known else _blob(folder, path, repository)
        state.update(os.fsencode(f"{path}\0{blob}\0"))
    return state.hexdigest()[:32]


def _blob(folder: Path, path: str, repository: git.Repository) -> str:
    try:
        data = contained.read_regular(folder, path)
    except OSError:  # a link, or too large to read: its size and time must do
        found = os.lstat(folder / path)
        return f"{found.st_size} {found.st_mtime_ns}"
    return blob_id(data, repository.object_format)


def _name(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:32] + ".json"
