"""The records of two branches that were both updated, after git has merged the branches.

Each branch's lock is whole in git's index and names its release. The merged files hold what both updates brought, so
the newer release's lock is the right merge base from then on, whatever git made of its lines. What the branches
answered differently is merged answer by answer; the next update applies what came from the older branch.
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
from paved_road.git import TreeEntry
from paved_road.road import rules
from paved_road.road.versions import is_older
from paved_road.service import answers_file, origin
from paved_road.service.lock import LOCK, OTHER_LOCKS, Lock, parse_lock
from paved_road.service.model import Service
from paved_road.service.repair import has_markers
from paved_road.update import preconditions, remerge
from paved_road.update.decisions import ConflictKind, ConflictReason, Decision, describe_conflicts
from paved_road.update.merge.answers import merge_answers_files

if TYPE_CHECKING:
    from paved_road.settings.config import Config
    from paved_road.update.remerge import Unmerged


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciled:
    """What became of a service's records. Paths are from the service's folder."""

    older: str
    newer: str
    """The versions of the two branches; the service is at the newer one now."""
    records: tuple[str, ...]
    """The files that are resolved and added."""
    merged: tuple[str, ...]
    """Other files that git could not merge, or merged from too old a base, and that are merged and added now."""
    derived: Mapping[str, str]
    """Those that are the newer branch's, because a command makes them; and the command."""
    kept: str
    """The commit, on no branch, that keeps these files as they were; "" where there are none."""
    left: tuple[Decision, ...]
    """What git has not merged yet."""
    ends: str
    """The command that ends git's own operation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sides:
    """A file before two branches, and as each of them has it; b"" where one has none."""

    base: bytes
    ours: bytes
    theirs: bytes


def conflicted(service: Service) -> str | None:
    """The first of the service's locks that git could not merge, or whose answers file it could not merge.

    None in an update of paved's own, too.
    """
    if service.journal.exists():
        return None
    unmerged = _unmerged(service)
    there = [LOCK, *sorted(path.name for path in service.path.glob(OTHER_LOCKS))]
    for name in dict.fromkeys([*there, *(name for name in unmerged if _LOCKS.fullmatch(name))]):
        text = _on_disk(service, name)
        found = {name: text}
        if text and not has_markers(text):
            answers = parse_lock(text, where=service.path / name).answers_file
            found[answers] = _on_disk(service, answers)
        if any(one in unmerged or has_markers(content) for one, content in found.items()):
            return name
    return None


_LOCKS = re.compile(r"\.paved-road(\.[^/]+)?\.lock")


def reconcile(service: Service, lock_file: str, config: Config) -> Reconciled:
    """Resolve a lock that is `conflicted` and its answers file, as far as nobody has to decide."""
    unmerged = _unmerged(service)
    sides = _lock(service, lock_file, unmerged)
    texts = [text for text in (sides.ours, sides.theirs) if text]
    two = [parse_lock(text, where=service.path / lock_file) for text in (texts * 2)[:2]]
    older, newer = _in_order(replace(service, lock=two[0], lock_file=lock_file), two[0], two[1], config)
    name = newer.answers_file
    answers = _answers(service, name, unmerged)
    decided = answers.ours == answers.theirs
    text = answers.ours if decided else _merged(name, answers, newer_is_ours=newer is two[0])
    chosen = older if decided and answers_file.parse_stated(text).commit == older.stated.commit else newer
    behind = older if chosen is newer else newer
    at = replace(service, lock=chosen, lock_file=lock_file, answers_file=name, stated=chosen.stated)
    # Once the lock is decided, nobody can tell any more which branch is left behind: the other files come first.
    others = {path: stages for path, stages in unmerged.items() if path not in (lock_file, name)}
    derived: Mapping[str, str] = {}
    merged: dict[str, TreeEntry | None] = {}
    if texts[0] != texts[-1]:
        derived = _derived(at, config) if others else {}
        merged |= remerge.merge(service, others, behind, derived, is_ours=behind is two[0])
    if behind.commit != chosen.commit:
        merged |= remerge.merge_again(service, behind, is_ours=behind is two[0])
    kept = remerge.keep(service, list(merged)) if merged else ""
    remerge.write(service, merged)
    done = _write(service, {lock_file: texts[0] if chosen is two[0] else texts[-1], name: text})
    return Reconciled(
        older=older.version, newer=chosen.version, records=done, merged=tuple(sorted(merged)), kept=kept,
        derived={path: derived[path] for path in merged if path in derived},
        left=_left(service), ends=preconditions.command_to_conclude(service),
    )  # fmt: skip


def _derived(service: Service, config: Config) -> Mapping[str, str]:
    """The derived files of the service's release and their commands; none where its road cannot be read now."""
    try:
        release = origin.recorded_release(service, origin.find_to_read(service, config))
        return rules.read(release.files(), config.cache_dir).derived
    except PavedError:
        return {}


def not_an_update(service: Service, lock_file: str) -> UsageError:
    """What to say to who wants to abort an update where a merge of git's is what is in progress."""
    return UsageError(
        "no update is in progress",
        cause=f"the conflict in {lock_file} is from a merge of git's",
        hint=f"paved update --continue resolves it; {preconditions.command_to_undo(service)} undoes the merge",
    )


