"""Drift: where a service differs from its pristine files.

The lock has the blob id of every pristine file, so this is exact, renders nothing and needs no network.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.errors import ServiceError
from paved_road.files import contained
from paved_road.git import trees
from paved_road.git.entries import BlobId, File, Mode, Tree, TreeEntry, file_id
from paved_road.road.owners import Owner
from paved_road.service.lock import Locked
from paved_road.service.model import Service
from paved_road.service.stored import tree_as_stored
from paved_road.settings.whereabouts import git_in, quoted

if TYPE_CHECKING:
    from paved_road.settings.config import Config


class DriftKind(StrEnum):
    """How a file differs."""

    EDITED = "edited"
    DELETED = "deleted"
    MODE = "mode"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A file that differs from what its release rendered."""

    path: str
    kind: DriftKind
    owner: Owner
    road: Locked
    """The file as the release rendered it."""
    found: TreeEntry | None
    """The file as git would store it now; None if it was deleted."""


def find_drift(service: Service, *, owners: Iterable[Owner] = (Owner.ROAD,)) -> list[Difference]:
    """The differences between the work tree and the lock, by path, in the files of these owners.

    Raises `ServiceError` if there is no lock, if it is of another release than the answers file and something differs,
    or if a file cannot be read.
    """
    if service.lock is None:
        raise ServiceError(
            f"{service.path} has no lock",
            cause="plain Copier made it",
            hint=f"paved adopt {quoted(service.path)}",
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
            f"cannot tell drift from the changes of the update to {service.stated.commit}",
            cause=service.notes[0],
            hint=f"paved update {quoted(service.path)}",
        )
    return found


def pristine(service: Service, paths: Iterable[str], config: Config) -> Tree:
    """The pristine files at these paths: from the service's git objects, or else from the release, rendered again.

    A path that neither has is left out. Rendering runs no code of the template and fetches no road, so this raises
    `UnfetchedRoad`, and `UntrustedTemplate` for a template that cannot be rendered without its code.
    """
    from paved_road.service import origin

    wanted = list(paths)
    lock = service.lock.files if service.lock else {}
    contents = dict(zip(wanted, git.read_objects(service.top, [lock[path].entry.blob for path in wanted]), strict=True))
    if None in contents.values():
        again = origin.render_stamped(service, origin.find_origin_to_read(service, config), config)
        contents |= {path: again.tree[path].data for path in wanted if again and path in again.tree}
    object_format = service.repository.object_format
    files = {path: File(data, lock[path].entry.mode) for path, data in contents.items() if data is not None}
    return {path: file for path, file in files.items() if file.blob_in(object_format) == lock[path].entry.blob}


def patch(service: Service, differences: Iterable[Difference], config: Config) -> str:
    """The differences line by line, as git stores the files. A file above the size limit is only named."""
    import tempfile

    there = {one.path: contained.lstat_file(service.path, one.path) for one in differences}
    large = [path for path, found in there.items() if found and found.st_size > contained.LIMIT]
    files = pristine(service, [path for path in there if path not in large], config)
    with tempfile.TemporaryDirectory(prefix="paved-drift-") as folder:
        before, after = Path(folder, "pristine"), Path(folder, "service")
        trees.write_folder(files, before)
        present = [path for path, found in there.items() if found and path not in large]
        found = trees.read_folder(service.path, present)
        stored = tree_as_stored(found, service.repository, prefix=service.prefix, filters=False)
        trees.write_folder(stored, after)
        size = f"larger than {contained.LIMIT // 2**20} MiB"
        return git.diff_folders(before, after) + "".join(f"{path} is {size}, so no diff is shown\n" for path in large)


def _kind(locked: Locked, found: TreeEntry | None) -> DriftKind | None:
    if found is None:
        return DriftKind.DELETED
    if found.blob != locked.entry.blob:
        return DriftKind.EDITED
    return DriftKind.MODE if found.mode is not locked.entry.mode else None


