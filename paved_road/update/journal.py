"""The journal of an update: what it will do, written before the first file changes.

The journal is a folder in git's own (`.git/paved-update/`). It is created whole, by a rename, so of two updates at once
only one creates it. A process that works on the journal holds a file lock, which ends with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from paved_road import git
from paved_road.errors import GitKilled, ServiceError, UsageError
from paved_road.git.entries import BlobId, Mode, TreeEntry
from paved_road.render.commands import Command
from paved_road.settings.whereabouts import shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """What an update does. Paths are from the repository's root."""

    head: str
    """The commit the update was planned on."""
    old_version: str
    new_version: str
    before: Mapping[str, TreeEntry | None]
    """Every path that the update may write, as it is in HEAD; None if HEAD does not have it."""
    after: Mapping[str, TreeEntry | None]
    conflicts: Mapping[str, Mapping[int, TreeEntry]]
    """The index stages of the paths with conflicts."""
    derived: Mapping[str, str]
    trust: bool = False
    """Whether the commands that make them may run the service's code."""
    migrations: tuple[Command, ...] = ()
    notes: tuple[str, ...] = ()
    reasons: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """The reason for each conflict: its kind and a sentence."""
    commit: bool = False
    """Whether to commit at the end."""
    branch: str | None = None
    """The new branch to commit on."""
    left_out: tuple[str, ...] = ()
    """Paths that a sparse checkout, and so the update, leaves out of the work tree."""
    answers_changed: tuple[str, ...] = ()
    """The questions with new answers, if the update changes nothing else."""
    executable: Mapping[str, bool] = field(default_factory=dict)
    """The executable bit of files with another one than the committed, in a repository where git ignores it."""


@contextlib.contextmanager
def begin_journal(folder: Path, journal: Journal, prepare: Callable[[Path], None]) -> Iterator[None]:
    """Write the journal, with what `prepare` adds to its folder, and hold its lock in the block.

    Raises `UsageError` if another update was first.
    """
    with _create(folder, journal, prepare) as lock, _working(lock):
        yield


def _create(folder: Path, journal: Journal, prepare: Callable[[Path], None]) -> TextIO:
    """Write the journal to a folder beside its place and rename it. The lock that this process holds on it."""
    scratch = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir()
        prepare(scratch)
        with (scratch / "journal.json").open("w") as stream:
            json.dump(_facts(journal), stream)
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
def take_up_journal(folder: Path, repository: git.Repository) -> Iterator[Journal]:
    """The journal of an update that was cut off or waits for a person; its lock is held in the block.

    Raises `UsageError` if no update is in progress or another process works on it.
    """
    try:
        lock = (folder / "running").open("r+")
    except FileNotFoundError as error:
        raise _no_update(repository) from error
    with lock:
        _take(lock)
        journal = read_journal(folder)
        if lock.read():
            begun = (folder / "journal.json").stat().st_mtime
            new = [repository.objects.parent / "refs" / "heads" / f"{journal.branch}.lock"] if journal.branch else []
            for stale in (*git.locks(repository, references=True), *new, *folder.glob("*.lock")):
                _remove_stale_lock(stale, since=begun)
        lock.write(_WORKING)
        lock.flush()
        with _working(lock):
            yield journal


def _no_update(repository: git.Repository) -> UsageError:
    """The error where no update is in progress; it names the services of the repository where one is."""
    names = sorted(
        folder.name.removeprefix("paved-update").removeprefix("-") for folder in repository.folder.glob("paved-update*")
    )
    folders = [shown(repository.top / name.replace("%2F", "/").replace("%25", "%")) for name in names]
    return UsageError(
        "no update is in progress here",
        cause=f"one is in progress in {', '.join(folders)}" if folders else "",
        hint=f"paved update {shlex.quote(folders[0])} --continue, or --abort" if folders else "paved update",
    )


@contextlib.contextmanager
def _working(lock: TextIO) -> Iterator[None]:
    """Clear the lock file at the end of the work; not after an interrupt or a killed git: they leave git's locks."""
    try:
        yield
    except GitKilled:
        raise
    except Exception:
        _leave(lock)
        raise
    else:
        _leave(lock)


_WORKING = "working\n"
"""The content of the lock file during the work. If the next process finds it, the last one was cut off."""


def _take(lock: TextIO) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _busy() from error


def _leave(lock: TextIO) -> None:
    lock.seek(0)
    lock.truncate()


def _remove_stale_lock(lock: Path, *, since: float) -> None:
    """Remove the lock file that a killed git of the update left; a git that still runs gets a second to end.

    A lock file that is older than the update belongs to another git.
    """
    with contextlib.suppress(FileNotFoundError):
        if lock.stat().st_mtime >= since and git.is_held(lock):
            lock.unlink()


def write_whole(file: Path, text: str) -> None:
    """Write a file of the journal so that it exists whole or not at all."""
    scratch = file.with_name(f"{file.name}.new")
    scratch.write_text(text)
    scratch.replace(file)


def amend_journal(folder: Path, journal: Journal) -> None:
    """Replace the journal, before the first file changes."""
    write_whole(folder / "journal.json", json.dumps(_facts(journal)))


def _busy() -> UsageError:
    return UsageError("another update of this service is running", hint="wait for it to end")


def end_journal(folder: Path) -> None:
    """Remove the journal: the update is over. It is renamed first, so that a kill leaves no half of it."""
    over = folder.with_name(f"{folder.name}.{os.getpid()}")
    folder.rename(over)
    shutil.rmtree(over, ignore_errors=True)


def read_journal(folder: Path) -> Journal:
    """The journal in this folder. Raises `ServiceError` if it cannot be read."""
    try:
        facts = json.loads((folder / "journal.json").read_text())
        facts["before"] = {path: _entry(value) for path, value in facts["before"].items()}
        facts["after"] = {path: _entry(value) for path, value in facts["after"].items()}
        facts["conflicts"] = {
            path: {int(stage): _new_entry(*value) for stage, value in stages.items()}
            for path, stages in facts["conflicts"].items()
        }
        facts["migrations"] = tuple(Command(**one) for one in facts["migrations"])
        facts["notes"] = tuple(facts["notes"])
        facts["left_out"] = tuple(facts.get("left_out", ()))
        facts["answers_changed"] = tuple(facts.get("answers_changed", ()))
        return Journal(**facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServiceError(
            f"{folder} is broken",
            cause=str(error),
            hint=f"git add --all && git stash keeps your files; then rm -r {folder}; git stash show -p shows them",
        ) from error


def _facts(journal: Journal) -> dict[str, Any]:
    """The journal as JSON has it, where a file is its mode and its blob id."""

    def pairs(files: Mapping[Any, TreeEntry | None]) -> dict[str, tuple[str, str] | None]:
        return {str(key): (entry.mode, entry.blob) if entry else None for key, entry in files.items()}

    return asdict(replace(journal, before={}, after={}, conflicts={})) | {
        "before": pairs(journal.before),
        "after": pairs(journal.after),
        "conflicts": {path: pairs(stages) for path, stages in journal.conflicts.items()},
    }


def _entry(value: list[str] | None) -> TreeEntry | None:
    return _new_entry(*value) if value else None


def _new_entry(mode: str, blob: str) -> TreeEntry:
    return TreeEntry(mode=Mode(mode), blob=BlobId(blob))