def _in_order(service: Service, one: Lock, other: Lock, config: Config) -> tuple[Lock, Lock]:
    """The lock of the older release, and that of the newer one; the road's history decides between equal versions."""
    if is_older(other.version, one.version):
        return other, one
    if is_older(one.version, other.version):
        return one, other
    if one.commit == other.commit:
        return other, one
    try:
        road = origin.find_to_read(service, config).template.road
        pairs = ((one, other), (other, one))
        return next(
            (first, second)
            for first, second in pairs
            if first.commit and second.commit and git.is_ancestor(road.location, first.commit, second.commit)
        )
    except (PavedError, StopIteration) as error:
        raise ServiceError(
            "cannot tell which of the two branches has the newer release",
            cause=f"both say {one.version}, of the commits {str(one.commit)[:10]} and {str(other.commit)[:10]}",
            hint=f"git checkout --ours -- {service.lock_file} takes this branch's lock, --theirs the other one's; "
            f"then git add {service.lock_file}",
        ) from error


# -- the files of the two sides ----------------------------------------------------------------------------------------


def _unmerged(service: Service) -> dict[str, Mapping[int, TreeEntry]]:
    return {path.removeprefix(service.prefix): stages for path, stages in git.unmerged(service.path).items()}


def _lock(service: Service, name: str, unmerged: Unmerged) -> _Sides:
    """A lock's sides from git's index; where somebody has added it with its markers, from the text between them."""
    return _staged(service, unmerged[name]) if name in unmerged else _between(_on_disk(service, name))


def _answers(service: Service, name: str, unmerged: Unmerged) -> _Sides:
    """An answers file's sides as they are on disk, because somebody may have decided some of it already."""
    text = _on_disk(service, name)
    staged = _staged(service, unmerged[name]) if name in unmerged else None
    if not text and staged:
        return staged
    sides = _between(text)
    return replace(sides, base=staged.base) if staged else sides


def _on_disk(service: Service, name: str) -> bytes:
    return contained.read(service.path, name) if contained.is_file(service.path, name) else b""


def _staged(service: Service, stages: Mapping[int, TreeEntry]) -> _Sides:
    found = iter(git.read(service.top, [leaf.blob for leaf in stages.values()]))
    texts = {number: next(found) or b"" for number in stages}
    return _Sides(base=texts.get(1, b""), ours=texts.get(2, b""), theirs=texts.get(3, b""))


def _between(text: bytes) -> _Sides:
    """The sides of a text with markers; the same on all where it has none."""
    return _Sides(
        base=_REGION.sub(rb"\g<base>", text) if b"\n|||||||" in text else b"",
        ours=_REGION.sub(rb"\g<ours>", text),
        theirs=_REGION.sub(rb"\g<theirs>", text),
    )


_REGION = re.compile(
    rb"^<{7} [^\n]*\n(?P<ours>.*?)(?:^\|{7}[^\n]*\n(?P<base>.*?))?^={7}\r?\n(?P<theirs>.*?)^>{7} [^\n]*\n",
    re.MULTILINE | re.DOTALL,
)


def _merged(name: str, sides: _Sides, *, newer_is_ours: bool) -> bytes:
    """The answers of both branches with the newer one's release, with markers where they answered differently."""
    newer = sides.ours if newer_is_ours else sides.theirs
    release: dict[bytes, bytes] = dict(_RELEASE.findall(newer))

    def released(found: re.Match[bytes]) -> bytes:
        name, rest = found.group("name", "rest")
        return bytes(name + release.get(name, rest))

    base, ours, theirs = (_RELEASE.sub(released, text) for text in (sides.base, sides.ours, sides.theirs))
    return merge_answers_files(name, base, ours, theirs, newer_is_ours=newer_is_ours)


_RELEASE = re.compile(rb"^(?P<name>_commit|_src_path)(?P<rest>:.*\n(?:[ \t]+\S.*\n)*)", re.MULTILINE)
"""What an answers file says of the release, as Copier and paved write it."""


def _write(service: Service, records: Mapping[str, bytes]) -> tuple[str, ...]:
    """Write those of the records that have a content, and add those without a marker, whose names are returned."""
    for name, content in records.items():
        file = service.path / name
        if os.path.lexists(file) and not contained.is_file(service.path, name):
            raise ServiceError(f"{file} is not a file", hint=f"look at it: ls -l {file}")
        if content:
            file.write_bytes(content)
    done = tuple(name for name, content in records.items() if content and not has_markers(content))
    git.add(service.path, "--force", "--", *done)
    return done


def _left(service: Service) -> tuple[Decision, ...]:
    stages = _unmerged(service)
    why = ConflictReason(kind=ConflictKind.CONTENTS, why="git could not merge what the two branches made of this file")

    def read(leaves: list[TreeEntry]) -> list[bytes]:
        return [data or b"" for data in git.read(service.top, [leaf.blob for leaf in leaves])]

    return tuple(describe_conflicts(stages, dict.fromkeys(stages, why), read))
