"""Which service a command is about, and how to write its path for the person's current folder.

Like git, uv and cargo, a command on a service finds it from any folder inside it. The search runs no git: it ends at
the repository's root, which has a `.git`, and at the border of a file system, like git's own.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from paved_road import git
from paved_road.errors import OthersAreServices, ServiceError
from paved_road.git import address

LOCK = ".paved-road.lock"
OTHER_LOCKS = ".paved-road.*.lock"
"""The locks of further templates in one folder."""
ANSWERS_FILE = ".copier-answers.yml"
"""Copier's answers file of a template that does not name one."""
ANSWERS = ".copier-answers*.y*ml"
"""Copier's usual names for an answers file."""

_MOST = 8
"""Services that one message lists at most."""


def service_at(path: Path) -> Path:
    """The folder of the service that `path` is in: the nearest with a lock or answers file, or `path` itself."""
    here = address.resolved(path)
    return next((folder for folder in _upwards(here) if is_service(folder)), path) if here.is_dir() else path


def is_service(folder: Path) -> bool:
    """Whether a folder has a lock, or an answers file under one of its usual names."""
    if os.path.lexists(folder / LOCK):
        return True
    try:
        return any(next(folder.glob(pattern), None) for pattern in (OTHER_LOCKS, ANSWERS))
    except OSError:  # whoever needs the folder reports that it cannot be read
        return False


def _upwards(folder: Path) -> Iterator[Path]:
    """The folder and those above it, up to the repository's root."""
    try:
        device = folder.stat().st_dev
        for level in (folder, *folder.parents):
            if level.stat().st_dev != device:
                return
            yield level
            if os.path.lexists(level / ".git") or _is_gits_own(level):
                return
    except OSError:
        return


def _is_gits_own(folder: Path) -> bool:
    """Whether a folder is a `.git` or a bare repository: a command inside it is not about anything above it."""
    return folder.name.lower() == ".git" or git.is_bare(folder)


def no_service(path: Path) -> ServiceError:
    """The error for a folder in no service. It lists the services below the folder, or else in its repository."""
    repository = git.repository(path)
    for folder in (path, *([repository.top] if repository else ())):
        if found := [shown(folder / name) for name in tracked_services(folder)]:
            more = f" and {len(found) - _MOST} more" if found[_MOST:] else ""
            error = OthersAreServices(
                f"{path} is not a service",
                cause=f"services {'in this folder' if folder == path else 'in this repository'}: "
                + ", ".join(found[:_MOST]) + more,
                hint=f"name one: paved status {quoted(found[0])}",
            )  # fmt: skip
            error.example = found[0]
            return error
    return ServiceError(
        f"{path} is not a service",
        cause=f"neither it nor a folder above it has {LOCK} or {ANSWERS_FILE}",
        hint=f"paved adopt {quoted(shown(path))}",
    )


def tracked_services(folder: Path) -> list[str]:
    """The services below a folder that git tracks or could track, as paths relative to it."""
    # `:(glob)**/` is a folder at any depth, this one among them.
    patterns = [f":(glob)**/{name}" for name in (LOCK, OTHER_LOCKS, ANSWERS)]
    found = git.working_files(folder, *patterns)
    return sorted({path.rpartition("/")[0] for path in found if "/" in path})


# -- as the person would write it --------------------------------------------------------------------------------------


def shown(path: Path, *, start: Path = Path()) -> str:
    """A path as a person in the folder `start` writes it."""
    relative = os.path.relpath(path, start)
    return relative if not relative.startswith("../..") else os.path.abspath(path)


def git_in(folder: Path | str) -> str:
    """How a git command in a hint begins: `git`, with `-C` unless the reader is in the folder."""
    return "git" if Path(folder) in (Path(), Path.cwd()) else f"git -C {quoted(folder)}"


def quoted(path: Path | str) -> str:
    """A path quoted for a shell."""
    return shlex.quote(str(path))
