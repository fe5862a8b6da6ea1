"""Put a new service in its place as a whole or not at all. After a kill, the next `paved new` finishes or reports it.

A service is built in a hidden folder beside its destination, on the same file system, and renamed into place in one
step. It takes several steps if the destination exists (an empty folder, an empty repository) or if the template's tasks
run in it. Then a note in the hidden folder says so, and a lock on the folder says that a process is working with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from paved_road.errors import DestinationError
from paved_road.service.lock import LOCK
from paved_road.settings.whereabouts import quoted

PREFIX = ".paved-new-"
_RUNNING = ".paved-running"
NOTE_FILE = ".paved-note.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Note:
    """The note in a hidden folder about a destination that was changed."""

    destination: str
    """Its name."""
    whole: bool
    """Whether the service was complete and only had to be moved."""
    before: tuple[str, ...] | None
    """What was in the destination; None if it did not exist."""


@contextlib.contextmanager
def beside(destination: Path) -> Iterator[Path]:
    """A new folder with the destination's name on its file system, removed afterwards. Raises `DestinationError`."""
    missing = [folder for folder in destination.parents if not folder.exists()]
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        _clear(destination.parent)
        folder, running = _hidden_folder(destination.parent)
    except OSError as error:
        raise DestinationError(
            f"cannot write to {destination.parent}",
            cause=error.strerror or str(error),
            hint="choose another destination",
        ) from error
    with running:
        try:
            made = folder / destination.name
            made.mkdir()
            yield made
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            _remove_empty(missing)
            if isinstance(error, OSError):
                raise DestinationError(
                    f"cannot write {error.filename or destination}", cause=error.strerror or str(error)
                ) from error
            raise
        shutil.rmtree(folder, ignore_errors=True)


def put(made: Path, destination: Path) -> None:
    """Move a complete service into its place. If that fails, the destination is as before."""
    if not destination.exists():
        made.rename(destination)
        return
    _write_note(made.parent, destination, whole=True)
    before = set(destination.iterdir())
    try:
        _move(made, destination)
    except BaseException:
        _take_away(destination, before)
        raise


@contextlib.contextmanager
def put_before(made: Path, destination: Path) -> Iterator[None]:
    """Move an unfinished service into its place to work on it there; remove it again if the block fails."""
    before = set(destination.iterdir()) if destination.exists() else None
    _write_note(made.parent, destination, whole=False)
    try:
        if before is None:
            made.rename(destination)
        else:
            _move(made, destination)
        yield
        (made.parent / NOTE_FILE).unlink()
    except BaseException:
        _take_away(destination, before or set())
        if before is None:
            with contextlib.suppress(FileNotFoundError):
                destination.rmdir()
        raise


def _move(made: Path, destination: Path) -> None:
    """Move every file and folder."""
    for child in _in_order(made):
        child.rename(destination / child.name)


def _in_order(made: Path) -> list[Path]:
    """What to move, the lock last: a folder without a lock is not taken for a service."""
    return sorted(made.iterdir(), key=lambda child: child.name == LOCK)


def _take_away(destination: Path, before: set[Path]) -> None:
    for child in list(destination.iterdir()) if destination.exists() else ():
        if child not in before:
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


# -- after a kill ------------------------------------------------------------------------------------------------------


def refuse_half_made(destination: Path, *, dry_run: bool) -> None:
    """Refuse a destination that a killed `paved new` left half made. If only files had to be moved, move them first.

    Raises `DestinationError` in both cases. Existing files are not overwritten.
    """
    for folder in destination.parent.glob(f"{PREFIX}*"):
        note = _read_note(folder)
        if note is None or note.destination != destination.name:
            continue
        running = _locked(folder)
        if running is None:
            raise DestinationError(f"another paved new is working on {destination}", hint="wait until it ends")
        with running:
            if note.whole and not dry_run:
                _finish(folder, destination)
            raise _half_made_error(folder, destination, note, dry_run=dry_run)


def _finish(folder: Path, destination: Path) -> None:
    made = folder / destination.name
    for child in _in_order(made) if made.exists() else ():
        if not os.path.lexists(destination / child.name):
            child.rename(destination / child.name)
    shutil.rmtree(folder)


def _half_made_error(folder: Path, destination: Path, note: _Note, *, dry_run: bool) -> DestinationError:
    if note.whole:
        return DestinationError(
            f"an earlier paved new of {destination} was killed while it moved files into place",
            cause="the rest is still to be moved"
            if dry_run
            else "the rest has been moved now: the service is complete",
            hint=f"paved new {quoted(destination)}" if dry_run else f"paved status {quoted(destination)}",
        )
    made = [child for child in destination.iterdir() if child.name not in (note.before or ())]
    rest = sorted(made) if note.before is not None else [destination]
    return DestinationError(
        f"{destination} is half made",
        cause="an earlier paved new was killed while the template's tasks ran in it",
        hint=f"if you need none of it: rm -r {shlex.join(map(str, [*rest, folder]))}",
    )


def _clear(parent: Path) -> None:
    """Remove hidden folders that no process works with, except those that a destination still needs."""
    for folder in parent.glob(f"{PREFIX}*"):
        note = _read_note(folder)
        if note is not None and (parent / note.destination).is_dir() and any((parent / note.destination).iterdir()):
            continue
        if (running := _locked(folder)) is not None:
            with running:
                shutil.rmtree(folder, ignore_errors=True)


# -- the hidden folder -------------------------------------------------------------------------------------------------


def _hidden_folder(parent: Path) -> tuple[Path, IO[str]]:
    """A new hidden folder and the lock on it, which ends with this process."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        try:
            running = _locked(folder)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        # Another `paved new` may have locked the folder to remove it: it looked left behind.
        if running is not None:
            if (folder / _RUNNING).exists():
                return folder, running
            running.close()


def _locked(folder: Path) -> IO[str] | None:
    """Lock a hidden folder; None if another process has the lock or the folder is gone."""
    try:
        running = (folder / _RUNNING).open("a")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(running, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        running.close()
        return None
    return running


def _write_note(folder: Path, destination: Path, *, whole: bool) -> None:
    before = tuple(child.name for child in destination.iterdir()) if destination.exists() else None
    scratch = folder / f"{NOTE_FILE}.new"
    scratch.write_text(json.dumps(asdict(_Note(destination=destination.name, whole=whole, before=before))))
    scratch.replace(folder / NOTE_FILE)


def _read_note(folder: Path) -> _Note | None:
    try:
        return _Note(**json.loads((folder / NOTE_FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
