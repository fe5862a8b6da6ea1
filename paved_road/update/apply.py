"""Apply an update: all or nothing, and recoverable from a kill at any moment.

The journal (`paved_road.update.journal`) is written first, with the state of every path before and after. Every step
can be repeated, so an interrupted update is finished by repeating all of them, or undone by restoring every path
(`paved_road.update.recover`).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from paved_road import git
from paved_road.errors import GitError, GitKilled, PavedError, ServiceError, TemplateError, UsageError
from paved_road.git.entries import TreeEntry
from paved_road.render import commands
from paved_road.service import derived
from paved_road.service.model import Service
from paved_road.update import collisions, decisions, disk, preconditions
from paved_road.update import journal as journals
from paved_road.update.journal import Journal
from paved_road.update.migrations import SCRIPTS
from paved_road.update.plan import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """How an update ended."""

    journal: Journal
    conflicts: tuple[str, ...] = ()
    """The paths with conflicts that are left; empty when the update is over."""
    markers: Mapping[str, decisions.LineRanges] = field(default_factory=dict)
    """The lines of conflict markers in files that were added."""
    regenerated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    commit: str | None = None


def check_files_on_disk(plan: Plan) -> None:
    """Raises `UsageError` in a dry run if `apply_plan` would because of a file on disk."""
    preconditions.compare_with_disk(plan.service, _journal(plan).before, dry_run=True)


def apply_plan(plan: Plan) -> Applied:
    """Apply the plan to the index and the work tree; commit it if requested and nothing conflicts.

    Raises `UsageError` if the service changed since it was planned, `ServiceError` if a step fails.
    """
    service = plan.service
    journal = _journal(plan)
    with explaining_failures(service):
        git.write_blobs(service.repository.objects, _new_contents(plan), service.repository.object_format)

        def copy_scripts(scratch: Path) -> None:
            place = service.journal / SCRIPTS
            commands.bring(plan.new.template.files, place, plan.new.migrations, written_to=scratch / SCRIPTS)

        with journals.begin_journal(service.journal, journal, copy_scripts):
            return write_files(service, _checked(plan, journal))


@contextlib.contextmanager
def explaining_failures(service: Service) -> Iterator[None]:
    """Explain the failure of a step. Raises `ServiceError`: whether the service was touched, and what to do."""
    try:
        yield
    except (GitError, OSError) as error:
        cause = error.cause if isinstance(error, PavedError) else str(error)
        message = error.message if isinstance(error, PavedError) else "a file cannot be written"
        remedy = error.hint if isinstance(error, PavedError) and error.hint else "fix the cause above"
        begun = service.journal.exists()
        raise ServiceError(
            f"{message}, in the middle of the update" if begun else f"{message}; the service was not touched",
            cause=cause,
            hint=f"{remedy}, {_GO_ON}" if begun else f"{remedy}, then run: paved update",
        ) from error


_GO_ON = "then run: paved update --continue; or paved update --abort"


def _new_contents(plan: Plan) -> list[bytes]:
    """The contents that the update writes and the service's last commit does not have."""
    known = {entry.blob for entry in plan.ours.values()}
    staged = [entry for stages in plan.stages.values() for entry in stages.values()]
    entries = {entry.blob: entry for entry in (*plan.decided.files.values(), *staged) if entry.mode.is_file}
    wanted = [entry for blob, entry in entries.items() if blob not in known]
    stored = iter(plan.scratch.objects.read([entry.blob for entry in wanted if entry.data is None]))
    contents = [next(stored) if entry.data is None else entry.data for entry in wanted]
    return [content for content in contents if content is not None]


# -- the journal -------------------------------------------------------------------------------------------------


