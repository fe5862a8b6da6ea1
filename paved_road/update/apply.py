"""Applying an update: all or nothing, and recoverable from a kill at any moment.

What will be done is written down first (`paved_road.update.journal`), with the state of every touched path before and
after. Every step can be done again, so an update that was cut off is finished by doing all of them again (`resume`),
or undone by putting every path back (`abort`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from paved_road import derive, git
from paved_road.errors import GitError, PavedError, ServiceError, UsageError
from paved_road.git import NO_BLOB
from paved_road.render import commands
from paved_road.service import Service
from paved_road.update import journal as journals
from paved_road.update.journal import Journal, Pair
from paved_road.update.migrate import SCRIPTS
from paved_road.update.plan import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """How an update ended."""

    journal: Journal
    conflicts: tuple[str, ...] = ()
    """What is left to decide; empty when the update is over."""
    regenerated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    commit: str | None = None


def check(service: Service, *, commit: bool = False, branch: str | None = None) -> None:
    """An update starts from a committed state, with none in progress; anything else is refused with what to type."""
    if git.version() < git.OLDEST:
        raise GitError(
            f"git {'.'.join(map(str, git.version()))} is too old to update", hint="install git 2.38 or newer"
        )
    if service.journal.exists():
        raise UsageError(
            "an update is in progress",
            cause=f"{service.journal} says so",
            hint="paved update --continue, or paved update --abort",
        )
    if service.repository.head is None:
        raise UsageError(f"{service.top} has no commits", hint="commit the service first: git add -A && git commit")
    _check_clean(git.changed_files(service.path))
    if branch and not git.is_branch_name(service.top, branch):
        raise UsageError(f"{branch!r} is no name for a branch", hint="--branch NAME")
    if branch and git.resolve(service.top, f"refs/heads/{branch}"):
        raise UsageError(f"there is a branch {branch!r} already", hint="--branch with another name")
    if commit and not git.knows_who_commits(service.top):
        raise UsageError(
            "git does not know who commits",
            cause="user.name or user.email is not set",
            hint="git config user.name NAME, and user.email; or update without --commit",
        )


def _check_clean(changed: list[str]) -> None:
    if changed:
        shown = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        raise UsageError(
            "the service has uncommitted changes", cause=shown, hint="git commit, or git stash, and try again"
        )


def apply(plan: Plan, *, commit: bool = False, branch: str | None = None) -> Applied:
    """Make the planned update happen in the index and the work tree, and commit it when it is clean and `commit`."""
    service = plan.service
    journal = _journal(plan, commit=commit or branch is not None, branch=branch)
    with _telling(service):
        git.write_blobs(service.repository.objects, _new_contents(plan))
        with journals.begin(service.journal, journal):
            _check_unchanged(plan, journal)
            commands.bring(plan.form.files, service.journal / SCRIPTS, plan.migrations)
            return _write(service, journal)


def resume(service: Service, *, commit: bool = False, branch: str | None = None) -> Applied:
    """Finish an update: one that was cut off, or one whose conflicts a person has decided."""
    with _telling(service), journals.taken_up(service.journal) as journal:
        if (service.journal / "undoing").exists():
            raise UsageError("the update is being undone", hint="paved update --abort")
        if not (service.journal / "written").exists():
            kept = _keep(service, journal, _strange(service, journal))
            return _with_notes(_write(service, journal), kept)
        if left := _undecided(service, journal):
            return Applied(journal=journal, conflicts=tuple(left))
        return _finish(service, journal, commit=commit or journal.commit, branch=branch or journal.branch)


def abort(service: Service) -> Applied:
    """Put every path that the update touched back as it was. What a person did to it since is kept as a commit."""
    with _telling(service), journals.taken_up(service.journal) as journal:
        if git.resolve(service.top, "HEAD") != journal.head:
            raise UsageError(
                "the update was committed, or something else was, since it began",
                hint="paved update --continue ends it; git revert undoes its commit",
            )
        (service.journal / "undoing").touch()
        by_migrations = _since_snapshot(service)
        kept = _keep(service, journal, [*_strange(service, journal), *by_migrations])
        _put_back(service, journal, by_migrations)
        journals.end(service.journal)
        return Applied(journal=journal, notes=kept)


def in_progress(service: Service) -> Journal | None:
    """The update in progress, if there is one."""
    return journals.read(service.journal) if service.journal.exists() else None


@contextlib.contextmanager
def _telling(service: Service) -> Iterator[None]:
    """A step that failed is told with what can be done about it, and whether the service was touched at all."""
    try:
        yield
    except (GitError, OSError) as error:
        cause = error.cause if isinstance(error, PavedError) else str(error)
        what = error.message if isinstance(error, PavedError) else "a file cannot be written"
        begun = service.journal.exists()
        raise ServiceError(
            f"{what}, in the middle of the update" if begun else f"{what}; the service was not touched",
            cause=cause,
            hint="mend it, then paved update --continue; or paved update --abort" if begun else "mend it and try again",
        ) from error


def _with_notes(applied: Applied, notes: tuple[str, ...]) -> Applied:
    return replace(applied, notes=(*notes, *applied.notes))


def _new_contents(plan: Plan) -> list[bytes]:
    """The contents that the update needs and the service's last commit does not have."""
    known = {leaf.blob for leaf in plan.ours.values()}
    staged = [leaf for conflict in plan.conflicts.values() for leaf in conflict.stages.values()]
    leaves = {leaf.blob: leaf for leaf in (*plan.result.values(), *plan.untracked.values(), *staged)}
    wanted = [leaf for blob, leaf in leaves.items() if blob not in known]
    merged = iter(plan.scratch.objects.read([leaf.blob for leaf in wanted if leaf.data is None]))
    contents = [next(merged) if leaf.data is None else leaf.data for leaf in wanted]
    return [content for content in contents if content is not None]


