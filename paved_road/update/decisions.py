"""What a person, an editor or an agent needs to resolve a conflict: the reason, and the file as each side has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from paved_road.git.entries import BlobId, Mode, TreeEntry

if TYPE_CHECKING:
    from paved_road.update.collisions import Obstacle
    from paved_road.update.merge.trees import Conflict

Read = Callable[[list[TreeEntry]], Sequence[bytes]]
"""Reads the contents of entries."""

LineRanges = tuple[tuple[int, int], ...]
"""First and last lines, from 1."""

LARGEST = 1 << 18
"""Bytes. The text of a larger file is omitted, and only its blob is named."""


class ConflictKind(StrEnum):
    """The kind of a conflict. Most are git's own words, all those with a slash among them."""

    CONTENTS = "contents"
    BINARY = "binary"
    MODIFY_DELETE = "modify/delete"
    RENAME_DELETE = "rename/delete"
    RENAME_RENAME = "rename/rename"
    FILE_DIRECTORY = "file/directory"
    DISTINCT_MODES = "distinct modes"
    DATA = "data"
    """The lines merge, but the data in them does not."""
    ALIKE = "alike"
    """The blocks are so similar that paved cannot tell which one was edited."""
    IN_THE_WAY = "in the way"
    """Where the release adds a file there is something that the service's last commit does not have."""
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class ConflictReason:
    """Why a path is a conflict."""

    kind: ConflictKind
    why: str
    """One sentence, without a full stop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConflictSide:
    """A conflicted file as one side has it."""

    mode: str
    blob: str
    text: str | None
    """None for what is no text or is larger than `LARGEST`: `git cat-file blob` prints it once the update has begun."""
    omitted: str = ""
    """Why there is no text: "binary" or "large"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """A conflict that somebody has to decide. A side is None where it does not have the file."""

    path: str
    """From the service's folder."""
    kind: ConflictKind
    why: str
    base: ConflictSide | None
    ours: ConflictSide | None
    theirs: ConflictSide | None
    markers: LineRanges = ()
    """The lines that still have conflict markers, as `--continue` found them."""


# -- why -------------------------------------------------------------------------------------------------------------


def explain_conflicts(
    conflicts: Mapping[str, Conflict], obstacles: Mapping[str, Obstacle], *, old: str, new: str
) -> dict[str, ConflictReason]:
    """Why each path is a conflict, in the words of an update from the version `old` to `new`."""
    reasons = {path: _explain(conflict.reason, conflict.stages, old, new) for path, conflict in conflicts.items()}
    for path, obstacle in obstacles.items():
        reasons[path] = ConflictReason(kind=ConflictKind.IN_THE_WAY, why=obstacle.reason)
    return reasons


def _explain(reason: str, stages: Mapping[int, TreeEntry], old: str, new: str) -> ConflictReason:
    """`reason` is git's word for the kind, or what paved found in a merge that git called clean."""
    road, since = (f"release {new}", f" since {old}") if old != new else ("the template", "")
    kind = next((kind for kind in ConflictKind if kind == reason), ConflictKind.OTHER)
    if reason.startswith("the merge is clean as text"):
        kind = ConflictKind.DATA
    elif reason.startswith("the blocks are too much alike"):
        kind = ConflictKind.ALIKE
    sentence = _SENTENCES.get((kind, tuple(sorted(stages)))) or _SENTENCES.get((kind, ())) or reason
    return ConflictReason(kind=kind, why=sentence.format(road=road, since=since, reason=reason))


