"""Rename detection: which of a service's files git will take for renamed ones, and which its history refutes.

A service leaves no word about what it renamed, so git goes by similarity. That brings a road's change to where the
team moved a file. It also brings it into a file that merely looks like the one the team deleted: such a file was
there before the other one went, and the service's history knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from paved_road import git
from paved_road.git import Commit, Scratch
from paved_road.git.entries import Files
from paved_road.service.model import Service
from paved_road.update.moves import Moves


@dataclass(frozen=True, kw_only=True, slots=True)
class RenameDetection:
    """What git makes of the files that the service no longer has."""

    renamed: Moves = field(default_factory=dict)
    """Old path to new path."""
    unrelated: frozenset[str] = frozenset()
    """The service's own files that only look like a renamed one."""


def detect_renames(
    service: Service, scratch: Scratch, base: Files, ours: Files, theirs: Files, moves: Moves
) -> RenameDetection:
    """The renames that matter: of files that the service no longer has and that the road changes or moves."""
    gone = {path for path in base if path not in ours}
    concerned = {path for path in gone if path in moves or base[path] != theirs.get(path)}
    own = {path for path in ours if path not in base}
    if not concerned or not own:
        return RenameDetection()
    unrelated: set[str] = set()
    while True:
        left = {path: entry for path, entry in ours.items() if path not in unrelated}
        scratch.commit([Commit(branch="before", files=base), Commit(branch="after", files=left, parent="before")])
        renamed = {old: new for old, new in git.detect_renames(scratch.folder, "before", "after") if old in concerned}
        refuted = {new for old, new in renamed.items() if _was_there_before(service, old, new)}
        if not refuted:
            return RenameDetection(renamed=renamed, unrelated=frozenset(unrelated))
        unrelated |= refuted


def notes(renamed: Mapping[str, str], ours: Files, merged: Files) -> Iterator[str]:
    """Which files git merged as renamed ones, for a person to review. `renamed` may lack renames of folders."""
    before = {new: old for old, new in renamed.items()}
    for path, entry in merged.items():
        if path in ours and path in before and ours[path].blob != entry.blob:
            yield (
                f"git detected {path} as a rename of {before[path]} and merged the template's change into it; "
                f"review {path}"
            )


def _was_there_before(service: Service, old: str, new: str) -> bool:
    """Whether `new` existed in the last commit that still had `old`; False where the history does not say."""
    parent = git.last_with(service.top, service.prefix + old)
    return parent is not None and git.has_file(service.top, parent, service.prefix + new)
