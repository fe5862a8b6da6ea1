"""What exactly was approved: the difference between the road's file and the service's.

For one pristine file no two contents have the same digest: each hunk is digested with its context as git shows it
and with how many equal places come before it, which together say where it goes. The line numbers are not in it, so
the digest stays when a release changes the file elsewhere and the merge carries the difference along.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Sequence

from paved_road.git.entries import File, Mode, TreeEntry

DELETED = "deleted"
CONTEXT = 3
"""Unchanged lines around a hunk, as git shows them."""
_LARGEST = 4_000_000
"""Lines times lines that differ, beyond which a file counts as one hunk: matching takes quadratic time."""


def identity(file: TreeEntry | None) -> str:
    """A file as a record names it; None is one that the service has deleted."""
    return f"{file.mode} {file.blob}" if file else DELETED


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
    if len(old) * len(new) > _LARGEST:
        return None
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)
    return ((start + group[0][1], old[group[0][1] : group[-1][2]], new[group[0][3] : group[-1][4]]) for group in groups)


def _equal_before(lines: list[bytes], start: int, block: Sequence[bytes]) -> int:
    """How many places before `start` look like `block`."""
    return sum(lines[at : at + len(block)] == block for at in range(start))
