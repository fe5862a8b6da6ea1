"""Which locks and answers files a folder has, and which of them a command is about."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from paved_road import git
from paved_road.errors import ServiceError, UsageError
from paved_road.files import contained
from paved_road.git import address
from paved_road.service.answers_file import Stated, read_stated
from paved_road.service.answers_path import check_named
from paved_road.service.lock import LOCK, OTHER_LOCKS, Lock, parse_lock
from paved_road.service.repair import hint_to_restore
from paved_road.settings import whereabouts


def choose_answers_file(path: Path, wanted: str | None, road: str | None) -> tuple[str, Lock | None, str]:
    """The name of the lock, the lock if there is one, and the name of the answers file that a command is about.

    Raises `UsageError` if the service has no answers file `wanted`, and `ServiceError` if the folder is no service, has
    several answers files, or has a lock that cannot be read.
    """
    known = read_locks(path, every=bool(wanted or road))
    if wanted is not None:
        return _named_answers_file(path, known, wanted)
    for name, lock in known.items():
        if road is None or is_same_road(lock.road, road, path):
            return name, lock, lock.answers_file
    locked = {lock.answers_file for lock in known.values()}
    free = {name: stated for name, stated in answers_files(path).items() if name not in locked}
    of_road = {name for name, stated in free.items() if road and is_same_road(stated.road, road, path)}
    if LOCK in known and not of_road:  # its road has moved
        return LOCK, known[LOCK], known[LOCK].answers_file
    answers_file = only_answers_file(of_road or free, path)
    return new_lock_name(path, answers_file), None, answers_file


def _named_answers_file(path: Path, known: Mapping[str, Lock], wanted: str) -> tuple[str, Lock | None, str]:
    check_named(wanted)
    is_there = contained.is_file(path, wanted)
    for name, lock in known.items() if is_there else ():
        if lock.answers_file == wanted:
            return name, lock, wanted
    if is_there and read_stated(path, wanted).road is not None:
        return new_lock_name(path, wanted), None, wanted
    others = ", ".join(answers_files(path, everywhere=True))
    causes = ["it does not name a template (_src_path)"] * is_there + [f"its answers file is {others}"] * bool(others)
    raise UsageError(
        f"{path} has no answers file {wanted}", cause="; ".join(causes), hint="name another file with --answers-file"
    )


def read_locks(path: Path, *, every: bool = True) -> dict[str, Lock]:
    """The locks of a service by name, the main one first; without `every` only that one, if there is one.

    Raises `ServiceError` for a lock that cannot be read.
    """
    names = [LOCK] if os.path.lexists(path / LOCK) else []
    if every or not names:
        names += sorted(file.name for file in path.glob(OTHER_LOCKS))
    return {name: _read_lock(path, name) for name in names}


def _read_lock(path: Path, name: str) -> Lock:
    try:
        return parse_lock(contained.read_regular(path, name), where=path / name)
    except OSError as error:
        raise ServiceError(
            f"cannot read {path / name}", cause=error.strerror or str(error), hint=hint_to_restore(path, name)
        ) from error


def new_lock_name(path: Path, answers_file: str) -> str:
    """The name for the lock of an answers file. The lock of a folder's second template has a name of its own."""
    if not os.path.lexists(path / LOCK):
        return LOCK
    short = re.sub(r"^\.copier-answers\.?|\.ya?ml$", "", answers_file)
    return OTHER_LOCKS.replace("*", re.sub(r"[^A-Za-z0-9_]+", "-", short).strip("-") or "answers")


def answers_files(path: Path, *, everywhere: bool = False) -> dict[str, Stated]:
    """The answers files of the service at `path`, by name: those with Copier's usual names, or else those elsewhere.

    Elsewhere any file with a `_src_path` is an answers file. One with a usual name in a subfolder belongs to a service
    there, unless the folder is hidden.
    """
    named = sorted(file.name for file in path.glob(whereabouts.ANSWERS))
    if everywhere or not named:
        elsewhere = git.files_with(path, "^_src_path:", ["*.yml", "*.yaml", "*answers*"])
        named += [name for name in elsewhere if name not in named and not _is_of_a_service_below(name)]
    return {name: read_stated(path, name) for name in named if contained.is_file(path, name)}


def _is_of_a_service_below(name: str) -> bool:
    return "/" in name and PurePosixPath(name).name.startswith(".copier-answers") and not name.startswith(".")


def only_answers_file(found: Iterable[str], path: Path) -> str:
    """The one answers file. Raises `ServiceError` if there are several, or none."""
    names = sorted(found)
    if len(names) == 1:
        return names[0]
    if names:
        raise ServiceError(
            f"{path} has several answers files", cause=", ".join(names), hint=f"name one: --answers-file {names[0]}"
        )
    raise whereabouts.no_service(path)


def is_same_road(recorded: str | None, wanted: str, path: Path) -> bool:
    """Whether a recorded road is the one that a person names, relative to the service or to the current folder."""
    if recorded is None:
        return False
    known = _from(recorded, path)
    return any(address.is_within(known, _from(wanted, folder).rstrip("/")) for folder in (Path(), path))


def _from(road: str, folder: Path) -> str:
    return os.path.abspath(folder / address.expanded(road)) if address.is_relative(road) else road
