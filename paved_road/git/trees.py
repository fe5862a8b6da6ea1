"""Reading and writing files with git's modes, and the paths that a template may write.

Files are bytes: nothing here decodes a content.
"""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from paved_road.errors import ForbiddenPath
from paved_road.files import contained
from paved_road.git.entries import File, Mode, Tree

_LONGEST_NAME = 255
"""Bytes: NAME_MAX of every common file system."""
_LONGEST_PATH = 3000
"""Bytes of a path below the service: PATH_MAX is 4096, and the service's own path needs some of it."""


@functools.lru_cache(10_000)
def check_path(path: str) -> str:
    """Return `path` if it stays inside the service and out of git's own folder. Raises `ForbiddenPath` otherwise.

    git refuses the same names (`verify_path` in read-cache.c): a template must not plant hooks in `.git`.
    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or "\\" in path or "\0" in path:
        raise ForbiddenPath(f"the template writes to {path!r}", cause="not a relative path inside the service")
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in parts) or len(os.fsencode(path)) > _LONGEST_PATH:
        raise ForbiddenPath(
            f"the template writes to {path[:_LONGEST_NAME]!r}...",
            cause=f"a name has at most {_LONGEST_NAME} bytes, a path {_LONGEST_PATH}",
        )
    for part in parts:
        if part in (".", "..") or part.lower() == ".git":
            raise ForbiddenPath(
                f"the template writes to {path!r}",
                cause=f"{part!r} leaves the service or enters git's folder",
            )
    return path


def check_paths(tree: Mapping[str, File]) -> None:
    """Raise `ForbiddenPath` if a path leaves the service, or lies below another file of the tree."""
    for path in tree:
        check_path(path)
        for parent in PurePosixPath(path).parents:
            if str(parent) in tree:
                raise ForbiddenPath(
                    f"the template writes to {path!r}",
                    cause=f"{str(parent)!r} is a file of the same template",
                )


def read_file(folder: Path, path: str) -> File:
    """Read a file or symbolic link below `folder`. Raises `OSError` for anything else, or behind a link."""
    mode = _mode(contained.lstat(folder, path).st_mode)
    target = folder / path
    return File(
        os.fsencode(os.readlink(target)) if mode is Mode.SYMLINK else contained.read_regular(folder, path, limit=None),
        mode,
    )


def mode_of(path: Path) -> Mode:
    """The mode that git would store for a file on disk."""
    return _mode(path.lstat().st_mode)


def _mode(bits: int) -> Mode:
    if stat.S_ISLNK(bits):
        return Mode.SYMLINK
    return Mode.EXECUTABLE if bits & 0o100 else Mode.FILE


def read_folder(directory: Path, paths: Iterable[str] | None = None) -> Tree:
    """Read these files below `directory`; without `paths` every file but those of a `.git` at its root."""
    return {
        path: read_file(directory, path)
        for path in (_walk(directory) if paths is None else paths)
        if not (directory / path).is_dir() or (directory / path).is_symlink()
    }


def _walk(directory: Path) -> list[str]:
    found = []
    for folder, folders, files in os.walk(directory):
        here = Path(folder)
        if here == directory and ".git" in folders:
            folders.remove(".git")
        links = [name for name in folders if (here / name).is_symlink()]
        found += [(here / name).relative_to(directory).as_posix() for name in (*files, *links)]
    return sorted(found)


def write_folder(tree: Mapping[str, File], directory: Path) -> None:
    """Write files below `directory`, where none of them exists yet. Raises `ForbiddenPath` and `OSError`."""
    check_paths(tree)
    for path, file in tree.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.mode is Mode.SYMLINK:
            target.symlink_to(os.fsdecode(file.data))
            continue
        with target.open("xb") as stream:
            stream.write(file.data)
            if file.mode is Mode.EXECUTABLE:
                os.fchmod(stream.fileno(), stat.S_IMODE(os.fstat(stream.fileno()).st_mode) | 0o111)


def with_folder_replaced(tree: Mapping[str, File], here: Path, there: Path) -> Tree:
    """The files with the path of the folder that they were made in (`here`) replaced by `there`."""
    old, new = os.fsencode(here), os.fsencode(there)
    return {
        path: File(file.data.replace(old, new), file.mode) if old in file.data else file for path, file in tree.items()
    }
