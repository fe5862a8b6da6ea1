"""Folders that nobody else can have written.

What lies in paved's cache decides what paved does: copies of roads bring git's settings, rules name commands, compiled
templates are code. So a folder of it is used only if it is ours and nobody else can write it or any folder on the way
to it, as OpenSSH demands for its keys (StrictModes).
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
    """The folder `name` of the cache, made where it is missing.

    Raises `ConfigError` if others could have written to it.
    """
    folder = cache / name
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    require_private(cache)
    require_private(folder)
    return folder


def require_private(folder: Path) -> None:
    """Refuse what lies in `folder` where others could have written it: `ConfigError`."""
    if why := why_not_private(folder):
        raise ConfigError(
            f"the cache is not used: {folder} is not yours alone",
            cause=f"{why}; what others put there would run as yours",
            hint="set PAVED_CACHE to a folder of your own, or see: paved doctor",
        )


def why_not_private(folder: Path) -> str:
    """Why somebody else could have written what is in `folder`; "" when nobody could, or there is no such folder."""
    if not hasattr(os, "geteuid"):
        return ""
    me, closed = os.geteuid(), False
    for path, found in _way(folder):
        last = path == Path(os.path.realpath(folder))
        if found.st_uid not in ((me,) if last else (me, 0)):
            return f"{path} belongs to the user {found.st_uid}, and you are {me}"
        if stat.S_ISLNK(found.st_mode):
            continue
        # On the way: behind a folder of ours that is closed to all others, nobody else gets anywhere.
        closed = closed or is_closed(found, me)
        passed = not last and (closed or found.st_mode & stat.S_ISVTX)
        if found.st_mode & _OTHERS and not passed:
            return f"others can write {path} (mode {stat.S_IMODE(found.st_mode):04o})"
    return ""


def is_closed(found: os.stat_result, me: int) -> bool:
    """Whether a file or folder is mine, and nobody else may read or write it."""
    return found.st_uid == me and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def make_private(folder: Path) -> bool:
    """Take every right of others on a folder of ours away; False where it is not ours."""
    try:
        if folder.lstat().st_uid != os.geteuid():
            return False
        folder.chmod(0o700)
    except OSError:
        return False
    return True


def _way(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every folder and link that is passed on the way to `folder`, as far as they exist, and `folder` itself."""
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
    """The secret in `file`, made where it is missing; None where none can be kept to ourselves."""
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
