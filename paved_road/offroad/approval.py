"""Who approved what, according to git's history: a change must not approve itself.

A file cannot prove who wrote it. What git can show is whether a deviation was accepted, or its approval widened, in the
same commit that changed a file it covers, or before that commit. Whether the person who approves is allowed to is up
to the repository's host: the stamped CODEOWNERS asks the platform team to review the folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.errors import UsageError
from paved_road.offroad import FOLDER, fingerprint, is_deviation
from paved_road.offroad.deviations import BASELINE, InvalidDeviation, needs_approval, parse_deviation
from paved_road.offroad.evaluation import State, problem

if TYPE_CHECKING:
    from paved_road.findings import Finding
    from paved_road.offroad.deviations import Deviation, Deviations
    from paved_road.offroad.front_matter import Approved, FrontMatter
    from paved_road.service.lock import Policy
    from paved_road.service.model import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class _Edit:
    """One change of the service, and what it did to one deviation."""

    name: str
    """The change's: `commit 0123456789`."""
    paths: frozenset[str]
    """The files that the change touches."""
    before: FrontMatter | None
    after: FrontMatter
    commit: str | None = None
    """None for what is not committed."""


def self_approvals(service: Service, deviations: Deviations, *, base: str | None = None) -> Iterator[Finding]:
    """What was approved by the change that widened it, in the commits since `base` and in what is not committed.

    Raises `UsageError` if there is no commit `base`.
    """
    for edit in (*_commits(service, base), *_uncommitted(service, deviations)):
        deviation = deviations.by_slug.get(edit.after.id)
        if deviation and deviation.is_accepted and edit.after.status == "accepted":
            yield from _judge(service, edit, deviation, deviations.policy)


def _judge(service: Service, edit: _Edit, deviation: Deviation, policy: Policy) -> Iterator[Finding]:
    before, after = edit.before, edit.after
    if after.id == BASELINE and before is not None and (grown := _paths(after) - _paths(before)):
        message = f"{edit.name} adds {', '.join(sorted(grown))}; what drifts since adoption needs its own deviation"
        yield problem(deviation, State.BASELINE_GREW, message, "scope", "paths")
    approves = before is None or before.status != "accepted"
    # Fingerprints without their paths: a file that the road moved is still what was approved.
    widens = not _approved(after) <= _approved(before)
    needed = needs_approval(after, policy) or (before is not None and needs_approval(before, policy))
    if not needed or not (approves or widens):
        return
    if touched := sorted(edit.paths & {*_paths(after), *deviation.matches(edit.paths)}):
        message = f"{edit.name} changes {touched[0]} and approves it: approve a change in a commit of its own"
        yield problem(deviation, State.APPROVED_WITH_CHANGE, message, "fingerprint")
    elif ahead := _approved_ahead(service, edit):
        message = f"{edit.name} approves {ahead} before it was changed: approve a change after it is committed"
        yield problem(deviation, State.APPROVED_WITH_CHANGE, message, "fingerprint")


def _approved_ahead(service: Service, edit: _Edit) -> str | None:
    """A file that did not have the approved content yet at the commit that approves it."""
    if edit.commit is None:
        return None  # the evaluation compares with what is on disk
    approved = dict(edit.after.fingerprint or {})
    with git.Objects(service.top) as objects:
        blobs = objects.ids(f"{edit.commit}:{service.prefix}{path}" for path in approved)
    for (path, one), blob in zip(approved.items(), blobs, strict=True):
        if one.service.rpartition(" ")[2] != (blob or fingerprint.DELETED):
            return path
    return None


def _approved(fields: FrontMatter | None) -> set[Approved]:
    return set((fields.fingerprint or {}).values()) if fields else set()


def _paths(fields: FrontMatter) -> set[str]:
    return {*(fields.fingerprint or {}), *(fields.scope.paths or [])}


def _uncommitted(service: Service, deviations: Deviations) -> Iterator[_Edit]:
    if git.resolve(service.top, "HEAD") is None:
        return
    changed = service.below(service.changed_files())
    committed = _at(service, "HEAD", [deviation.path for deviation in deviations])
    for deviation in deviations:
        before = committed[deviation.path]
        if before != deviation.fields:
            yield _Edit(name="the uncommitted change", paths=changed, before=before, after=deviation.fields)


def _commits(service: Service, base: str | None) -> Iterator[_Edit]:
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
        files = [path for path in paths if path.startswith(f"{FOLDER}/") and is_deviation(path.rsplit("/", 1)[1])]
        before, after = (_at(service, revision, files) if files else {} for revision in (f"{commit}^", commit))
        for path in files:
            if fields := after[path]:
                name = f"commit {commit[:10]}"
                yield _Edit(name=name, paths=paths, before=before[path], after=fields, commit=commit)


def _at(service: Service, revision: str, paths: list[str]) -> dict[str, FrontMatter | None]:
    """The deviations at a revision, by path; None for one that was not there or was not valid."""
    contents = git.read_objects(service.top, [f"{revision}:{service.prefix}{path}" for path in paths])
    known: dict[str, FrontMatter | None] = {}
    for path, content in zip(paths, contents, strict=True):
        try:
            known[path] = None if content is None else parse_deviation(path, content).fields
        except InvalidDeviation:
            known[path] = None
    return known
