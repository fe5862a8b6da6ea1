"""Refusing repositories that would make git hang: with a FIFO in place of one of git's own files.

git opens these files whatever they are. Checking the ones that nearly every command reads takes microseconds; a pipe
anywhere else runs into the time limit of a reader (`paved_road.git.process.LONGEST`).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from paved_road.errors import GitError
from paved_road.files import contained

_FILES = ("HEAD", "index", "config.worktree", "commondir", "gitdir", "info/sparse-checkout", "MERGE_HEAD")
_COMMON = (
    "config", "packed-refs", "shallow", "info/exclude", "info/attributes", "info/grafts", "objects/info/alternates",
    "objects/info/commit-graph",
)  # fmt: skip
"""Files that all work trees of a repository share."""


def refuse_pipes(path: Path) -> None:
    """Raise `GitError` if git, in the folder `path`, would open a pipe, a socket or a device as one of its own files.

    A link counts as the file that it leads to, because git follows it.
    """
    top = next((one for one in (path, *path.parents) if os.path.lexists(one / ".git")), None)
    # git checks whether each folder on the way is a bare repository, and reads its HEAD.
    for one in (path, *path.parents):
        if one == top:
            break
        _refuse(one / "HEAD")
    if top is None:
        return
    folder = _named(top / ".git", "gitdir:") if (top / ".git").is_file() else top / ".git"
    for name in _FILES:
        _refuse(folder / name)
    common = _named(folder / "commondir", "")
    for name in (*_COMMON, *([ref] if (ref := _first_line(folder / "HEAD", "ref:")) else [])):
        _refuse(common / name)


def _refuse(file: Path) -> None:
    try:
        mode = file.stat().st_mode
    except (OSError, ValueError):  # ValueError: a null character
        return
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or (stat.S_ISCHR(mode) and not file.samefile(os.devnull)):
        raise GitError(
            f"git would hang: {file} is {contained.describe_kind(mode)}, not a file",
            hint="remove it, or clone the repository again",
        )


def _named(file: Path, label: str) -> Path:
    """The folder that one of git's files names; the file's own folder if it names none."""
    return file.parent / _first_line(file, label)


def _first_line(file: Path, label: str) -> str:
    """The text after a label; "" if the first line does not begin with it."""
    try:
        line = contained.read_regular(file.parent, file.name).split(b"\n", 1)[0]
    except (OSError, ValueError):
        return ""
    said = os.fsdecode(line)
    return said.removeprefix(label).strip() if said.startswith(label) else ""
