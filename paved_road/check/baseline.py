"""What a change made worse: the faults of the files now, without those that the files of another commit have too.

Only checks that read are compared. The files of the other commit are read from git's objects, and nothing is checked
out. The run contract there is the one that its own files state, over the template's of today.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paved_road import git
from paved_road.check.contract import resolve
from paved_road.check.static.files import LARGEST, MOST_BYTES, MOST_FILES, SKIPPED, ServiceFiles, decoded, is_around
from paved_road.check.subject import place_of
from paved_road.errors import ContractError, UsageError
from paved_road.findings import Outcome

if TYPE_CHECKING:
    from paved_road.check.contract.model import RunContract
    from paved_road.check.model import Fault, Subject, Verdict
    from paved_road.check.readiness import PracticeResult


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesBefore:
    """The files to compare with."""

    ref: str
    """The commit, as the person named it."""
    files: ServiceFiles


def baseline_at(subject: Subject, ref: str, *, template_run: Mapping[str, Any] | None = None) -> FilesBefore:
    """The files of a service at another commit. Raises `UsageError` if there is no such commit."""
    repository, prefix = place_of(subject)
    if repository is None:
        raise UsageError(
            "--baseline-ref compares with a commit", cause=f"{subject.path} is not in a git repository",
            hint="leave it out",
        )  # fmt: skip
    commit = git.resolve(repository.top, ref)
    if commit is None:
        hint = "name a commit or a branch that this repository has, for example: --baseline-ref origin/main"
        if repository.is_shallow:
            hint = "fetch the history first: fetch-depth: 0 of actions/checkout, GIT_DEPTH: 0 on GitLab"
        raise UsageError(f"there is no commit {ref} here", hint=hint)
    texts = dict(_texts(repository.top, commit, prefix))
    around = dict(_texts(repository.top, commit, "", is_around)) if prefix else {}
    contract = _contract(texts, template_run)
    files = ServiceFiles(subject=subject, texts=texts, contract=contract, prefix=prefix, around=around)
    return FilesBefore(ref=ref, files=files)


def compared(result: PracticeResult, before: Verdict) -> PracticeResult:
    """The result with the faults that the baseline does not have; `as_before` if there are none of those."""
    if result.outcome not in (Outcome.FAILED, Outcome.EXPIRED) or not result.faults:
        return replace(result, as_before=result.outcome is before.outcome is Outcome.EXPIRED)
    known = Counter(map(_identity, before.faults))
    new = []
    for fault in result.faults:
        known[_identity(fault)] -= 1
        if known[_identity(fault)] < 0:
            new.append(fault)
    if not new:
        return replace(result, as_before=True)
    return replace(result, verdict=replace(result.verdict, faults=tuple(new)))


def _identity(fault: Fault) -> tuple[str, str]:
    """What stays the same of a fault when lines above it change."""
    return fault.path, fault.message


def _texts(top: Path, commit: str, prefix: str, is_wanted: Callable[[str], bool] = bool) -> Iterator[tuple[str, str]]:
    """The text files of a service at a commit, within the limits for those on disk."""
    sizes = git.list_sizes(top, f"{commit}:{prefix.rstrip('/')}") if _exists(top, commit, prefix) else {}
    wanted, left = list[str](), MOST_BYTES
    for path, size in sorted(sizes.items(), key=lambda one: (one[0].count("/"), one[0])):
        if size > LARGEST or SKIPPED.intersection(path.split("/")) or not is_wanted(path):
            continue
        left -= size
        if left < 0 or len(wanted) >= MOST_FILES:
            return
        wanted.append(path)
    with git.Objects(top) as objects:
        for path, data in zip(wanted, objects.read(f"{commit}:{prefix}{path}" for path in wanted), strict=True):
            if data is not None and (text := decoded(data)) is not None:
                yield path, text


def _exists(top: Path, commit: str, prefix: str) -> bool:
    return not prefix or git.object_type(top, f"{commit}:{prefix.rstrip('/')}") == "tree"


def _contract(texts: Mapping[str, str], template_run: Mapping[str, Any] | None) -> RunContract | None:
    """The run contract that these files state; None if they state none, or a wrong one."""
    with tempfile.TemporaryDirectory(prefix="paved-baseline-") as folder:
        for path, text in texts.items():
            if "/" not in path:
                Path(folder, path).write_text(text, encoding="utf-8", newline="")
        try:
            return resolve.resolve_contract(Path(folder), template_run)
        except ContractError:
            return None