# -- what will be done -------------------------------------------------------------------------------------------


def _journal(plan: Plan, *, commit: bool, branch: str | None) -> Journal:
    prefix, ours, result = plan.service.prefix, plan.ours, plan.result
    touched = [
        path
        for path in sorted({*ours, *result, *plan.conflicts})
        if path in plan.conflicts or _pair(ours, path) != _pair(result, path)
    ]
    stages = {path: conflict.stages for path, conflict in plan.conflicts.items()}
    for path, leaf in plan.untracked.items():
        if not git.is_ignored(plan.service.path / path):
            stages[path] = {3: leaf}
    return Journal(
        head=plan.service.repository.head or "",
        old_version=plan.old_version,
        new_version=plan.release.version,
        before={prefix + path: _pair(ours, path) for path in dict.fromkeys([*touched, *stages, *plan.derived])},
        after={prefix + path: _pair(result, path) for path in touched},
        conflicts={
            prefix + path: {str(stage): leaf.identity for stage, leaf in of.items()} for path, of in stages.items()
        },
        derived=plan.derived,
        trust=plan.trust,
        migrations=tuple(plan.migrations),
        notes=plan.notes,
        commit=commit,
        branch=branch,
    )


def _pair(files: Mapping[str, git.Leaf], path: str) -> Pair | None:
    leaf = files.get(path)
    return leaf.identity if leaf else None


def _check_unchanged(plan: Plan, journal: Journal) -> None:
    """Planning may have waited for a person's answers: nothing may have changed since."""
    service = plan.service
    try:
        head, changed = git.head_and_changed(service.path)
        _check_clean(changed)
        added = [path for path, after in journal.after.items() if after and journal.before[path] is None]
        there = _on_disk(service.top, added)
        if head != journal.head or any(_blob(journal.after[p]) != b for p, b in there.items()):
            raise UsageError("the service changed while the update was planned", hint="paved update")
    except PavedError:
        journals.end(service.journal)
        raise


# -- the steps ---------------------------------------------------------------------------------------------------


def _write(service: Service, journal: Journal) -> Applied:
    """Write everything; every part of it may have been done before."""
    top = service.top
    removed = [path for path, after in journal.after.items() if after is None and journal.before[path]]
    written = {path: after for path, after in journal.after.items() if after}
    forgotten = [("0", NO_BLOB, 0, path) for path in [*journal.after, *journal.conflicts]]
    git.update_index(top, [*forgotten, *((*after, 0, path) for path, after in written.items())])
    for path in removed:
        _remove(top, path, service.path)
    git.checkout_index(top, written)
    lines = [("0", NO_BLOB, 0, path) for path in journal.conflicts]
    lines += [(*pair, int(stage), path) for path, of in journal.conflicts.items() for stage, pair in of.items()]
    git.update_index(top, lines)
    (service.journal / "written").touch()
    if journal.conflicts:
        return Applied(journal=journal, conflicts=tuple(sorted(journal.conflicts)), notes=journal.notes)
    return _finish(service, journal, commit=journal.commit, branch=journal.branch)


def _finish(service: Service, journal: Journal, *, commit: bool, branch: str | None) -> Applied:
    """What needs the merged files: migrations, derived files, the commit. Then the update is over."""
    _migrate(service, journal)
    made, notes = derive.run(journal.derived, service.path, trust=journal.trust)
    if journal.conflicts or journal.migrations or journal.derived:  # else the index is as the work tree already
        git.run("add", "--update", "--", ".", cwd=service.path, role=git.PERSON)
    if wanted := [path for path in made if not git.is_ignored(service.path / path)]:
        git.run("add", "--", *wanted, cwd=service.path, role=git.PERSON)
    done = _commit(service, journal, branch) if commit else None
    journals.end(service.journal)
    return Applied(journal=journal, regenerated=tuple(made), notes=(*journal.notes, *notes), commit=done)


