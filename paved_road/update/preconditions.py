"""What has to be so before an update begins: a committed state, nothing in progress, nothing hidden from git."""

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
    """Refuse tracked files that git knows to be changed."""
    if changed:
        shown = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        raise UsageError(
            "the service has uncommitted changes", cause=shown, hint="git commit, or git stash, and try again"
        )


def check_commit(service: Service, branch: str | None) -> None:
    """Whether the update can be committed at its end: said before anything is written."""
    if branch and not git.is_branch_name(service.top, branch):
        raise UsageError(f"{branch!r} is not a valid branch name", hint="--branch NAME")
    if branch and git.resolve(service.top, f"refs/heads/{branch}"):
        raise UsageError(f"there is a branch {branch!r} already", hint="--branch with another name")
    if not git.committing(service.top).is_known:
        raise UsageError(
            "git does not know who commits",
            cause="user.name or user.email is not set, and git may not guess",
            hint=f"{git.REMEDY}; or update without --commit",
        )
    if (service.repository.folder / "BISECT_LOG").exists():
        raise UsageError(
            "a bisect is in progress in this repository",
            cause="git bisect reset would leave the update's commit on no branch",
            hint="end it with git bisect reset, or update without --commit",
        )
    if conflicts := [path for path in git.unmerged_files(service.top) if not path.startswith(service.prefix)]:
        raise UsageError(
            "git cannot commit while the repository has conflicts",
            cause=f"{conflicts[0]} is not merged",
            hint="decide them, or update without --commit",
        )


_OPERATIONS = {
    "MERGE_HEAD": ("a merge", "git merge --continue, or git merge --abort"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "git cherry-pick --continue, or git cherry-pick --abort"),
    "REVERT_HEAD": ("a revert", "git revert --continue, or git revert --abort"),
    "rebase-merge": ("a rebase", "git rebase --continue, or git rebase --abort"),
    "rebase-apply/applying": ("git am", "git am --continue, or git am --abort"),
    "rebase-apply": ("a rebase", "git rebase --continue, or git rebase --abort"),
    "sequencer": ("a cherry-pick or revert", "git cherry-pick --continue, or git cherry-pick --abort"),
}
"""What git keeps while one of its operations waits for a person, and how that ends."""


def check_operations(service: Service) -> None:
    """Refuse to work in the middle of an operation of git's, whose next commit would take the update in."""
    if found := _operation(service):
        name, remedy = found
        raise UsageError(
            f"{name} is in progress in this repository", cause="its next commit would take the update in", hint=remedy
        )


def command_to_conclude(service: Service) -> str:
    """The command that ends git's operation in progress, once everything is merged."""
    found = _operation(service)
    return found[1].split(",")[0] if found else "git commit"


def command_to_undo(service: Service) -> str:
    """The command that undoes git's operation in progress."""
    found = _operation(service)
    return found[1].split(" or ")[1] if found else "git checkout HEAD -- PATH"


def _operation(service: Service) -> tuple[str, str] | None:
    """The operation of git's that waits for a person, and how it ends."""
    folder = service.repository.folder
    return next((found for file, found in _OPERATIONS.items() if (folder / file).exists()), None)


def check_locks(service: Service, *, commit: bool) -> None:
    """Refuse what git would refuse in the middle of the update."""
    for lock in git.locks(service.repository, references=commit):
        if git.is_held(lock):
            raise UsageError(
                f"git's lock {lock} is there",
                cause="a git command is running in this repository, or one was killed",
                hint=f"wait until it has ended; when no git command is running: rm {lock}",
            )


# -- what git does not see -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskExceptions:
    """What of the work tree is no edit, and stays as it is."""

    left_out: tuple[str, ...] = ()
    """Files that a sparse checkout leaves out."""
    other_mode: tuple[str, ...] = ()
    """Files whose executable bit is not the committed one, where git does not look at it."""


NO_EXCEPTIONS = DiskExceptions()


def compare_with_disk(
    service: Service, before: Mapping[str, TreeEntry | None], *, dry_run: bool = False
) -> DiskExceptions:
    """Compare every path that will be written with what is really on disk; refuse to write over a difference.

    `git status` may have been told to look away (skip-worktree, assume-unchanged), or not have noticed (a file-system
    monitor, a file of the same size and time). A dry run runs no filter, so it cannot tell of files that have one.
    """
    expected = {path: entry for path, entry in before.items() if entry and entry.mode is not Mode.SUBMODULE}
    filters = git.without_filters(service.top) if dry_run else ()
    role = git.READER if dry_run else git.PERSON
    unlike = disk.find_differences(service.top, expected, role=role, settings=filters)
    if not unlike:
        return NO_EXCEPTIONS
    settings = git.settings(service.top, r"^core\.(filemode|symlinks)$")
    flags = git.index_flags(service.path)
    left_out, other_mode = [], []
    for path, one in unlike.items():
        is_link = Mode.SYMLINK in (one.mode, expected[path].mode)
        if one.mode is None and git.SKIP_WORKTREE in flags.get(path, ()):
            left_out.append(path)
        elif filters and path not in flags:
            continue
        elif one.content or settings.get("core.symlinks" if is_link else "core.filemode") != "false":
            raise _hidden(path, flags.get(path, ()))
        elif not is_link:
            other_mode.append(path)
    return DiskExceptions(left_out=tuple(left_out), other_mode=tuple(other_mode))


def _hidden(path: str, flags: tuple[str, ...]) -> UsageError:
    look = f"git update-index {' '.join(f'--no-{flag}' for flag in flags)}" if flags else "touch"
    return UsageError(
        f"{path} is not on disk as it is committed, and the update would write over it",
        cause=f"git was told not to look at it: {', '.join(flags)}" if flags else "git has not noticed the difference",
        hint=f"{look} {shlex.quote(path)}; then git commit, or git stash, and try again",
    )
