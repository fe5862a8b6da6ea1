"""The values of git: ids of objects, entries of trees, and files that are not in a repository yet.

There are two shapes of a file, because only one of them has an id. A `File` is a mode and a content in memory: what a
template renders, or what a disk holds. A `TreeEntry` is a file in a tree of one repository, named by the id that the
repository's object format gives the content; most entries never load their content.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NewType

BlobId = NewType("BlobId", str)
"""The id of a file's content, in hexadecimal."""
TreeId = NewType("TreeId", str)
CommitId = NewType("CommitId", str)


class Mode(StrEnum):
    """The modes of the entries in a tree."""

    FILE = "100644"
    EXECUTABLE = "100755"
    SYMLINK = "120000"
    SUBMODULE = "160000"
    FOLDER = "40000"

    @property
    def is_file(self) -> bool:
        """Whether the entry is a file or a symbolic link: it has a content, and a place on disk."""
        return self not in (Mode.SUBMODULE, Mode.FOLDER)

    @classmethod
    def from_git(cls, text: str) -> Mode:
        """Parse a mode that git prints or stores; old trees contain others (`100664`) for a file."""
        if text.startswith("100"):
            return cls.EXECUTABLE if int(text, 8) & 0o100 else cls.FILE
        return cls(text.lstrip("0"))


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeEntry:
    """A file (or link, submodule, folder) in a tree of a repository; its path is the key that leads to it."""

    mode: Mode
    blob: BlobId
    """The id of the content; for a submodule the id of its commit, for a folder the id of its tree."""
    data: bytes | None = field(default=None, compare=False)
    """The content, if the repository may not have it yet."""


Files = Mapping[str, TreeEntry]
"""Entries by their path, relative and POSIX."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot(Files):
    """Files, together with the nearest tree that the repository already has.

    git builds a new tree from that one and is only given the difference: in a service of thousands of files, the dozen
    that an update changes.
    """

    tree: TreeId
    """A tree that the repository has, and that contains most of these files."""
    stored: Files
    """The files of that tree."""
    files: Files

    def holding(self, files: Files) -> Snapshot:
        """A snapshot of other files with the same nearest tree."""
        return Snapshot(tree=self.tree, stored=self.stored, files=files)

    def __getitem__(self, path: str) -> TreeEntry:
        return self.files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


@dataclass(frozen=True, slots=True)
class File:
    """A file's mode and content, in no repository; a symbolic link's content is its target."""

    data: bytes
    mode: Mode = Mode.FILE

    @property
    def blob(self) -> BlobId:
        """The id git gives this content in nearly every repository."""
        return blob_id(self.data)

    def blob_in(self, object_format: str) -> BlobId:
        """The id git gives this content in a repository of this object format."""
        return blob_id(self.data, object_format)

    def entry(self, object_format: str) -> TreeEntry:
        """The file as an entry, with its content, of a tree in a repository of this object format."""
        return TreeEntry(mode=self.mode, blob=self.blob_in(object_format), data=self.data)


Tree = dict[str, File]
"""Files in memory by their path, relative and POSIX."""


# -- ids, as git makes them, without a process -----------------------------------------------------------------------

SHA1 = "sha1"
"""git's name for the hash that nearly every repository uses; the other one is "sha256"."""

_CHUNK = 2**20


def blob_id(data: bytes, object_format: str = SHA1) -> BlobId:
    """The id of a content in a repository of this object format."""
    digest = hashlib.new(object_format, b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return BlobId(digest.hexdigest())


def file_id(path: Path, object_format: str = SHA1) -> BlobId:
    """The id of the content of a plain file or link on disk, byte for byte.

    A large file is read in chunks, a link is not followed, and a FIFO is not waited for. Raises `OSError`.
    """
    if path.is_symlink():
        return blob_id(os.fsencode(os.readlink(path)), object_format)
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
        left = os.fstat(stream.fileno()).st_size
        digest = hashlib.new(object_format, b"blob %d\0" % left, usedforsecurity=False)
        while left and (chunk := stream.read(min(left, _CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
    return BlobId(digest.hexdigest())