def _migrate(service: Service, journal: Journal) -> None:
    """Run the migrations that have not run yet."""
    if not journal.migrations:
        return
    snapshot = service.journal / "snapshot"
    if not snapshot.exists():
        journals.note(snapshot, git.snapshot(service.path, index=service.journal / "index"))
    for number, migration in enumerate(journal.migrations):
        ran = service.journal / f"migrated-{number}"
        if not ran.exists():
            hint = "fix it, then paved update --continue; or paved update --abort"
            commands.run([migration], service.path, kind="migration", hint=hint)
            ran.touch()


def _commit(service: Service, journal: Journal, branch: str | None) -> str:
    """Commit the update, on a new branch when one is named; the commit's id."""
    head = git.text("rev-parse", "HEAD", cwd=service.top)
    if head == journal.head:
        if branch:
            git.start_branch(service.top, branch)
        message = f"Update {service.path.name} from {journal.old_version} to {journal.new_version}"
        try:
            commit = ("commit", "--quiet", "--message", message, "--", ".")
            git.run(*commit, cwd=service.path, role=git.PERSON)
        except GitError as error:
            raise ServiceError(
                "the update is in place, but its commit was refused",
                cause=error.cause,
                hint="mend it, then paved update --continue; or paved update --abort",
            ) from error
        head = git.text("rev-parse", "HEAD", cwd=service.top)
    return head


def _undecided(service: Service, journal: Journal) -> list[str]:
    """Conflicted paths that are still unmerged in the index, or still hold the markers of this update."""
    unmerged = set(git.unmerged_files(service.path))
    marked = set()
    for path in journal.conflicts:
        with contextlib.suppress(OSError):
            content = (service.top / path).read_bytes()
            if b"\n=======\n" in content and b"<<<<<<< " in content and b"\n>>>>>>> " in content:
                marked.add(path)
    return sorted((unmerged | marked) & set(journal.conflicts))


# -- the way back ------------------------------------------------------------------------------------------------


def _put_back(service: Service, journal: Journal, by_migrations: list[str]) -> None:
    """The index and the files as they are in HEAD; what was neither there nor a person's is removed."""
    top = service.top
    head = {entry.path: (entry.mode, entry.blob) for entry in git.tree(top, "HEAD")} if by_migrations else {}
    before = {**{path: head.get(path) for path in by_migrations}, **journal.before}
    new = [path for path, was in before.items() if was is None]
    there = _on_disk(top, new)
    half = not (service.journal / "written").exists()  # git may have been killed in the middle of a file; it is kept
    strays = [path for path in new if path in by_migrations or _is_ours(journal, path, there.get(path), half=half)]
    git.update_index(top, [("0", NO_BLOB, 0, path) for path in before])
    git.update_index(top, [(*was, 0, path) for path, was in before.items() if was])
    for path in strays:
        _remove(top, path, service.path)
    git.checkout_index(top, [path for path, was in before.items() if was])
    if untracked := [path for path in by_migrations if before[path] is None and path not in journal.after]:
        git.restore(top, (service.journal / "snapshot").read_text(), untracked, index=service.journal / "index")


def _is_ours(journal: Journal, path: str, there: str | None, *, half: bool) -> bool:
    """Whether the update put a file there that HEAD does not have: never an untracked one that was in its way."""
    written = _blob(journal.after.get(path))
    return written is not None and (half or path in journal.conflicts or there == written)


def _since_snapshot(service: Service) -> list[str]:
    """What migrations changed, or a person who mended one that failed."""
    snapshot = service.journal / "snapshot"
    if not snapshot.exists():
        return []
    now = git.snapshot(service.path, index=service.journal / "index")
    return git.changed_paths(service.top, snapshot.read_text(), now)


def _strange(service: Service, journal: Journal) -> list[str]:
    """Touched files that are neither as they were nor as the update writes them: somebody worked on them."""
    there = _on_disk(service.top, journal.after)
    return [
        path for path, blob in there.items() if blob not in (_blob(journal.before[path]), _blob(journal.after[path]))
    ]


def _keep(service: Service, journal: Journal, paths: list[str]) -> tuple[str, ...]:
    """Commit these files as they are on disk, on no branch, before they are written over; a note that says where."""
    if not paths:
        return ()
    made = git.snapshot(service.top, index=service.journal / "index", paths=paths)
    commit = git.commit_tree(service.top, made, journal.head, "What files held when paved update wrote over them")
    shown = ", ".join(paths[:3]) + (", ..." if len(paths) > 3 else "")
    return (f"what {shown} held is kept: git show {commit[:12]}",)


def _remove(top: Path, path: str, root: Path) -> None:
    """Remove a file, and the folders below `root` that it leaves empty."""
    target = top / path
    with contextlib.suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
        target.unlink()
    for folder in target.parents:
        if folder == root or not folder.is_relative_to(root):
            return
        try:
            folder.rmdir()
        except OSError:
            return


def _on_disk(top: Path, paths: Iterable[str]) -> dict[str, str]:
    """The blob ids of those of the paths that are files on disk."""
    there = [path for path in paths if (top / path).is_symlink() or (top / path).is_file()]
    return dict(zip(there, git.hash_files(top, there), strict=True))


def _blob(pair: Pair | None) -> str | None:
    return pair[1] if pair else None
