"""The work tree as it is on disk, whatever git's index says. Nothing here follows a link.

A folder of the service may be a link that the team committed, or that somebody made a moment ago. The files behind it
do not belong to the service: it must not read, write or remove them.
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
    """The file or link at a path; None if there is none, if it is a folder, or if a link leads to it."""
    return trees.read_file(top, path) if contained.lstat_file(top, path) else None


def first_obstruction(top: Path, path: str) -> str | None:
    """The first parent of a path that is no folder on disk but a link or a file; None if there is none."""
    for folder in reversed(PurePosixPath(path).parents[:-1]):
        try:
            if not stat.S_ISDIR((top / folder).lstat().st_mode):
                return str(folder)
        except (FileNotFoundError, NotADirectoryError):
            return None
    return None


def blob_ids(top: Path, paths: Iterable[str]) -> dict[str, BlobId]:
    """The blob ids that git would give the paths that are files on disk."""
    there = [path for path in paths if file_at(top, path) is not None]
    return dict(zip(there, git.hash_files(top, there, role=git.PERSON), strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskDifference:
    """How a path on disk differs from the expected entry."""

    mode: Mode | None
    """What is there; None for no file."""
    content: bool
    """Whether the content differs."""


def find_differences(
    top: Path, expected: Mapping[str, TreeEntry], *, role: git.Role, settings: Settings = ()
) -> dict[str, DiskDifference]:
    """The paths that differ on disk from the expected entries, by content.

    Most files equal what git stores, byte for byte. Only for the others, which git may have converted, git is asked, in
    this role and with these settings.
    """
    there = {path: file_at(top, path) for path in expected}
    unlike = [path for path, file in there.items() if file is not None and file.blob != expected[path].blob]
    stored = dict(zip(unlike, git.hash_files(top, unlike, role=role, settings=settings), strict=True)) if unlike else {}
    differences = {}
    for path, entry in expected.items():
        file = there[path]
        content = file is None or stored.get(path, entry.blob) != entry.blob
        if file is None or content or file.mode is not entry.mode:
            differences[path] = DiskDifference(mode=file.mode if file else None, content=content)
    return differences


def is_executable(top: Path, path: str) -> bool:
    """Whether a file that is there is executable."""
    return trees.mode_of(top / path) is Mode.EXECUTABLE


def set_executable(top: Path, wanted: Mapping[str, bool]) -> None:
    """Set or clear the executable bit of the files that exist."""
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
    """A handle of a folder that is no link. What uses it stays in that folder, whatever is renamed meanwhile."""
    try:
        handle = os.open(folder, _FOLDER, dir_fd=inside)
    except OSError as error:
        if error.errno == errno.ELOOP:  # what macOS says of a link
            raise NotADirectoryError(*error.args) from error
        raise
    opened.callback(os.close, handle)
    return handle


_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", os.O_RDONLY)