def _journal(plan: Plan) -> Journal:
    """What the plan will do, as paths of the repository."""
    prefix, ours, result = plan.service.prefix, {**plan.ours, **plan.decided.submodules}, plan.decided.files
    touched = [
        path
        for path in sorted({*plan.ours, *result, *plan.decided.conflicts})
        if path in plan.decided.conflicts or ours.get(path) != result.get(path)
    ]
    stages = plan.stages
    return Journal(
        head=plan.service.repository.head or "",
        old_version=plan.old_version,
        new_version=plan.release.version,
        before={prefix + path: ours.get(path) for path in dict.fromkeys([*touched, *stages, *plan.new.derived])},
        after={prefix + path: result.get(path) for path in touched},
        conflicts={prefix + path: of for path, of in stages.items()},
        derived=plan.new.derived,
        trust=plan.request.trust,
        reasons={prefix + path: (str(reason.kind), reason.why) for path, reason in plan.reasons.items()},
        migrations=tuple(plan.new.migrations),
        notes=plan.summary.notes,
        commit=plan.request.commit or plan.request.branch is not None,
        branch=plan.request.branch,
        answers_changed=plan.summary.answers_changed,
    )


def _checked(plan: Plan, journal: Journal) -> Journal:
    """Check that nothing has changed since planning, which may have waited for a person's answers."""
    service = plan.service
    try:
        head, changed = git.head_and_changed(service.path, filters=True)
        preconditions.check_clean(changed)
        decided = plan.decided
        added = [path for path in decided.files if path not in plan.ours]
        obstacles = collisions.find_obstacles(service, plan.ours, decided.files, decided.submodules, added)
        if head != journal.head or obstacles:
            raise UsageError("the service changed while the update was planned", hint="run it again: paved update")
        return compare_before_writing(service, journal)
    except PavedError:
        journals.end_journal(service.journal)
        raise


def compare_before_writing(service: Service, journal: Journal) -> Journal:
    """Compare the files with HEAD, once, before the first is written. The journal with what has to stay as it is."""
    done = service.journal / "compared"
    if done.exists():
        return journal
    exceptions = preconditions.compare_with_disk(service, journal.before)
    executable = {path: disk.is_executable(service.top, path) for path in exceptions.other_mode}
    amended = replace(journal, left_out=exceptions.left_out, executable=executable)
    if exceptions != preconditions.NO_EXCEPTIONS:
        journals.amend_journal(service.journal, amended)
    done.touch()
    return amended


# -- the steps ---------------------------------------------------------------------------------------------------


def write_files(service: Service, journal: Journal) -> Applied:
    """Write the index, the files and the conflicts. Each step may be a repetition."""
    top = service.top
    removed = [path for path, after in journal.after.items() if after is None and journal.before[path]]
    written = {path: after for path, after in journal.after.items() if after}
    left_out = [path for path in journal.left_out if path in written and path not in journal.conflicts]
    git.update_index(top, {**dict.fromkeys(journal.conflicts), **journal.after})
    git.skip_worktree(top, left_out)
    for path in removed:
        disk.remove(top, path, root=service.path)
    git.checkout_index(top, [path for path in written if path not in left_out])
    disk.set_executable(top, journal.executable)
    git.update_stages(top, journal.conflicts)
    (service.journal / "written").touch()
    if journal.conflicts:
        return Applied(journal=journal, conflicts=tuple(sorted(journal.conflicts)), notes=journal.notes)
    return finish_update(service, journal)


def finish_update(service: Service, journal: Journal, *, edited: bool = False) -> Applied:
    """Do what needs the merged files: migrations, derived files, the commit. Then end the update.

    `edited`: a person may have edited the files since they were written.
    """
    by_migrations = _migrate(service, journal)
    made, notes = derived.regenerate(journal.derived, service.path, trust=journal.trust)
    if edited or journal.migrations or journal.derived:  # otherwise the index already equals the work tree
        git.add(service.path, "--update", "--", ".")
    if by_migrations:
        git.stage(service.top, by_migrations)
    if wanted := [path for path in made if not git.is_ignored(service.path / path)]:
        git.add(service.path, "--", *wanted)
    done = _commit(service, journal) if journal.commit else None
    if done and (by := git.committing(service.top).note):
        notes = [*notes, by]
    journals.end_journal(service.journal)
    return Applied(journal=journal, regenerated=tuple(made), notes=(*journal.notes, *notes), commit=done)


