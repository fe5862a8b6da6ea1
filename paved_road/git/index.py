"""git's index, and whether a file on disk is still the one that git wrote or read.

The index has the blob id of every tracked file, and its size and times as of then. While these still match, the id is
right and nothing has to be read. In doubt git compares contents, by running the repository's filters; paved compares
them itself (`paved_road.service.drift`) and only reads the index.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from paved_road.git.entries import BlobId, Mode, TreeEntry
from paved_road.git.process import run
from paved_road.git.query import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexed:
    """A file in the index."""

    entry: TreeEntry
    left_out: bool
    """Whether a sparse checkout leaves it out of the work tree (git's skip-worktree)."""
    stamp: tuple[int, ...] | None
    """Seconds and nanoseconds of change and modification, inode, size; None if git's output cannot be parsed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """The merged files of the index below a folder, by path from the repository's root."""

    files: Mapping[str, Indexed]
    written: int
    """When the index was last written: nanoseconds since the epoch."""

    def vouches_for(self, path: str, found: os.stat_result) -> Indexed | None:
        """The file in the index, if it is certainly the one on disk; None if its content has to be compared.

        As in git, a file that changed no earlier than the index was written is in doubt (racy-git.txt).
        """
        return None if found.st_mtime_ns >= self.written else self.noted(path, found)

    def noted(self, path: str, found: os.stat_result) -> Indexed | None:
        """The file in the index, if its size and times are those of the file on disk, however recent."""
        one = self.files.get(path)
        if one is None or one.stamp is None:
            return None
        return one if one.stamp == _stamp(found, nanoseconds=any(one.stamp[1:4:2])) else None


def read_index(repository: Repository, directory: Path) -> Index:
    """Read the index below a folder of the repository's work tree."""
    try:
        written = (repository.folder / "index").stat().st_mtime_ns
    except FileNotFoundError:
        written = 0
    listing = run("ls-files", "--stage", "--debug", "-z", "--full-name", cwd=directory)
    files = {}
    for match in _ENTRY.finditer(listing):
        if match["stage"] == b"0":
            files[os.fsdecode(match["path"])] = Indexed(
                entry=TreeEntry(mode=Mode.from_git(match["mode"].decode()), blob=BlobId(match["blob"].decode())),
                stamp=_noted(match["notes"]), left_out=bool(_flags(match["notes"]) & _SKIP_WORKTREE),
            )  # fmt: skip
    return Index(files=files, written=written)


# `ls-files --debug` writes size and times in lines that begin with two spaces, after the NUL that ends a path. The
# format "may change at any time": a line that does not match only means that the file's content is read.
_ENTRY = re.compile(
    rb"(?P<mode>\d{6}) (?P<blob>[0-9a-f]{40,64}) (?P<stage>\d)\t(?P<path>[^\0]+)\0(?P<notes>(?:  [^\n]*\n)*)"
)
_NOTES = re.compile(
    rb"ctime: (\d+):(\d+)\s+mtime: (\d+):(\d+)\s+dev: \d+\s+ino: (\d+)\s+uid: \d+\s+gid: \d+\s+size: (\d+)\s"
)
_FLAGS = re.compile(rb"flags: ([0-9a-f]+)")
_SKIP_WORKTREE = 1 << 30
_BITS = 0xFFFFFFFF
"""git stores the lower 32 bits."""


def _noted(notes: bytes) -> tuple[int, ...] | None:
    found = _NOTES.search(notes)
    return tuple(int(number) for number in found.groups()) if found else None


def _flags(notes: bytes) -> int:
    found = _FLAGS.search(notes)
    return int(found[1], 16) if found else 0


def _stamp(found: os.stat_result, *, nanoseconds: bool) -> tuple[int, ...]:
    """Times, inode and size as git stores them. Without support for nanoseconds, git stores zero for those."""
    parts: list[int] = []
    for time in (found.st_ctime_ns, found.st_mtime_ns):
        seconds, rest = divmod(time, 10**9)
        parts += [seconds & _BITS, rest if nanoseconds else 0]
    return (*parts, found.st_ino & _BITS, found.st_size & _BITS)
