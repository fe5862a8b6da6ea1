"""Resolve the lock and the answers file of a service whose two branches were both updated.

Each branch's lock is whole in git's index and names its release. The merged files hold what both updates brought, so
the newer release's lock is the right merge base for later updates, whatever git made of its lines. Where the branches
gave different answers, the answers are merged one by one, and the next update applies what came from the older branch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.errors import PavedError, ServiceError, UsageError
from paved_road.files import contained
from paved_road.git.entries import TreeEntry
from paved_road.road.manifest import manifest_of
from paved_road.road.versions import is_older
from paved_road.service import answers_file, origin
from paved_road.service.lock import LOCK, OTHER_LOCKS, parse_lock
from paved_road.service.model import Service
from paved_road.service.repair import has_markers
from paved_road.update import preconditions
from paved_road.update.branches import files
from paved_road.update.branches.sides import (
    Branch,
    FileSides,
    read_answers_sides,
    read_from_disk,
    read_lock_sides,
    read_unmerged,
)
from paved_road.update.decisions import ConflictKind, ConflictReason, Decision, describe_conflicts
from paved_road.update.merge.answers import merge_answers_files

if TYPE_CHECKING:
    from paved_road.settings.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedBranches:
    """What was resolved, and what is left. Paths are from the service's folder."""

    older: str
    newer: str
    """The versions of the two branches; the service is at the newer one now."""
    records: tuple[str, ...]
    """The lock and the answers file, where they are resolved and added."""
    merged: tuple[str, ...]
    """Other files that git could not merge, or merged from too old a base: they are merged and added now."""
    derived: Mapping[str, str]
    """Those of them that are taken from the newer branch because a command makes them; and the command."""
    kept: str
    """The commit, on no branch, that keeps the other files as they were; "" if there are none."""
    left: tuple[Decision, ...]
    """What git has not merged yet."""
    ends: str
    """The command that concludes git's own operation."""


def find_conflicted_lock(service: Service) -> str | None:
    """The first of the service's locks that git could not merge, or whose answers file git could not merge.

    None during an update of paved's own.
    """
    if service.journal.exists():
        return None
    unmerged = read_unmerged(service)
    on_disk = [LOCK, *sorted(path.name for path in service.path.glob(OTHER_LOCKS))]
    for lock_file in dict.fromkeys([*on_disk, *(name for name in unmerged if _LOCKS.fullmatch(name))]):
        text = read_from_disk(service, lock_file)
        contents = {lock_file: text}
        if text and not has_markers(text):
            answers = parse_lock(text, where=service.path / lock_file).answers_file
            contents[answers] = read_from_disk(service, answers)
        if any(name in unmerged or has_markers(content) for name, content in contents.items()):
            return lock_file
    return None


_LOCKS = re.compile(r"\.paved-road(\.[^/]+)?\.lock")


def resolve_branches(service: Service, lock_file: str, config: Config) -> ResolvedBranches:
    """Resolve a conflicted lock, its answers file and other files, as far as nobody has to decide.

    Raises `ServiceError` if it cannot tell which branch has the newer release.
    """
    unmerged = read_unmerged(service)
    older, newer = _by_age(service, lock_file, read_lock_sides(service, lock_file, unmerged), config)
    name = newer.lock.answers_file
    sides = read_answers_sides(service, name, unmerged)
    answers = sides.ours if sides.are_equal else _merge_answers(name, sides, newer_is_ours=newer.is_ours)
    is_older_chosen = sides.are_equal and answers_file.parse_stated(answers).commit == older.lock.stated.commit
    chosen, behind = (older, newer) if is_older_chosen else (newer, older)
    # The other files come first: once the lock is written, nobody can tell any more which branch is behind.
    others = {path: stages for path, stages in unmerged.items() if path not in (lock_file, name)}
    derived: Mapping[str, str] = {}
    merged: dict[str, TreeEntry | None] = {}
    if chosen.text != behind.text:
        derived = _derived_files(service, lock_file, chosen, config) if others else {}
        merged |= files.merge_unmerged(service, others, behind, derived)
    if behind.lock.commit != chosen.lock.commit:
        merged |= files.merge_again(service, behind)
    kept = files.keep_as_commit(service, list(merged)) if merged else ""
    files.write_merged(service, merged)
    records = _write_records(service, {lock_file: chosen.text, name: answers})
    return ResolvedBranches(
        older=older.lock.version, newer=chosen.lock.version, records=records, merged=tuple(sorted(merged)), kept=kept,
        derived={path: derived[path] for path in merged if path in derived},
        left=_conflicts_left(service), ends=preconditions.command_to_conclude(service),
    )  # fmt: skip


