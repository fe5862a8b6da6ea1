"""Reading files from a folder that a stranger filled, such as a service.

A link in it may lead to your credentials or into /dev, a FIFO never ends, and a file may be larger than the memory. So
only regular files are read, no link is followed, nothing is waited for, and there is a limit of size.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

LIMIT = 16 * 2**20
"""Bytes of a file that paved parses: enough for a lock of a hundred thousand files."""


class Refused(OSError):
    """There is something that paved does not read; `strerror` says why."""


def read_regular(folder: Path, path: str, *, limit: int | None = LIMIT) -> bytes:
    """The content of the regular file at `path` below `folder`, of at most `limit` bytes (None: of any size).

    Raises `FileNotFoundError` if there is none, and `Refused` for anything else, for a larger file, and behind a link.
    """
    where = folder / path
    found = lstat(folder, path)
    if not stat.S_ISREG(found.st_mode):
        raise Refused(errno.EINVAL, f"it is {describe_kind(found.st_mode)}, not a file", str(where))
    with os.fdopen(os.open(where, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
        data = stream.read() if limit is None else stream.read(limit + 1)
    if limit is not None and len(data) > limit:
        raise Refused(errno.EFBIG, f"it is larger than {limit // 2**20} MiB", str(where))
    return data


def lstat(folder: Path, path: str) -> os.stat_result:
    """What is at `path` below `folder`: a link itself, not its target. Raises `OSError` for a link on the way."""
    here = os.fspath(folder)
    *above, name = path.split("/")
    for part in above:
        here = f"{here}/{part}"
        if stat.S_ISLNK(os.lstat(here).st_mode):
            raise Refused(errno.ELOOP, f"the folder {part!r} is a link, which paved does not follow", here)
    return os.lstat(f"{here}/{name}")


def exists(folder: Path, path: str) -> bool:
    """Whether anything is at `path` below `folder`, without a link on the way."""
    return _found(folder, path) is not None


def lstat_file(folder: Path, path: str) -> os.stat_result | None:
    """What is at `path` below `folder` if it is a regular file or a link, which git can store; else None."""
    found = _found(folder, path)
    return found if found and (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)) else None


def is_file(folder: Path, path: str) -> bool:
    """Whether a regular file is at `path` below `folder`, without a link on the way."""
    found = _found(folder, path)
    return found is not None and stat.S_ISREG(found.st_mode)


def is_special(folder: Path, path: str) -> bool:
    """Whether a FIFO, a socket or a device is at `path` below `folder`."""
    found = _found(folder, path)
    return found is not None and not stat.S_ISDIR(found.st_mode) and lstat_file(folder, path) is None


def _found(folder: Path, path: str) -> os.stat_result | None:
    try:
        return lstat(folder, path)
    except (OSError, ValueError):  # ValueError: a null character
        return None


def describe_kind(mode: int) -> str:
    """The kind of a file that is not a regular one, in words: "a link", "a FIFO"."""
    kinds = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
