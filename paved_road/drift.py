"""Drift: where a service differs from its pristine files, decided by the lock alone.

Exact and offline: the lock holds the blob id of every pristine file, so nothing is rendered or fetched.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from paved_road import git
from paved_road import tree as trees
from paved_road.errors import ServiceError
from paved_road.owners import Owner
from paved_road.service import Locked, Service
from paved_road.tree import File, Mode, Tree

if TYPE_CHECKING:
    from paved_road.config import Config


class Kind(StrEnum):
    """How a file differs."""

    EDITED = "edited"
    DELETED = "deleted"
    MODE = "mode"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A file that is not as its release rendered it."""

    path: str
    kind: Kind
    owner: Owner
    road: Locked
    """The file as the release rendered it."""
    found: tuple[Mode, str] | None
    """Mode and blob id as it is now; None when it is gone."""


def find(service: Service, *, owners: Iterable[Owner] = (Owner.ROAD,)) -> list[Difference]:
    """Differences of the work tree from the lock, in the files of these owners, by path."""
    if service.lock is None:
        raise ServiceError(
            f"{service.path} has no lock", cause="plain Copier made it", hint=f"paved adopt {service.path}"
        )
    wanted = set(owners)
    files = {path: locked for path, locked in service.lock.files.items() if locked.owner in wanted}
    now = _now(service, files)
    found = [
        Difference(path=path, kind=kind, owner=locked.owner, road=locked, found=now.get(path))
        for path, locked in sorted(files.items())
        if (kind := _kind(locked, now.get(path)))
    ]
    if found and service.lock_in_force is None:
        raise ServiceError(
            f"cannot tell drift from what the update to {service.stated.commit} changed",
            cause=service.notes[0],
            hint=f"paved update {service.path}",
        )
    return found


def pristine(service: Service, paths: Iterable[str], config: Config) -> Tree:
    """The files of the release: from the service's own objects, else from its release rendered again.

    A path is left out when neither has it.
    """
    from paved_road import origin

    wanted = list(paths)
    lock = service.lock.files if service.lock else {}
    contents = dict(zip(wanted, git.read(service.top, [lock[path].blob for path in wanted]), strict=True))
    if None in contents.values():
        again = origin.pristine(service, origin.find(service, config), config)
        contents |= {path: again.tree[path].data for path in wanted if again and path in again.tree}
    files = {path: File(data, lock[path].mode) for path, data in contents.items() if data is not None}
    return {path: file for path, file in files.items() if file.blob == lock[path].blob}


def patch(service: Service, differences: Iterable[Difference], config: Config) -> str:
    """The differences line by line."""
    import tempfile

    wanted = [one.path for one in differences]
    files = pristine(service, wanted, config)
    with tempfile.TemporaryDirectory(prefix="paved-drift-") as folder:
        before, after = Path(folder, "pristine"), Path(folder, "service")
        trees.write(files, before)
        trees.write(trees.read(service.path, [path for path in wanted if os.path.lexists(service.path / path)]), after)
        return git.diff_folders(before, after)


def _kind(locked: Locked, found: tuple[Mode, str] | None) -> Kind | None:
    if found is None:
        return Kind.DELETED
    mode, blob = found
    if blob != locked.blob:
        return Kind.EDITED
    return Kind.MODE if mode is not locked.mode else None


def _now(service: Service, files: Mapping[str, Locked]) -> dict[str, tuple[Mode, str]]:
    """Mode and blob id of each of these files as it is on disk, as git would store it.

    git's index knows the id of every file whose size and times have not changed, so only the others are read.
    """
    index = {
        path.removeprefix(service.prefix): (Mode(mode), blob)
        for mode, blob, path in git.index_entries(service.path)
        if mode in set(Mode)
    }
    modified = set(git.modified_files(service.path))
    found: dict[str, tuple[Mode, str]] = {}
    stale: list[str] = []
    for path in files:
        target = service.path / path
        if path in index and service.prefix + path not in modified:
            found[path] = index[path]
        elif os.path.lexists(target) and not (target.is_dir() and not target.is_symlink()):
            stale.append(path)
    for path, blob in zip(stale, git.hash_files(service.path, stale), strict=True):
        found[path] = (trees.mode_of(service.path / path), blob)
    return found
