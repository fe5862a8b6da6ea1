"""The ids of contents, as git makes them, without a process."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

SHA1 = "sha1"
"""Git's name of the hash that nearly every repository uses; the other one is "sha256"."""

_CHUNK = 2**20


def blob_id(data: bytes, object_format: str = SHA1) -> str:
    """The id of a content in a repository of this object format."""
    digest = hashlib.new(object_format, b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def file_id(path: Path, object_format: str = SHA1) -> str:
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
    return digest.hexdigest()
