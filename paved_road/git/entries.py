"""What git keeps: the ids of its objects, the entries of its trees, and files that are not in it yet.

Two shapes of a file, because only one of them has an id. A `File` is a content in memory: what a template renders or a
disk holds. A `TreeEntry` is a file in a tree of one repository, named by the id that its object format gives the
content; most entries never load their content.
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
        """The mode that git prints or stores; old trees have others (`100664`) for a file."""
        if text.startswith("100"):
            return cls.EXECUTABLE if int(text, 8) & 0o100 else cls.FILE
        return cls(text.lstrip("0"))


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeEntry:
    """A file (or link, submodule, folder) in a tree of a repository; its path is the key that leads to it."""

    mode: Mode
    blob: BlobId
    """The id of the content; of a submodule that of its commit, of a folder that of its tree."""
    data: bytes | None = field(default=None, compare=False)
    """The content, where the repository may not have it yet."""


Files = Mapping[str, TreeEntry]
"""Entries by their path, relative and POSIX."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot(Files):
    """The files of a state that git has, or is to get, as a tree.

    git makes a tree from one that it has, and is told the difference alone: of a service of thousands of files, the
    dozen that an update changes.
    """

    tree: TreeId
    """A tree that the repository has, and that has most of these files."""
    stored: Files
    """The files of that tree."""
    files: Files

    def holding(self, files: Files) -> Snapshot:
        """A state of these files, which are most of them those of the same tree."""
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
"""Git's name of the hash that nearly every repository uses; the other one is "sha256"."""

_CHUNK = 2**20


def blob_id(data: bytes, object_format: str = SHA1) -> BlobId:
    """The id of a content in a repository of this object format."""
    digest = hashlib.new(object_format, b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return BlobId(digest.hexdigest())


def file_id(path: Path, object_format: str = SHA1) -> BlobId:
    """The id of what a plain file or link holds, byte for byte. A large file is never whole in memory.

    Raises `OSError` for what cannot be read. A link is not followed, and what never ends (a FIFO) is not waited for.
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