def refuse_abort(service: Service, lock_file: str) -> UsageError:
    """The error for `--abort` when what is in progress is an operation of git's, and not an update."""
    return UsageError(
        "no update is in progress",
        cause=f"the conflict in {lock_file} is from a merge of git's",
        hint=f"paved update --continue resolves it; {preconditions.command_to_undo(service)} undoes the merge",
    )


# -- which branch is ahead ---------------------------------------------------------------------------------------------


def _by_age(service: Service, lock_file: str, sides: FileSides, config: Config) -> tuple[Branch, Branch]:
    """The branch of the older release, and that of the newer one. A branch that deleted the lock counts as the other.

    The road's history decides between equal versions.
    """
    texts = sides.ours or sides.theirs, sides.theirs or sides.ours
    ours, theirs = (
        Branch(lock=parse_lock(text, where=service.path / lock_file), text=text, is_ours=is_ours)
        for text, is_ours in zip(texts, (True, False), strict=True)
    )
    if is_older(ours.lock.version, theirs.lock.version):
        return ours, theirs
    if is_older(theirs.lock.version, ours.lock.version) or ours.lock.commit == theirs.lock.commit:
        return theirs, ours
    try:
        at = replace(service, lock=ours.lock, lock_file=lock_file)
        road = origin.find_origin_to_read(at, config).template.road
        return next(
            (first, second)
            for first, second in ((ours, theirs), (theirs, ours))
            if first.lock.commit and second.lock.commit
            and git.is_ancestor(road.location, first.lock.commit, second.lock.commit)
        )  # fmt: skip
    except (PavedError, StopIteration) as error:
        raise ServiceError(
            "cannot tell which of the two branches has the newer release",
            cause=f"both say {ours.lock.version}, "
            f"of the commits {str(ours.lock.commit)[:10]} and {str(theirs.lock.commit)[:10]}",
            hint=f"git checkout --ours -- {lock_file} takes this branch's lock, --theirs the other one's; "
            f"then git add {lock_file}",
        ) from error


def _derived_files(service: Service, lock_file: str, branch: Branch, config: Config) -> Mapping[str, str]:
    """The derived files of a branch's release and their commands; none if its road cannot be read now."""
    lock = branch.lock
    at = replace(service, lock=lock, lock_file=lock_file, answers_file=lock.answers_file, stated=lock.stated)
    try:
        release = origin.recorded_release(at, origin.find_origin_to_read(at, config))
        return manifest_of(release.files()).derived
    except PavedError:
        return {}


# -- the lock and the answers file -------------------------------------------------------------------------------------


def _merge_answers(name: str, sides: FileSides, *, newer_is_ours: bool) -> bytes:
    """The answers of both branches with the newer one's release; with markers where the answers differ."""
    newer = sides.ours if newer_is_ours else sides.theirs
    release: dict[bytes, bytes] = dict(_RELEASE.findall(newer))

    def with_release(match: re.Match[bytes]) -> bytes:
        key, rest = match.group("name", "rest")
        return bytes(key + release.get(key, rest))

    base, ours, theirs = (_RELEASE.sub(with_release, text) for text in (sides.base, sides.ours, sides.theirs))
    return merge_answers_files(name, base, ours, theirs, newer_is_ours=newer_is_ours)


_RELEASE = re.compile(rb"^(?P<name>_commit|_src_path)(?P<rest>:.*\n(?:[ \t]+\S.*\n)*)", re.MULTILINE)
"""The lines of an answers file that name the release, as Copier and paved write them."""


def _write_records(service: Service, records: Mapping[str, bytes]) -> tuple[str, ...]:
    """Write the records that have a content, and add those that have no marker; the names of the added ones."""
    for name, content in records.items():
        file = service.path / name
        if os.path.lexists(file) and not contained.is_file(service.path, name):
            raise ServiceError(f"{file} is not a file", hint=f"look at it: ls -l {file}")
        if content:
            file.write_bytes(content)
    done = tuple(name for name, content in records.items() if content and not has_markers(content))
    git.add(service.path, "--force", "--", *done)
    return done


def _conflicts_left(service: Service) -> tuple[Decision, ...]:
    stages = read_unmerged(service)
    why = ConflictReason(kind=ConflictKind.CONTENTS, why="git could not merge what the two branches made of this file")

    def read(entries: list[TreeEntry]) -> list[bytes]:
        return [data or b"" for data in git.read_objects(service.top, [entry.blob for entry in entries])]

    return tuple(describe_conflicts(stages, dict.fromkeys(stages, why), read))
