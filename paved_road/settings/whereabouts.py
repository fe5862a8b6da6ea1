"""Which service a person means from where they stand, and how they would write its path there.

As git, uv and cargo do, a command on an existing service finds it from a folder inside of it. The search needs no git:
it ends at the repository's root, which has a `.git`, and at the border of a file system, as git's own does.
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
"""Locks of further templates in one folder."""
ANSWERS_FILE = ".copier-answers.yml"
"""Copier's name for the answers file of a template that names none."""
ANSWERS = ".copier-answers*.y*ml"
"""Copier's usual names for an answers file."""

_MOST = 8
"""Services that one message lists."""


def service_at(path: Path) -> Path:
    """The folder of the service that the folder `path` is in: the nearest one with a record. `path` where none has."""
    here = address.resolved(path)
    return next((folder for folder in _upwards(here) if is_service(folder)), path) if here.is_dir() else path


def is_service(folder: Path) -> bool:
    """Whether a folder has a lock, or an answers file under one of its usual names."""
    if os.path.lexists(folder / LOCK):
        return True
    try:
        return any(next(folder.glob(pattern), None) for pattern in (OTHER_LOCKS, ANSWERS))
    except OSError:  # a folder that cannot be read is told by who needs it
        return False


def _upwards(folder: Path) -> Iterator[Path]:
    """The folder and those above it, up to the root of its repository."""
    try:
        device = folder.stat().st_dev
        for one in (folder, *folder.parents):
            if one.stat().st_dev != device:
                return
            yield one
            if os.path.lexists(one / ".git") or _is_gits_own(one):
                return
    except OSError:
        return


def _is_gits_own(folder: Path) -> bool:
    """Whether a folder is a repository without a work tree: nothing above it is meant from inside of it."""
    return folder.name.lower() == ".git" or git.is_bare(folder)


def no_service(path: Path) -> ServiceError:
    """What to say of a folder that is in no service: which services there are below it, or else in its repository."""
    repository = git.repository(path)
    for folder in (path, *([repository.top] if repository else ())):
        if found := [shown(folder / name) for name in _services_below(folder)]:
            more = f" and {len(found) - _MOST} more" if found[_MOST:] else ""
            error = OthersAreServices(
                f"{path} is not a service",
                cause=f"the services {'here' if folder == path else 'of this repository'}: "
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


def _services_below(folder: Path) -> list[str]:
    """The services in a folder of a work tree that git tracks or could track, by their paths from it."""
    # `:(glob)**/` is a folder at any depth, this one among them.
    patterns = [f":(glob)**/{name}" for name in (LOCK, OTHER_LOCKS, ANSWERS)]
    found = git.working_files(folder, *patterns)
    return sorted({path.rpartition("/")[0] for path in found if "/" in path})


# -- as the person would write it --------------------------------------------------------------------------------------


def shown(path: Path, *, start: Path = Path()) -> str:
    """A path as a person writes it who is in the folder `start`."""
    relative = os.path.relpath(path, start)
    return relative if not relative.startswith("../..") else os.path.abspath(path)


def git_in(folder: Path | str) -> str:
    """How a git command in a hint begins: `git`, with `-C` unless the reader is in the folder."""
    return "git" if Path(folder) in (Path(), Path.cwd()) else f"git -C {quoted(folder)}"


def quoted(path: Path | str) -> str:
    """A path as a shell takes it, whatever letters it has."""
    return shlex.quote(str(path))
