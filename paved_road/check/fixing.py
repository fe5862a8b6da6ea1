"""Applies the mechanical corrections of what static checks found.

As with `cargo fix`, a file with changes that are not committed is left alone, so that you can always look at a
correction by itself, and undo it.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.errors import UsageError
from paved_road.files import contained
from paved_road.files.whole import replace_file
from paved_road.findings import Outcome
from paved_road.settings.whereabouts import git_in, quoted

if TYPE_CHECKING:
    from paved_road.check.model import Fault, Fix, Subject
    from paved_road.check.readiness import PracticeResult


@dataclass(frozen=True, kw_only=True, slots=True)
class AppliedFix:
    """A correction that was written."""

    practice: str
    path: str
    line: int
    says: str
    """What it does: `adds a memory limit`."""


def fix_files(subject: Subject, results: Iterable[PracticeResult]) -> list[AppliedFix]:
    """Correct what can be corrected, and write it. What a deviation accepts stays as it is.

    Raises `UsageError` if a file to correct has changes that are not committed; then nothing is written.
    """
    wanted: dict[str, list[tuple[str, Fault, Fix]]] = {}
    for one in results:
        for fault in one.faults if one.outcome is Outcome.FAILED else ():
            # A file of the whole repository is not this service's to change.
            if fault.fix and not fault.fix.path.startswith("../"):
                wanted.setdefault(fault.fix.path, []).append((one.practice.slug, fault, fault.fix))
    _refuse_uncommitted(subject, sorted(wanted))
    return [done for path, fixes in sorted(wanted.items()) for done in _fixed(subject, path, fixes)]


def _fixed(subject: Subject, path: str, fixes: Sequence[tuple[str, Fault, Fix]]) -> list[AppliedFix]:
    """Correct one file; a correction that changes nothing, because another one did it too, is not told."""
    data = contained.read_regular(subject.path, path)
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text, done = data.decode("utf-8-sig"), list[AppliedFix]()
    for slug, fault, fix in fixes:
        changed = fix.change(text)
        if changed != text:
            done.append(AppliedFix(practice=slug, path=path, line=fault.line, says=fix.says))
        text = changed
    if done:
        target = subject.path / path
        mode = target.stat().st_mode
        replace_file(target, mark + text.encode())
        os.chmod(target, mode)  # noqa: PTH101 (the mode of the file that it replaces)
    return done


def _refuse_uncommitted(subject: Subject, paths: Sequence[str]) -> None:
    changed = [path for path, is_changed in _uncommitted(subject, paths).items() if is_changed]
    if changed:
        commit = f"{git_in(subject.path)} add {' '.join(map(quoted, changed))}"
        raise UsageError(
            f"not corrected: {', '.join(changed)} has changes that are not committed",
            cause="you could not tell them from the corrections, nor undo these alone",
            hint=f"commit them first: {commit}, then {git_in(subject.path)} commit",
        )


def _uncommitted(subject: Subject, paths: Iterable[str]) -> Mapping[str, bool]:
    """Whether each file has changes that no commit has. All of them do outside of a repository."""
    repository = git.repository(subject.path)
    if repository is None or repository.head is None or not subject.path.is_relative_to(repository.top):
        return dict.fromkeys(paths, True)
    prefix = "" if subject.path == repository.top else f"{subject.path.relative_to(repository.top).as_posix()}/"
    tracked = git.read_index(repository, subject.path).files
    changed = set(git.changed_files(subject.path))
    return {path: prefix + path in changed or prefix + path not in tracked for path in paths}
