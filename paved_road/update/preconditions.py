"""The preconditions of an update: everything committed, nothing in progress, no edit hidden from git."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from paved_road import git
from paved_road.errors import UsageError
from paved_road.git.entries import Mode, TreeEntry
from paved_road.service.model import Service, unfinished_update_error
from paved_road.update import disk


def check(
    service: Service, *, commit: bool = False, branch: str | None = None, dry_run: bool = False, files: bool = True
) -> None:
    """Raises `UsageError`, with the command to run, unless an update may begin.

    An update begins from a committed state, with no other update and no operation of git's in progress. `commit` and
    `branch`: the update will be committed, so that must be possible, too. Only `files` (and a commit) start git: they
    compare the work tree with HEAD, in a dry run without git's filters.
    """
    git.refuse_old()
    if service.journal.exists():
        raise unfinished_update_error(service)
    if service.repository.head is None:
        raise UsageError(f"{service.top} has no commits", hint="commit the service first: git add -A && git commit")
    check_operations(service)
    is_committed = commit or branch is not None
    check_locks(service, commit=is_committed)
    if files:
        check_clean(service.changed_files(filters=not dry_run))
    if is_committed:
        check_commit(service, branch)


def check_clean(changed: list[str]) -> None:
    """Raises `UsageError` for tracked files that git knows to be changed."""
    if changed:
        shown = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        raise UsageError(
            "the service has uncommitted changes",
            cause=shown,
            hint="git commit or git stash them, then run: paved update",
        )


def check_commit(service: Service, branch: str | None) -> None:
    """Raises `UsageError` if the update could not be committed at its end; checked before anything is written."""
    if branch and not git.is_branch_name(service.top, branch):
        raise UsageError(f"{branch!r} is not a valid branch name", hint="--branch NAME")
    if branch and git.resolve(service.top, f"refs/heads/{branch}"):
        raise UsageError(f"the branch {branch!r} already exists", hint="choose another name: --branch NAME")
    if not git.committing(service.top).is_known:
        raise UsageError(
            "git does not know who commits",
            cause="user.name or user.email is not set, and git is configured not to guess them",
            hint=f"{git.REMEDY}; or update without --commit",
        )
    if (service.repository.folder / "BISECT_LOG").exists():
        raise UsageError(
            "a bisect is in progress in this repository",
            cause="git bisect reset would leave the update's commit on no branch",
            hint="git bisect reset ends it; or update without --commit",
        )
    if conflicts := [path for path in git.unmerged_files(service.top) if not path.startswith(service.prefix)]:
        raise UsageError(
            "git cannot commit while the repository has conflicts",
            cause=f"{conflicts[0]} is not merged",
            hint="resolve them, or update without --commit",
        )


@dataclass(frozen=True, slots=True)
class GitOperation:
    """An operation of git's that waits for a person."""

    name: str
    command: str

    @property
    def conclude(self) -> str:
        """The command that concludes it, after everything is merged."""
        return f"{self.command} --continue"

    @property
    def undo(self) -> str:
        """The command that undoes it."""
        return f"{self.command} --abort"


_OPERATIONS = {
    "MERGE_HEAD": GitOperation("a merge", "git merge"),
    "CHERRY_PICK_HEAD": GitOperation("a cherry-pick", "git cherry-pick"),
    "REVERT_HEAD": GitOperation("a revert", "git revert"),
    "rebase-merge": GitOperation("a rebase", "git rebase"),
    "rebase-apply/applying": GitOperation("git am", "git am"),
    "rebase-apply": GitOperation("a rebase", "git rebase"),
    "sequencer": GitOperation("a cherry-pick or revert", "git cherry-pick"),
}
"""By the file in git's folder that exists while the operation waits."""


def check_operations(service: Service) -> None:
    """Raises `UsageError` during an operation of git's, because its next commit would include the update."""
    if operation := _operation(service):
        raise UsageError(
            f"{operation.name} is in progress in this repository",
            cause="its next commit would include the update",
            hint=f"{operation.conclude}, or {operation.undo}",
        )


def command_to_conclude(service: Service) -> str:
    """The command that concludes git's operation in progress, after everything is merged."""
    operation = _operation(service)
    return operation.conclude if operation else "git commit"


def command_to_undo(service: Service) -> str:
    """The command that undoes git's operation in progress."""
    operation = _operation(service)
    return operation.undo if operation else "git checkout HEAD -- PATH"


def _operation(service: Service) -> GitOperation | None:
    folder = service.repository.folder
    return next((operation for file, operation in _OPERATIONS.items() if (folder / file).exists()), None)


def check_locks(service: Service, *, commit: bool) -> None:
    """Raises `UsageError` for a lock file that would make git fail in the middle of the update."""
    for lock in git.locks(service.repository, references=commit):
        if git.is_held(lock):
            raise UsageError(
                f"git's lock file {lock} exists",
                cause="a git command is running in this repository, or one was killed",
                hint=f"wait until it has ended; if no git command is running: rm {lock}",
            )


# -- what git does not see -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskExceptions:
    """Files that differ from the last commit although nobody edited them; the update leaves the difference as it is."""

    left_out: tuple[str, ...] = ()
    """Files that a sparse checkout leaves out."""
    other_mode: tuple[str, ...] = ()
    """Files with another executable bit than the committed one, in a repository where git ignores it."""


NO_EXCEPTIONS = DiskExceptions()


def compare_with_disk(
    service: Service, before: Mapping[str, TreeEntry | None], *, dry_run: bool = False
) -> DiskExceptions:
    """Compare every path that will be written with the file on disk. Raises `UsageError` for an edit git does not show.

    `git status` does not show an edit if the file is marked (skip-worktree, assume-unchanged) or if git has not noticed
    it (a file-system monitor, the same size and time). A dry run runs no filter, so it skips files that have one.
    """
    expected = {path: entry for path, entry in before.items() if entry and entry.mode is not Mode.SUBMODULE}
    filters = git.without_filters(service.top) if dry_run else ()
    role = git.READER if dry_run else git.PERSON
    differences = disk.find_differences(service.top, expected, role=role, settings=filters)
    if not differences:
        return NO_EXCEPTIONS
    settings = git.settings(service.top, r"^core\.(filemode|symlinks)$")
    flags = git.index_flags(service.path)
    left_out, other_mode = [], []
    for path, difference in differences.items():
        is_link = Mode.SYMLINK in (difference.mode, expected[path].mode)
        if difference.mode is None and git.SKIP_WORKTREE in flags.get(path, ()):
            left_out.append(path)
        elif filters and path not in flags:
            continue
        elif difference.content or settings.get("core.symlinks" if is_link else "core.filemode") != "false":
            raise _hidden_edit(path, flags.get(path, ()))
        elif not is_link:
            other_mode.append(path)
    return DiskExceptions(left_out=tuple(left_out), other_mode=tuple(other_mode))


def _hidden_edit(path: str, flags: tuple[str, ...]) -> UsageError:
    reveal = f"git update-index {' '.join(f'--no-{flag}' for flag in flags)}" if flags else "touch"
    return UsageError(
        f"{path} on disk differs from the last commit, and the update would overwrite it",
        cause=f"git does not show the difference: {', '.join(flags) or 'it has not noticed it'}",
        hint=f"{reveal} {shlex.quote(path)}; then git commit or git stash it, and run: paved update",
    )
