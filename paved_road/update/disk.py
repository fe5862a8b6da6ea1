"""The work tree as it is on disk, whatever git's index says of it. Nothing here goes through a link.

A folder of the service may be a link that the team committed, or one that somebody put there a moment ago: what lies
behind it is not the service's to read, to write or to remove.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from paved_road import git
from paved_road.files import contained
from paved_road.git import trees
from paved_road.git.entries import BlobId, File, Mode, TreeEntry

Settings = tuple[tuple[str, str], ...]


def file_at(top: Path, path: str) -> File | None:
    """The file or link at a path; None where there is none, where it is a folder, or where a link leads to it."""
    return trees.read_file(top, path) if contained.lstat_file(top, path) else None


def first_obstruction(top: Path, path: str) -> str | None:
    """The first folder of a path that is something else on disk (a link, a file); None when there is none."""
    for folder in reversed(PurePosixPath(path).parents[:-1]):
        try:
            if not stat.S_ISDIR((top / folder).lstat().st_mode):
                return str(folder)
        except (FileNotFoundError, NotADirectoryError):
            return None
    return None


def blob_ids(top: Path, paths: Iterable[str]) -> dict[str, BlobId]:
    """The blob ids, as git would store them, of those of the paths that are files on disk."""
    there = [path for path in paths if file_at(top, path) is not None]
    return dict(zip(there, git.hash_files(top, there, role=git.PERSON), strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskDifference:
    """How a path is not on disk as expected."""

    mode: Mode | None
    """What is there; None for no file."""
    content: bool
    """Whether it has another content."""


def find_differences(
    top: Path, expected: Mapping[str, TreeEntry], *, role: git.Role, settings: Settings = ()
) -> dict[str, DiskDifference]:
    """Those of the paths that are not on disk as expected, by content.

    Most files are what git stores, byte for byte: git is asked, in this role and with these settings, only about the
    others, which it may have converted.
    """
    there = {path: file_at(top, path) for path in expected}
    unlike = [path for path, file in there.items() if file is not None and file.blob != expected[path].blob]
    stored = dict(zip(unlike, git.hash_files(top, unlike, role=role, settings=settings), strict=True)) if unlike else {}
    found = {}
    for path, entry in expected.items():
        file = there[path]
        content = file is None or stored.get(path, entry.blob) != entry.blob
        if file is None or content or file.mode is not entry.mode:
            found[path] = DiskDifference(mode=file.mode if file else None, content=content)
    return found


def is_executable(top: Path, path: str) -> bool:
    """Whether a file that is there is executable."""
    return trees.mode_of(top / path) is Mode.EXECUTABLE


def set_executable(top: Path, wanted: Mapping[str, bool]) -> None:
    """Give those of the files that are there their executable bit, or take it."""
    for path, executable in wanted.items():
        if (file := file_at(top, path)) is not None and file.mode is not Mode.SYMLINK:
            bits = stat.S_IMODE((top / path).lstat().st_mode)
            (top / path).chmod(bits | 0o111 if executable else bits & ~0o111)


def remove(top: Path, path: str, *, root: Path) -> None:
    """Remove a file, and the folders below `root` that it leaves empty."""
    *folders, name = PurePosixPath(path).parts
    with contextlib.ExitStack() as opened:
        handles = [_open(top, opened)]
        for folder in folders:
            try:
                handles.append(_open(folder, opened, inside=handles[-1]))
            except (FileNotFoundError, NotADirectoryError):
                break
        if len(handles) > len(folders):
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                os.unlink(name, dir_fd=handles[-1])
        with contextlib.suppress(OSError):  # a folder that still holds something
            for number in range(len(handles) - 1, len(root.relative_to(top).parts), -1):
                os.rmdir(folders[number - 1], dir_fd=handles[number - 1])


def _open(folder: Path | str, opened: contextlib.ExitStack, *, inside: int | None = None) -> int:
    """A handle of a folder that is no link: what is done by it stays in that folder, whatever is renamed meanwhile."""
    try:
        handle = os.open(folder, _FOLDER, dir_fd=inside)
    except OSError as error:
        if error.errno == errno.ELOOP:  # what macOS says of a link
            raise NotADirectoryError(*error.args) from error
        raise
    opened.callback(os.close, handle)
    return handle


_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
