"""Which file of the old release is which file of the new one.

A three-way merge needs to know what was renamed. A template knows it exactly: the same source rendered to another path,
a rename in the road's history, or a move that the template declares. These moves are applied to the merge's inputs, so
that git sees files that stayed where they are; git's rename detection finds the others. All moves are one mapping, so
swaps, and a move with a replacement at the old path, come out right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from pathlib import PurePosixPath

from packaging.version import InvalidVersion, Version

from paved_road.road.versions import is_older

Moves = dict[str, str]
"""Old path to new path, for files whose path changes."""


def by_source(old: Mapping[str, str], new: Mapping[str, str], renamed: Iterable[tuple[str, str]]) -> Moves:
    """Moves of files whose template source is the same, or was renamed in the road's history.

    `old` and `new` map rendered paths to sources; `renamed` are the sources' renames, oldest first.
    """
    now = {source: source for source in old.values()}
    for before, after in renamed:
        for source, current in now.items():
            if current == before:
                now[source] = after
    targets: dict[str, list[str]] = {}
    for path, source in new.items():
        targets.setdefault(source, []).append(path)
    moves = {}
    for path, source in old.items():
        paths = targets.get(now[source], [])
        if len(paths) == 1 and paths[0] != path:
            moves[path] = paths[0]
    return moves


def declared(moves: Mapping[str, Mapping[str, str]], since: str, old: Iterable[str], new: Container[str]) -> Moves:
    """Moves that the template declares, by the version that made them, for a service that comes from `since`.

    They are applied version by version, so that a file that moved twice arrives at its last path. Those of older
    versions are left out: a swap must not be made again.
    """
    now = {path: path for path in old}
    for version in sorted(moves, key=_by_age):
        if version != since and not is_older(version, since):
            now = {path: moves[version].get(current, current) for path, current in now.items()}
    return {path: current for path, current in now.items() if path != current and current in new}


def _by_age(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")


def fitting(moves: Mapping[str, str], ours: Iterable[str]) -> Moves:
    """The moves whose new path the service does not have yet; git's merge decides the others."""
    kept = dict(moves)
    present = set(ours)
    while True:
        taken = {old for old, new in kept.items() if new in present and new not in kept}
        if not taken:
            return kept
        for old in taken:
            del kept[old]


def folders(moves: Mapping[str, str], theirs: Iterable[str]) -> Moves:
    """Folders that moved as a whole: all files that moved out went to the same place, and none is left behind."""
    votes: dict[str, Counter[str]] = {}
    for old, new in moves.items():
        before, after = PurePosixPath(old).parts, PurePosixPath(new).parts
        while before and after and before[-1] == after[-1]:
            before, after = before[:-1], after[:-1]
            if before and after and before != after:
                votes.setdefault("/".join(before), Counter())["/".join(after)] += 1
    if not votes:
        return {}
    occupied = {str(parent) for path in theirs for parent in PurePosixPath(path).parents}
    return {old: next(iter(new)) for old, new in votes.items() if len(new) == 1 and old not in occupied}


def own_files(moved_folders: Mapping[str, str], own: Iterable[str]) -> Moves:
    """Moves of the service's own files along with their folder."""
    moves = {}
    for path in own:
        for parent in PurePosixPath(path).parents:
            if str(parent) in moved_folders:
                moves[path] = moved_folders[str(parent)] + path.removeprefix(str(parent))
                break
    return moves
