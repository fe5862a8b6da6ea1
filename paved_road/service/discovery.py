"""Which locks and answers files a folder has, and which of them a command is about."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
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
    """The lock's name, the lock if there is one, and the answers file."""
    known = read_locks(path, every=bool(wanted or road))
    if wanted is not None:
        found = [(name, lock) for name, lock in known.items() if lock.answers_file == wanted]
        check_own(path, wanted)
    elif road is not None:
        found = [(name, lock) for name, lock in known.items() if is_same_road(lock.road, road, path)]
    else:
        found = list(known.items())
    if found:
        return *found[0], found[0][1].answers_file
    if wanted is not None:
        check_states_road(path, wanted)
    others = {lock.answers_file for lock in known.values()}
    if wanted is None:
        named = {name: one for name, one in answers_files(path).items() if name not in others}
        of_road = {name for name, one in named.items() if road and is_same_road(one.road, road, path)}
        if LOCK in known and not of_road:  # its road has moved
            return LOCK, known[LOCK], known[LOCK].answers_file
        wanted = only_answers_file(of_road or named, path)
    return new_lock_name(path, wanted), None, wanted


def read_locks(path: Path, *, every: bool = True) -> dict[str, Lock]:
    """The locks of a service by name, the main one first; without `every` the others only where that is missing."""
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
    """The name of the lock that goes with an answers file: of a folder's second template, one that tells them apart."""
    if not os.path.lexists(path / LOCK):
        return LOCK
    short = re.sub(r"^\.copier-answers\.?|\.ya?ml$", "", answers_file)
    return OTHER_LOCKS.replace("*", re.sub(r"[^A-Za-z0-9_]+", "-", short).strip("-") or "answers")


def answers_files(path: Path, *, everywhere: bool = False) -> dict[str, Stated]:
    """The answers files of the service at `path` by name: those under Copier's usual names, else those elsewhere.

    An answers file elsewhere is one that names its `_src_path`. One under the usual name in a subfolder is that of a
    service there, unless the folder is a hidden one.
    """
    named = sorted(file.name for file in path.glob(whereabouts.ANSWERS))
    if everywhere or not named:
        spread = git.files_with(path, "^_src_path:", ["*.yml", "*.yaml", "*answers*"])
        named += [name for name in spread if name not in named and not _is_of_a_service_below(name)]
    return {name: read_stated(path, name) for name in named if contained.is_file(path, name)}


def _is_of_a_service_below(name: str) -> bool:
    return "/" in name and PurePosixPath(name).name.startswith(".copier-answers") and not name.startswith(".")


def only_answers_file(found: Iterable[str], path: Path) -> str:
    """The answers file, when there is one and no other."""
    names = sorted(found)
    if len(names) == 1:
        return names[0]
    if names:
        raise ServiceError(
            f"{path} has several answers files", cause=", ".join(names), hint=f"name one: --answers-file {names[0]}"
        )
    raise whereabouts.no_service(path)


def is_same_road(recorded: str | None, wanted: str, path: Path) -> bool:
    """Whether a recorded road is the one that a person names. A relative path starts at the service or the folder."""
    if recorded is None:
        return False
    known = _from(recorded, path)
    return any(address.is_within(known, _from(wanted, folder).rstrip("/")) for folder in (Path(), path))


def _from(road: str, folder: Path) -> str:
    return os.path.abspath(folder / address.expanded(road)) if address.is_relative(road) else road


def check_own(path: Path, name: str) -> None:
    """Refuse an answers file that a person names and that is none of this service's."""
    check_named(name)
    if not contained.is_file(path, name):
        raise _no_answers_file(path, name)


def check_states_road(path: Path, name: str) -> None:
    """Refuse a file that a person names as an answers file, that no lock knows and that names no template."""
    if read_stated(path, name).road is None:
        raise _no_answers_file(path, name)


def _no_answers_file(path: Path, name: str) -> UsageError:
    found = ", ".join(answers_files(path, everywhere=True))
    there = f"it says nothing of a template (_src_path){'; ' if found else ''}" if contained.is_file(path, name) else ""
    return UsageError(
        f"{path} has no answers file {name}",
        cause=there + (f"its answers file is {found}" if found else ""),
        hint="--answers-file names another file",
    )
