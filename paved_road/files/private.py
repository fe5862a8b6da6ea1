"""Folders that no other user can have written.

The contents of the cache decide what paved does: copies of roads contain git settings, rules name commands, compiled
templates are code. So a folder of the cache is only used if it belongs to the user and nobody else can write to it or
to a folder above it, which is what OpenSSH requires for its keys (StrictModes).
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from paved_road.errors import ConfigError
from paved_road.files import contained

_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_KEY_BYTES = 32
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@functools.lru_cache  # a process looks once
def private_folder(cache: Path, name: str) -> Path:
    """The folder `name` of the cache, created if missing.

    Raises `ConfigError` if others could have written to it.
    """
    folder = cache / name
    with contextlib.suppress(OSError):  # without a writable cache paved is only slower
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    require_private(cache)
    require_private(folder)
    return folder


def require_private(folder: Path) -> None:
    """Raise `ConfigError` if another user could have written to `folder`."""
    if why := why_not_private(folder):
        raise ConfigError(
            f"cannot use the cache: other users may write to {folder}",
            cause=f"{why}; paved would run what they put there as you",
            hint="set PAVED_CACHE to a folder of your own, or run: paved doctor",
        )


def why_not_private(folder: Path) -> str:
    """Why another user could have written to `folder`; "" if none could, or if there is no such folder."""
    if not hasattr(os, "geteuid"):
        return ""
    me, closed = os.geteuid(), False
    for path, found in _way(folder):
        last = path == Path(os.path.realpath(folder))
        if found.st_uid not in ((me,) if last else (me, 0)):
            return f"{path} belongs to the user {found.st_uid}, and you are {me}"
        if stat.S_ISLNK(found.st_mode):
            continue
        # Nobody else can get past a folder on the way that is closed to all other users.
        closed = closed or is_closed(found, me)
        passed = not last and (closed or found.st_mode & stat.S_ISVTX)
        if found.st_mode & _OTHERS and not passed:
            return f"others can write {path} (mode {stat.S_IMODE(found.st_mode):04o})"
    return ""


def is_closed(found: os.stat_result, me: int) -> bool:
    """Whether a file or folder is mine, and nobody else may read or write it."""
    return found.st_uid == me and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def make_private(folder: Path) -> bool:
    """Remove all permissions of other users on a folder; False if it belongs to another user."""
    try:
        if folder.lstat().st_uid != os.geteuid():
            return False
        folder.chmod(0o700)
    except OSError:
        return False
    return True


def _way(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every existing folder and link on the way to `folder`, and `folder` itself."""
    steps, here, links = list(folder.absolute().parts), Path("/"), 0
    while steps:
        step = steps.pop(0)
        here = here.parent if step == ".." else here / step
        try:
            found = here.lstat()
        except OSError:
            return
        yield here, found
        if stat.S_ISLNK(found.st_mode) and (links := links + 1) <= 40:  # as many as Linux follows
            steps = [*(here.parent / os.readlink(here)).parts, *steps]
            here = Path("/")


def secret_key(file: Path) -> bytes | None:
    """The random key in `file`, created if missing; None if it cannot be kept from other users."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), os.fdopen(os.open(file, _NEW, 0o600), "wb") as stream:
            stream.write(os.urandom(_KEY_BYTES))
        found = file.lstat()
        content = contained.read_regular(file.parent, file.name)
    except OSError:
        return None
    alone = not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO) and not why_not_private(file)
    return content if alone and len(content) == _KEY_BYTES else None
