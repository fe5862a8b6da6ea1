"""What exactly was approved: the difference between the road's file and the service's.

For one pristine file, no two contents have the same digest: the digest of a hunk includes its context, as git shows
it, and how many equal places come before it, which together say where it belongs. It does not include line numbers,
so it stays the same when a release changes the file elsewhere and the merge keeps the difference.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from paved_road.errors import RecordError
from paved_road.files import contained
from paved_road.git import trees
from paved_road.git.entries import File, Mode, TreeEntry
from paved_road.service import drift

if TYPE_CHECKING:
    from paved_road.offroad.front_matter import Approved
    from paved_road.service.drift import Difference
    from paved_road.service.model import Service
    from paved_road.settings.config import Config

DELETED = "deleted"
CONTEXT = 3
"""Unchanged lines around a hunk, as git shows them."""
LARGEST = 4_000_000
"""Lines times lines that differ. Beyond it a file counts as one hunk, because matching takes quadratic time."""


def identity(file: TreeEntry | None) -> str:
    """A file as a fingerprint names it; None is one that the service has deleted."""
    return f"{file.mode} {file.blob}" if file else DELETED


def fingerprints(service: Service, differences: Sequence[Difference], config: Config) -> dict[str, Approved]:
    """The fingerprint of each difference, by path.

    Raises `RecordError` if neither the repository nor its release has the road's file any more.
    """
    from paved_road.offroad.front_matter import Approved

    road = drift.pristine(service, [one.path for one in differences], config)
    if missing := [one.path for one in differences if one.path not in road]:
        raise RecordError(
            f"cannot tell what was changed in {missing[0]}",
            cause="the repository does not have the road's file, and its release no longer renders it",
            hint="in a shallow clone: git fetch --unshallow",
        )
    return {
        one.path: Approved(
            road=identity(one.road.entry),
            service=identity(one.found),
            difference=difference(road[one.path], _service_file(service, one)),
        )
        for one in differences
    }


def _service_file(service: Service, one: Difference) -> File | None:
    """The file as git would store it, after its filters."""
    if one.found is None:
        return None
    mode, blob = one.found.mode, one.found.blob
    there = contained.lstat_file(service.path, one.path)
    if there and there.st_size <= contained.LIMIT:
        on_disk = trees.read_file(service.path, one.path).data
        for data in (on_disk, on_disk.replace(b"\r\n", b"\n")):
            if File(data).blob_in(service.repository.object_format) == blob:
                return File(data, mode)
    # Too large to compare, or stored through a filter of another kind: the stored content counts as a whole.
    return File(b"\0" + blob.encode(), mode)


# -- the digest --------------------------------------------------------------------------------------------------------


def difference(road: File, service: File | None) -> str:
    """The digest (hexadecimal SHA-256) of what turns the road's file into the service's."""
    digest = hashlib.sha256(b"paved-road difference 1\0")
    for part in _parts(road, service):
        digest.update(b"%d\0" % len(part) + part)
    return digest.hexdigest()


def _parts(road: File, service: File | None) -> Iterator[bytes]:
    if service is None:
        yield DELETED.encode()
        return
    if road.mode is not service.mode:
        yield f"mode {road.mode} {service.mode}".encode()
    if road.data == service.data:
        return
    before, after = road.data.splitlines(keepends=True), service.data.splitlines(keepends=True)
    hunks = None if Mode.SYMLINK in (road.mode, service.mode) else _hunks(before, after)
    if hunks is None or b"\0" in road.data or b"\0" in service.data:
        yield f"whole {road.blob} {service.blob}".encode()
        return
    for start, old, new in hunks:
        yield b"%d" % _equal_before(before, start, old)
        yield b"".join(old)
        yield b"".join(new)


def _hunks(before: list[bytes], after: list[bytes]) -> Iterator[tuple[int, Sequence[bytes], Sequence[bytes]]] | None:
    """Where each hunk starts, and its lines on either side; None when finding them would take too long."""
    shorter = min(len(before), len(after))
    head = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    tail = next((at for at in range(shorter - head) if before[-1 - at] != after[-1 - at]), shorter - head)
    start, rest = max(head - CONTEXT, 0), max(tail - CONTEXT, 0)
    old, new = before[start : len(before) - rest], after[start : len(after) - rest]
    if len(old) * len(new) > LARGEST:
        return None
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)
    return ((start + group[0][1], old[group[0][1] : group[-1][2]], new[group[0][3] : group[-1][4]]) for group in groups)


def _equal_before(lines: list[bytes], start: int, block: Sequence[bytes]) -> int:
    """How many places before `start` look like `block`."""
    return sum(lines[at : at + len(block)] == block for at in range(start))