def _now(service: Service, files: Mapping[str, Locked]) -> dict[str, TreeEntry]:
    """The entries that git would store for these files as they are on disk.

    Git's index knows the id of every file whose size and times have not changed, so only the others are read.
    """
    index = git.read_index(service.repository, service.path)
    found: dict[str, TreeEntry] = {}
    unknown: list[str] = []
    for path in files:
        there = contained.lstat_file(service.path, path)
        one = index.vouches_for(service.prefix + path, there) if there else index.files.get(service.prefix + path)
        if one and one.entry.mode.is_file and (there or (one.left_out and not os.path.lexists(service.path / path))):
            found[path] = one.entry
        elif there:
            unknown.append(path)
    stored = _stored(service, index, {path: files[path].entry.blob for path in unknown})
    modes = {path: trees.mode_of(service.path / path) for path in unknown}
    locked = {path: files[path].entry for path in unknown}
    if any(mode is not locked[path].mode and stored[path] == locked[path].blob for path, mode in modes.items()):
        modes |= _modes(service, index, modes)
    return found | {path: TreeEntry(mode=modes[path], blob=stored[path]) for path in unknown}


_CONVERTED = 64 * 2**20
"""Bytes. Git converts a file whole in memory, so a larger one is not converted."""


def _stored(service: Service, index: git.Index, locked: Mapping[str, BlobId]) -> dict[str, BlobId]:
    """The blob ids of files as git would store them.

    Most files are stored as they are, so git converts only those that differ from the lock byte for byte (line endings,
    encoding, `$Id$`). Filters of git's configuration are never run: a file with a filter counts as the one in the index
    while its size and times are the same.
    """
    found = {path: _file_id(service, path) for path in locked}
    other = [path for path, blob in found.items() if blob != locked[path] and _can_be_converted(service, path)]
    if other:
        names = [service.prefix + path for path in other]
        ids = git.hash_files(service.top, names, settings=git.without_filters(service.top))
        found |= dict(zip(other, ids, strict=True))
        found |= _filtered(service, index, [path for path in other if found[path] != locked[path]])
    return found


def _filtered(service: Service, index: git.Index, paths: Iterable[str]) -> dict[str, BlobId]:
    """The blob ids of files that have a filter, as the index knows them. Raises `ServiceError` for one not in it."""
    found: dict[str, BlobId] = {}
    names = git.filtered(service.top, [service.prefix + path for path in paths])
    unmerged = set(git.unmerged_files(service.path)) if names else set()
    for name in sorted(names - unmerged):
        if name not in index.files:
            raise ServiceError(
                f"cannot tell whether {name} was edited: it has a git filter and is not added to git yet",
                cause="this command runs no filters",
                hint=f"{git_in(service.top)} add {shlex.quote(name)}",
            )
        if one := index.noted(name, (service.top / name).lstat()):
            found[name.removeprefix(service.prefix)] = one.entry.blob
    return found


def _file_id(service: Service, path: str) -> BlobId:
    try:
        return file_id(service.path / path, service.repository.object_format)
    except OSError as error:
        raise ServiceError(f"cannot read {service.path / path}", cause=error.strerror or str(error)) from error


def _can_be_converted(service: Service, path: str) -> bool:
    """Whether git may convert a file: a regular one below the size limit, with regular .gitattributes files."""
    found = (service.path / path).lstat()
    attributes = [service.top / parent / ".gitattributes" for parent in PurePosixPath(service.prefix + path).parents]
    endless = any(os.path.lexists(one) and not stat.S_ISREG(one.lstat().st_mode) for one in attributes)
    return stat.S_ISREG(found.st_mode) and found.st_size <= _CONVERTED and not endless


def _modes(service: Service, index: git.Index, modes: Mapping[str, Mode]) -> dict[str, Mode]:
    """The modes that only the index knows, because git's settings say that the file system has no such mode."""
    settings = git.settings(service.top, r"^core\.(filemode|symlinks)$")
    found = {}
    for path in modes:
        one = index.files.get(service.prefix + path)
        if one and one.entry.mode.is_file:
            is_link = Mode.SYMLINK in (one.entry.mode, modes[path])
            if settings.get("core.symlinks" if is_link else "core.filemode") == "false":
                found[path] = one.entry.mode
    return found
