"""A file as each of two merged branches has it: from git's index, or from between the conflict markers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from paved_road import git
from paved_road.files import contained
from paved_road.git.entries import TreeEntry
from paved_road.service.lock import Lock
from paved_road.service.model import Service

Stages = Mapping[int, TreeEntry]
"""What git's index holds of an unmerged file: 1 is the merge base's, 2 the current branch's, 3 the other branch's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """One of two updated branches."""

    lock: Lock
    text: bytes
    """The lock as it is written."""
    is_ours: bool
    """Whether it is the current branch, which git calls "ours"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSides:
    """A file before two branches parted, and as each of them has it; b"" where one has none."""

    base: bytes
    ours: bytes
    theirs: bytes

    @property
    def are_equal(self) -> bool:
        """Whether both branches have the same."""
        return self.ours == self.theirs


def read_unmerged(service: Service) -> dict[str, Stages]:
    """The unmerged files of the service, by their path from its folder."""
    return {path.removeprefix(service.prefix): stages for path, stages in git.unmerged(service.path).items()}


def read_from_disk(service: Service, name: str) -> bytes:
    """The content of a file on disk; b"" where there is none."""
    return contained.read_regular(service.path, name) if contained.is_file(service.path, name) else b""


def read_lock_sides(service: Service, name: str, unmerged: Mapping[str, Stages]) -> FileSides:
    """A lock's sides: from git's index; from between its markers if somebody has added it with them."""
    return (
        _read_stages(service, unmerged[name]) if name in unmerged else split_at_markers(read_from_disk(service, name))
    )


def read_answers_sides(service: Service, name: str, unmerged: Mapping[str, Stages]) -> FileSides:
    """An answers file's sides as they are on disk, because somebody may have decided some of it already."""
    text = read_from_disk(service, name)
    staged = _read_stages(service, unmerged[name]) if name in unmerged else None
    if not text and staged:
        return staged
    sides = split_at_markers(text)
    return replace(sides, base=staged.base) if staged else sides


def _read_stages(service: Service, stages: Stages) -> FileSides:
    contents = git.read_objects(service.top, [entry.blob for entry in stages.values()])
    texts = {number: content or b"" for number, content in zip(stages, contents, strict=True)}
    return FileSides(base=texts.get(1, b""), ours=texts.get(2, b""), theirs=texts.get(3, b""))


def split_at_markers(text: bytes) -> FileSides:
    """The sides of a text with conflict markers; three times the text itself if it has none."""
    return FileSides(
        base=_REGION.sub(rb"\g<base>", text) if b"\n|||||||" in text else b"",
        ours=_REGION.sub(rb"\g<ours>", text),
        theirs=_REGION.sub(rb"\g<theirs>", text),
    )


_REGION = re.compile(
    rb"^<{7} [^\n]*\n(?P<ours>.*?)(?:^\|{7}[^\n]*\n(?P<base>.*?))?^={7}\r?\n(?P<theirs>.*?)^>{7} [^\n]*\n",
    re.MULTILINE | re.DOTALL,
)