_TWO_NAMES = "{road} and the service renamed this file differently"
_SENTENCES: dict[tuple[ConflictKind, tuple[int, ...]], str] = {
    (ConflictKind.CONTENTS, ()): "{road} and the service changed the same lines{since}",
    (ConflictKind.CONTENTS, (2, 3)): (
        "{road} and the service each have this file, and there is no common version to merge from"
    ),
    (ConflictKind.BINARY, ()): "{road} and the service both changed this file, and it is not text",
    (ConflictKind.MODIFY_DELETE, (1, 2)): "{road} deletes this file, and the service changed it{since}",
    (ConflictKind.MODIFY_DELETE, (1, 3)): "the service deleted this file, and {road} changes it",
    (ConflictKind.RENAME_DELETE, (1, 2)): "the service renamed this file, and {road} deletes it",
    (ConflictKind.RENAME_DELETE, (1, 3)): "{road} renames this file, and the service deleted it",
    (ConflictKind.RENAME_RENAME, ()): _TWO_NAMES,
    (ConflictKind.RENAME_RENAME, (1,)): f"{_TWO_NAMES}; this is its old name",
    (ConflictKind.RENAME_RENAME, (2,)): f"{_TWO_NAMES}; this is the service's name",
    (ConflictKind.RENAME_RENAME, (3,)): f"{_TWO_NAMES}; this is the release's name",
    (ConflictKind.FILE_DIRECTORY, ()): "one of {road} and the service has a file here, the other one a folder",
    (ConflictKind.DISTINCT_MODES, ()): (
        "one of {road} and the service has a file here, the other one a link or a submodule"
    ),
    (ConflictKind.OTHER, ()): "git cannot merge this file: {reason}",
    (ConflictKind.DATA, ()): "{reason}",
    (ConflictKind.ALIKE, ()): "{reason}",
}
"""By the kind and the path's stages in git's index: 1 is the old release's, 2 the service's, 3 the new release's."""


# -- the sides -------------------------------------------------------------------------------------------------------


def describe_conflicts(
    stages: Mapping[str, Mapping[int, TreeEntry]], why: Mapping[str, ConflictReason], read: Read
) -> Iterator[Decision]:
    """The conflicts with the file of each side, in the order of their paths."""
    every = [entry for of in stages.values() for entry in of.values() if entry.mode is not Mode.SUBMODULE]
    contents = dict(zip((entry.blob for entry in every), read(every), strict=True)) if every else {}
    for path, of in sorted(stages.items()):
        base, ours, theirs = (_side(of[number], contents) if number in of else None for number in (1, 2, 3))
        reason = why.get(path) or ConflictReason(kind=ConflictKind.OTHER, why="it is not merged")
        yield Decision(path=path, kind=reason.kind, why=reason.why, base=base, ours=ours, theirs=theirs)


def _side(entry: TreeEntry, contents: Mapping[BlobId, bytes]) -> ConflictSide:
    data = contents.get(entry.blob)
    text, omitted = None, "binary"
    if data is not None and len(data) > LARGEST:
        omitted = "large"
    elif data is not None and b"\0" not in data:
        try:
            text, omitted = data.decode(), ""
        except UnicodeDecodeError:
            omitted = "binary"
    return ConflictSide(mode=str(entry.mode), blob=entry.blob, text=text, omitted=omitted)


# -- markers ---------------------------------------------------------------------------------------------------------

_MARKER = re.compile(rb"([<|>])\1{6,} ")
"""The lines that zdiff3 begins, divides and ends a conflict with. A heading in Markdown is underlined with "=======",
so that one alone proves nothing."""


def find_markers(content: bytes, meant: Iterable[bytes]) -> LineRanges:
    """The first and last line, from 1, of each conflict that is left in a file, markers included.

    A marker that is in one of the contents `meant` is text, such as an example in a document about conflicts.
    """
    known = {line.rstrip() for text in meant for line in text.splitlines() if _MARKER.match(line)}
    found: list[tuple[int, int]] = []
    begun: int | None = None
    for number, line in enumerate(content.splitlines(), 1):
        marker = _MARKER.match(line)
        if not marker or line.rstrip() in known:
            continue
        if marker[1] == b"<":
            found += [(begun, begun)] if begun else []
            begun = number
        elif marker[1] == b">":
            found.append((begun or number, number))
            begun = None
        elif not begun:
            found.append((number, number))
    return (*found, *([(begun, begun)] if begun else []))