def _migrate(service: Service, journal: Journal) -> list[str]:
    """Run the migrations that have not run yet. The files that all of them made, from the repository's root.

    They do not include files that were untracked before, or that a person made between two runs.
    """
    folder = service.journal
    made, begun = folder / "made", folder / "migrating"
    ran = {folder / f"migrated-{number}": migration for number, migration in enumerate(journal.migrations)}
    left = {file: migration for file, migration in ran.items() if not file.exists()}
    if left and not begun.exists():
        before = git.write_tree_from_disk(service.path, index=folder / "index")
        if not (folder / "snapshot").exists():
            journals.write_whole(folder / "snapshot", before)
        journals.write_whole(begun, before)
    try:
        for file, migration in left.items():
            commands.run([migration], service.path, kind="migration", hint=f"fix the cause above, {_GO_ON}")
            file.touch()
    except TemplateError:
        _note_made(service, made, begun)
        raise
    _note_made(service, made, begun)
    files = json.loads(made.read_text()) if made.exists() else []
    return [path for path in files if (service.top / path).is_symlink() or not (service.top / path).is_dir()]


def _note_made(service: Service, made: Path, begun: Path) -> None:
    """Add to `made` the files that are new since the snapshot in `begun`, which a killed run has not done."""
    if begun.exists():
        known = json.loads(made.read_text()) if made.exists() else []
        now = git.write_tree_from_disk(service.path, index=service.journal / "index")
        new = git.changed_paths(service.top, begun.read_text(), now, added=True)
        journals.write_whole(made, json.dumps([*known, *new]))
        begun.unlink()


def _commit(service: Service, journal: Journal) -> str:
    """Commit the update, on a new branch if one is named. The commit's id."""
    head = git.resolve(service.top, "HEAD")
    if head and head != journal.head:  # a run that was killed has done so
        return head
    if journal.branch:
        _start_branch(service, journal.branch)
    only_here = _has_others_staged(service, journal)
    try:
        return git.commit_staged(service.path, _message(service, journal), only_here=only_here)
    except GitKilled:
        raise
    except GitError as error:
        raise ServiceError(
            "the update is in place, but its commit was refused",
            cause=error.cause,
            hint=f"{error.hint or 'fix the cause above'}, {_GO_ON}",
        ) from error


def _message(service: Service, journal: Journal) -> str:
    if journal.answers_changed:
        return f"Change answers of {service.path.name}: {', '.join(journal.answers_changed)}"
    return f"Update {service.path.name} from {journal.old_version} to {journal.new_version}"


def _has_others_staged(service: Service, journal: Journal) -> bool:
    """Whether other folders have staged files, so that the commit must be limited to the service's folder.

    A limited commit has two flaws: git refuses it if a submodule in the folder is not checked out, and it leaves out
    what a sparse checkout leaves out of the work tree.
    """
    if not service.prefix:
        return False
    others = [path for path in git.staged_files(service.top) if not path.startswith(service.prefix)]
    if others and journal.left_out:
        raise ServiceError(
            "the update is in place, but not committed",
            cause=f"{others[0]} is staged and would be committed with it",
            hint=f"git restore --staged :/{others[0]}, {_GO_ON}",
        )
    return bool(others)


def _start_branch(service: Service, name: str) -> None:
    """Start the branch to commit on, and note for `--abort` which branch was current before."""
    file = service.journal / "branch"
    if not file.exists():
        journals.write_whole(file, json.dumps({"name": name, "before": git.current_branch(service.top)}))
    git.start_branch(service.top, name)


def undecided_conflicts(service: Service, applied: Applied) -> tuple[decisions.Decision, ...]:
    """The conflicts that an update in progress leaves, read from the service's repository."""
    journal, prefix = applied.journal, service.prefix
    stages = {path.removeprefix(prefix): journal.conflicts[path] for path in applied.conflicts}
    known = {
        path: decisions.ConflictReason(kind=decisions.ConflictKind(kind), why=why)
        for path, (kind, why) in journal.reasons.items()
    }
    why = {path.removeprefix(prefix): reason for path, reason in known.items()}
    markers_left = {path.removeprefix(prefix): lines for path, lines in applied.markers.items()}

    def read(entries: list[TreeEntry]) -> list[bytes]:
        return [data or b"" for data in git.read_objects(service.top, [entry.blob for entry in entries])]

    return tuple(
        replace(decision, markers=markers_left.get(decision.path, ()))
        for decision in decisions.describe_conflicts(stages, why, read)
    )
