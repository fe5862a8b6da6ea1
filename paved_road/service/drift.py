"""Drift: where a service differs from its pristine files, decided by the lock alone.

Exact and offline: the lock holds the blob id of every pristine file, so nothing is rendered or fetched.
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
from paved_road.settings.whereabouts import quoted

if TYPE_CHECKING:
    from paved_road.settings.config import Config


class DriftKind(StrEnum):
    """How a file differs."""

    EDITED = "edited"
    DELETED = "deleted"
    MODE = "mode"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A file that is not as its release rendered it."""

    path: str
    kind: DriftKind
    owner: Owner
    road: Locked
    """The file as the release rendered it."""
    found: TreeEntry | None
    """The file as it is now, as git would store it; None when it is gone."""


def find_drift(service: Service, *, owners: Iterable[Owner] = (Owner.ROAD,)) -> list[Difference]:
    """Differences of the work tree from the lock, in the files of these owners, by path."""
    if service.lock is None:
        raise ServiceError(
            f"{service.path} has no lock", cause="plain Copier made it", hint=f"paved adopt {quoted(service.path)}"
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
            hint=f"paved update {quoted(service.path)}",
        )
    return found


def pristine(service: Service, paths: Iterable[str], config: Config) -> Tree:
    """The files of the release: from the service's own objects, else from its release rendered again.

    A path is left out when neither has it. Rendering runs none of the template's own code and fetches no road; so
    raises `UnfetchedRoad`, and `UntrustedTemplate` for a template that cannot be rendered without its code.
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
    """The differences line by line, of what git stores. A file that nobody reads line by line is only named."""
    import tempfile

    there = {one.path: contained.lstat_file(service.path, one.path) for one in differences}
    large = [path for path, found in there.items() if found and found.st_size > contained.LIMIT]
    files = pristine(service, [path for path in there if path not in large], config)
    with tempfile.TemporaryDirectory(prefix="paved-drift-") as folder:
        before, after = Path(folder, "pristine"), Path(folder, "service")
        trees.write_folder(files, before)
        trees.write_folder(
            _as_stored(service, [path for path, found in there.items() if found and path not in large]), after
        )
        said = [
            f"{path} is larger than {contained.LIMIT // 2**20} MiB: its difference is not shown\n" for path in large
        ]
        return git.diff_folders(before, after) + "".join(said)


def _as_stored(service: Service, paths: Iterable[str]) -> Tree:
    """The files on disk as git would store them."""
    found = trees.read_folder(service.path, paths)
    contents = {path: file.data for path, file in found.items() if file.mode is not Mode.SYMLINK}
    changed = git.converted(contents, service.repository, prefix=service.prefix, filters=False)
    return found | {path: File(data, found[path].mode) for path, data in changed.items()}


def _kind(locked: Locked, found: TreeEntry | None) -> DriftKind | None:
    if found is None:
        return DriftKind.DELETED
    if found.blob != locked.entry.blob:
        return DriftKind.EDITED
    return DriftKind.MODE if found.mode is not locked.entry.mode else None


def _now(service: Service, files: Mapping[str, Locked]) -> dict[str, TreeEntry]:
    """These files as they are on disk, as git would store them.

    git's index knows the id of every file whose size and times have not changed, so only the others are read.
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
"""Bytes up to which git is asked what it makes of a file: it takes the whole of it into memory."""


def _stored(service: Service, index: git.Index, locked: Mapping[str, BlobId]) -> dict[str, BlobId]:
    """The blob ids of files as git would store them.

    Most files are stored as they are. Only one that is not the locked one byte for byte may be so after a conversion
    of line ends, encoding or `$Id$`. Filters of the configuration's are never run: a file that has one is the one in
    the index as long as its size and times are.
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
    """The blob ids of files that have a filter, as far as the index knows them; `ServiceError` for one not in it."""
    found: dict[str, BlobId] = {}
    names = git.filtered(service.top, [service.prefix + path for path in paths])
    unmerged = set(git.unmerged_files(service.path)) if names else set()
    for name in sorted(names - unmerged):
        if name not in index.files:
            raise ServiceError(
                f"{name} is not added to git yet, and only git's filter could tell whether it was edited",
                cause="a command that only reads runs no filter",
                hint=f"git add {shlex.quote(name)}, at {service.top}",
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
    """Whether git may be asked to convert a file: a plain one of bearable size, with attributes that can be read."""
    found = (service.path / path).lstat()
    attributes = [service.top / parent / ".gitattributes" for parent in PurePosixPath(service.prefix + path).parents]
    endless = any(os.path.lexists(one) and not stat.S_ISREG(one.lstat().st_mode) for one in attributes)
    return stat.S_ISREG(found.st_mode) and found.st_size <= _CONVERTED and not endless


def _modes(service: Service, index: git.Index, modes: Mapping[str, Mode]) -> dict[str, Mode]:
    """The modes that only the index knows, as the file system has no executable bit, or no links, by git's settings."""
    settings = git.settings(service.top, r"^core\.(filemode|symlinks)$")
    found = {}
    for path in modes:
        one = index.files.get(service.prefix + path)
        if one and one.entry.mode.is_file:
            is_link = Mode.SYMLINK in (one.entry.mode, modes[path])
            if settings.get("core.symlinks" if is_link else "core.filemode") == "false":
                found[path] = one.entry.mode
    return found
