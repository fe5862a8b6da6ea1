"""Who approved what, by the history: a change does not approve itself.

A file cannot prove who wrote it. What git can tell is whether a record was accepted, or what it approves made wider,
in the same commit that changed a file it covers, or ahead of that commit. That the person who approves may do so is the
business of the repository's host: the stamped CODEOWNERS asks the platform's team to review the folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.errors import UsageError
from paved_road.offroad import FOLDER, deviations, fingerprint, is_record
from paved_road.offroad.deviations import BASELINE
from paved_road.offroad.evaluation import Finding, State

if TYPE_CHECKING:
    from paved_road.offroad.deviation import Approved, Deviation
    from paved_road.offroad.deviations import Ledger, Record
    from paved_road.service.lock import Policy
    from paved_road.service.model import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    """One change of the service: its name, the files it touches, and the records it touches, before and after."""

    name: str
    paths: frozenset[str]
    records: tuple[tuple[Deviation | None, Deviation | None], ...]
    commit: str | None = None


def check(service: Service, found: Ledger, *, base: str | None = None) -> list[Finding]:
    """What was approved by the change that widened it: among the commits since `base`, and uncommitted."""
    findings: list[Finding] = []
    for change in (*_commits(service, base), *_uncommitted(service, found)):
        for before, after in change.records:
            if after is None or after.status != "accepted" or after.id not in found.records:
                continue
            record = found.records[after.id]
            if not record.is_accepted:
                continue
            findings += _judge(service, change, before, after, record, found.policy)
    return findings


def _judge(
    service: Service, change: _Change, before: Deviation | None, after: Deviation, record: Record, policy: Policy
) -> Iterator[Finding]:
    def finding(state: State, text: str, *where: str) -> Finding:
        return Finding(state=state, path=record.path, line=record.line(*where), text=text, record=record)

    if after.id == BASELINE and before is not None and (grown := _paths(after) - _paths(before)):
        text = f"{change.name} adds {', '.join(sorted(grown))}; what drifts since adoption needs a record of its own"
        yield finding(State.BASELINE_GREW, text, "scope", "paths")
    approves = before is None or before.status != "accepted"
    # Under another path, where the road moved the file, it is still what was approved.
    widens = not _approved(after) <= _approved(before)
    needed = any(deviations.needs_approval(one, policy) for one in (before, after) if one is not None)
    if not needed or not (approves or widens):
        return
    if touched := sorted(change.paths & {*_paths(after), *record.covers(change.paths)}):
        text = f"{change.name} changes {touched[0]} and approves it: an approval is a change of its own"
        yield finding(State.APPROVED_WITH_CHANGE, text, "fingerprint")
    elif ahead := _ahead(service, change, after):
        text = f"{change.name} approves {ahead}, which came after it: an approval is of what is there"
        yield finding(State.APPROVED_WITH_CHANGE, text, "fingerprint")


def _ahead(service: Service, change: _Change, after: Deviation) -> str | None:
    """A file that is approved as it was not yet at that commit."""
    if change.commit is None:
        return None  # the standing compares with what is on disk
    approved = dict(after.fingerprint or {})
    with git.Objects(service.top) as objects:
        blobs = objects.ids(f"{change.commit}:{service.prefix}{path}" for path in approved)
    for (path, one), blob in zip(approved.items(), blobs, strict=True):
        if one.service.rpartition(" ")[2] != (blob or fingerprint.DELETED):
            return path
    return None


def _approved(deviation: Deviation | None) -> set[Approved]:
    return set((deviation.fingerprint or {}).values()) if deviation else set()


def _paths(deviation: Deviation) -> set[str]:
    return {*(deviation.fingerprint or {}), *(deviation.scope.paths or [])}


def _uncommitted(service: Service, found: Ledger) -> Iterator[_Change]:
    if git.resolve(service.top, "HEAD") is None:
        return
    changed = service.below(service.changed_files())
    old = _at(service, "HEAD", [record.path for record in found.records.values()])
    pairs = [(old[record.path], record.deviation) for record in found.records.values()]
    records = tuple((before, after) for before, after in pairs if before != after)
    if records:
        yield _Change(name="the uncommitted change", paths=changed, records=records)


def _commits(service: Service, base: str | None) -> Iterator[_Change]:
    if base is None:
        return
    if git.resolve(service.top, base) is None:
        raise UsageError(
            f"there is no commit {base} here",
            cause="the changes since then decide who approved what",
            hint="fetch the history first: fetch-depth: 0 of actions/checkout, GIT_DEPTH: 0 on GitLab"
            if service.repository.is_shallow
            else "name a commit or a branch that this repository has, for example: --base origin/main",
        )
    for commit, touched in git.log_files(service.path, f"{base}..HEAD"):
        paths = service.below(touched)
        files = [path for path in paths if path.startswith(f"{FOLDER}/") and is_record(path.rsplit("/", 1)[1])]
        if not files:
            continue
        before, after = _at(service, f"{commit}^", files), _at(service, commit, files)
        yield _Change(
            name=f"commit {commit[:10]}", paths=paths, commit=commit,
            records=tuple((before[path], after[path]) for path in files),
        )  # fmt: skip


def _at(service: Service, revision: str, paths: list[str]) -> dict[str, Deviation | None]:
    """The records as they were; None for one that was not there, or was no valid record."""
    contents = git.read(service.top, [f"{revision}:{service.prefix}{path}" for path in paths])
    found: dict[str, Deviation | None] = {}
    for path, content in zip(paths, contents, strict=True):
        try:
            found[path] = None if content is None else deviations.parse(path, content).deviation
        except deviations.Faulty:
            found[path] = None
    return found
