"""Finish or undo an update that was cut off or that waits for a person.

Only the journal says what to do: the service's own records may be half written, missing, or full of conflict markers.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import PurePosixPath

from paved_road import git
from paved_road.errors import UsageError
from paved_road.git.entries import BlobId, TreeEntry
from paved_road.service.lock import LOCK, OTHER_LOCKS
from paved_road.service.model import Service
from paved_road.settings.whereabouts import quoted, shown
from paved_road.update import decisions, disk, preconditions
from paved_road.update import journal as journals
from paved_road.update.apply import Applied, compare_before_writing, explaining_failures, finish_update, write_files
from paved_road.update.journal import Journal


def resume(service: Service, *, commit: bool = False, branch: str | None = None) -> Applied:
    """Finish an update that was cut off, or whose conflicts a person has resolved.

    Raises `UsageError` if there is none or it cannot be committed, `ServiceError` if a step fails.
    """
    with explaining_failures(service), journals.take_up_journal(service.journal, service.repository) as recorded:
        if (service.journal / "undoing").exists():
            raise UsageError("the update is being undone", hint="paved update --abort")
        is_committed = commit or branch is not None or recorded.commit
        journal = replace(recorded, commit=is_committed, branch=branch or recorded.branch)
        if not (service.journal / "written").exists():
            compared = compare_before_writing(service, journal)
            kept = _keep(service, compared, _find_edited(service, compared))
            applied = write_files(service, compared)
            return replace(applied, notes=(*kept, *applied.notes))
        if left := _undecided(service, journal):
            return Applied(journal=journal, conflicts=tuple(sorted(left)), markers=left)
        if journal.commit and service.repository.head == journal.head:
            _check_commit(service, journal)
        return finish_update(service, journal, edited=True)


def _check_commit(service: Service, journal: Journal) -> None:
    """Check again that the update can be committed: since it began, a person may have started something else."""
    started = _started(service)
    if started and started["name"] != journal.branch:
        _leave_branch(service, journal)
    preconditions.check_operations(service)
    preconditions.check_commit(service, None if started else journal.branch)


def abort(service: Service) -> Applied:
    """Restore every path that the update touched. What a person edited since is kept as a commit.

    Raises `UsageError` if no update is in progress or something was committed since, `ServiceError` if a step fails.
    """
    _refuse_ended(service)
    with explaining_failures(service), journals.take_up_journal(service.journal, service.repository) as journal:
        if git.resolve(service.top, "HEAD") != journal.head:
            raise UsageError(
                "there is a new commit since the update began",
                hint="paved update --continue ends the update; git revert undoes a commit",
            )
        (service.journal / "undoing").touch()
        by_migrations = _since_snapshot(service)
        kept = _keep(service, journal, [*_find_edited(service, journal), *by_migrations])
        _put_back(service, journal, by_migrations)
        _leave_branch(service, journal)
        journals.end_journal(service.journal)
        return Applied(journal=journal, notes=kept)


def _refuse_ended(service: Service) -> None:
    """Raises `UsageError`, with the command to take the staged changes back, for an update that is over."""
    if service.journal.exists() or service.repository.head is None:
        return
    staged = {path.removeprefix(service.prefix) for path in git.staged_files(service.top)}
    if not any(
        PurePosixPath(path).match(pattern) for path in staged for pattern in (LOCK, OTHER_LOCKS) if "/" not in path
    ):
        return
    below = f" push -- {quoted(shown(service.path))}" if service.prefix else ""
    raise UsageError(
        "no update is in progress here",
        cause="the last one had no conflicts, so it is over; its changes are staged",
        hint=f"git stash{below} sets them aside, with your own edits; git stash pop --index brings everything back",
    )


def _undecided(service: Service, journal: Journal) -> dict[str, decisions.LineRanges]:
    """The conflicted paths that are still unmerged in the index or still have conflict markers, with their lines."""
    there = {path: file.data for path in journal.conflicts if (file := disk.file_at(service.top, path))}
    marked = {path: lines for path, data in there.items() if (lines := decisions.find_markers(data, ()))}
    if marked:
        stages = {path: [entry.blob for entry in journal.conflicts[path].values()] for path in marked}
        contents = iter(git.read_objects(service.top, [blob for blobs in stages.values() for blob in blobs]))
        meant = {path: [next(contents) or b"" for _ in blobs] for path, blobs in stages.items()}
        marked = {path: decisions.find_markers(there[path], meant[path]) for path in marked}
    unmerged = {path: marked.get(path, ()) for path in git.unmerged_files(service.path) if path in journal.conflicts}
    return {path: lines for path, lines in marked.items() if lines} | unmerged


# -- undo --------------------------------------------------------------------------------------------------------


def _put_back(service: Service, journal: Journal, by_migrations: list[str]) -> None:
    """Set the index and the files to what HEAD has; remove what HEAD does not have and no person made."""
    top = service.top
    head = git.list_tree(top, "HEAD") if by_migrations else {}
    before: dict[str, TreeEntry | None] = {**{path: head.get(path) for path in by_migrations}, **journal.before}
    left_out = [path for path in journal.left_out if before[path]]
    new = [path for path, was in before.items() if was is None]
    there = disk.blob_ids(top, new)
    half = not (service.journal / "written").exists()  # git may have been killed in the middle of a file, which is kept
    strays = [path for path in new if path in by_migrations or _is_ours(journal, path, there.get(path), half=half)]
    git.update_index(top, before)
    git.skip_worktree(top, left_out)
    for path in (*strays, *left_out):
        disk.remove(top, path, root=service.path)
    git.checkout_index(top, [path for path, was in before.items() if was and path not in left_out])
    disk.set_executable(top, journal.executable)
    if untracked := [path for path in by_migrations if before[path] is None and path not in journal.after]:
        git.restore(top, (service.journal / "snapshot").read_text(), untracked, index=service.journal / "index")


def _is_ours(journal: Journal, path: str, there: str | None, *, half: bool) -> bool:
    """Whether the update wrote a file that HEAD does not have; an untracked file that was in its way is not its own."""
    written = _blob(journal.after.get(path))
    return written is not None and (half or path in journal.conflicts or there == written)


def _since_snapshot(service: Service) -> list[str]:
    """What migrations changed, or a person who fixed a failed migration."""
    snapshot = service.journal / "snapshot"
    if not snapshot.exists():
        return []
    now = git.write_tree_from_disk(service.path, index=service.journal / "index")
    return git.changed_paths(service.top, snapshot.read_text(), now)


def _find_edited(service: Service, journal: Journal) -> list[str]:
    """Files that are neither as they were nor as the update writes them: somebody edited them."""
    there = disk.blob_ids(service.top, journal.after)
    return [
        path for path, blob in there.items() if blob not in (_blob(journal.before[path]), _blob(journal.after[path]))
    ]


def _keep(service: Service, journal: Journal, paths: list[str]) -> tuple[str, ...]:
    """Commit files as they are on disk, on no branch, before they are overwritten. A note that names the commit."""
    if not paths:
        return ()
    made = git.write_tree_from_disk(service.top, index=service.journal / "index", paths=paths)
    commit = git.commit_tree(service.top, made, journal.head, "What files held when paved update wrote over them")
    shown = ", ".join(paths[:3]) + (", ..." if len(paths) > 3 else "")
    return (f"your version of {shown} is kept as a commit: git show {commit[:12]}",)


def _blob(entry: TreeEntry | None) -> BlobId | None:
    return entry.blob if entry else None


# -- the branch ----------------------------------------------------------------------------------------------------


def _started(service: Service) -> dict[str, str | None] | None:
    """The branch that the update started, and the branch that was current before."""
    with contextlib.suppress(FileNotFoundError):
        branch: dict[str, str | None] = json.loads((service.journal / "branch").read_text())
        return branch
    return None


def _leave_branch(service: Service, journal: Journal) -> None:
    """Go back to the branch before, and delete the one that the update started if it has no commit of its own."""
    if started := _started(service):
        git.leave_branch(service.top, str(started["name"]), back_to=started["before"], at=journal.head)
        (service.journal / "branch").unlink()
