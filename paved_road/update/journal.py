"""The journal of an update: what will be done, written down before the first file changes.

It is a folder of git's own (`.git/paved-update/`). Making it is the lock between two updates at once, and it is there
whole or not at all. While a process works on it, it holds a lock that ends with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from paved_road.errors import ServiceError, UsageError
from paved_road.render.commands import Command

Pair = tuple[str, str]
"""Mode and blob."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """What an update does. Paths are from the repository's root."""

    head: str
    """The commit the update was planned on."""
    old_version: str
    new_version: str
    before: Mapping[str, Pair | None]
    """Every path that the update may write, as it is in HEAD; None where there is none."""
    after: Mapping[str, Pair | None]
    conflicts: Mapping[str, Mapping[str, Pair]]
    """Index stages of the paths a person has to decide."""
    derived: Mapping[str, str]
    trust: bool = False
    """Whether making them may run code of the service's."""
    migrations: tuple[Command, ...] = ()
    notes: tuple[str, ...] = ()
    commit: bool = False
    """Whether to commit at the end."""
    branch: str | None = None
    """The new branch to commit on."""


@contextlib.contextmanager
def begin(folder: Path, journal: Journal) -> Iterator[None]:
    """Write the journal and work on it. The first of two updates wins."""
    with _placed(folder, journal) as lock:
        try:
            yield
        finally:
            _leave(lock)


def _placed(folder: Path, journal: Journal) -> TextIO:
    """Write the journal beside its place and rename it there; the lock that this process holds on it."""
    scratch = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir()
        with (scratch / "journal.json").open("w") as stream:
            json.dump(asdict(journal), stream)
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.ExitStack() as opened:
            lock = opened.enter_context((scratch / "running").open("w"))
            _take(lock)
            lock.write(_WORKING)
            lock.flush()
            scratch.rename(folder)
            opened.pop_all()
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        if folder.exists():
            raise _busy() from error
        raise
    return lock


@contextlib.contextmanager
def taken_up(folder: Path) -> Iterator[Journal]:
    """The journal of an update that was cut off or waits for a person, to work on."""
    try:
        lock = (folder / "running").open("r+")
    except FileNotFoundError as error:
        raise UsageError("no update is in progress", hint="paved update") from error
    with lock:
        _take(lock)
        if lock.read():
            for stale in (folder.parent / "index.lock", *folder.glob("*.lock")):
                _remove_stale_lock(stale)
        lock.write(_WORKING)
        lock.flush()
        try:
            yield read(folder)
        finally:
            _leave(lock)


_WORKING = "working\n"
"""What the lock file holds while somebody works: found by the next one, the last one was cut off."""


def _take(lock: TextIO) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _busy() from error


def _leave(lock: TextIO) -> None:
    lock.seek(0)
    lock.truncate()


def _remove_stale_lock(lock: Path) -> None:
    """A git that was killed leaves its lock on an index. One that still runs gets a second to end."""
    for _ in range(20):
        if not lock.exists():
            return
        time.sleep(0.05)
    lock.unlink(missing_ok=True)


def note(file: Path, text: str) -> None:
    """Write a fact of the update's progress so that it is there whole or not at all."""
    scratch = file.with_name(f"{file.name}.new")
    scratch.write_text(text)
    scratch.replace(file)


def _busy() -> UsageError:
    return UsageError("another update of this service is running", hint="wait for it to end")


def end(folder: Path) -> None:
    """The update is over. Renamed first, so that a kill in between leaves no half of a journal."""
    over = folder.with_name(f"{folder.name}.{os.getpid()}")
    folder.rename(over)
    shutil.rmtree(over, ignore_errors=True)


def read(folder: Path) -> Journal:
    """The journal; `ServiceError` for one that cannot be read."""
    try:
        facts = json.loads((folder / "journal.json").read_text())
        facts["before"] = {path: _pair(value) for path, value in facts["before"].items()}
        facts["after"] = {path: _pair(value) for path, value in facts["after"].items()}
        facts["conflicts"] = {
            path: {stage: (value[0], value[1]) for stage, value in stages.items()}
            for path, stages in facts["conflicts"].items()
        }
        facts["migrations"] = tuple(Command(**one) for one in facts["migrations"])
        facts["notes"] = tuple(facts["notes"])
        return Journal(**facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServiceError(
            f"{folder} is broken", cause=str(error), hint=f"git reset --hard, then remove {folder}"
        ) from error


def _pair(value: list[str] | None) -> Pair | None:
    return (value[0], value[1]) if value else None
