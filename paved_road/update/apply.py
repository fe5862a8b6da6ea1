"""Applying an update: all or nothing, and recoverable from a kill at any moment.

What will be done is written down first (`paved_road.update.journal`), with the state of every touched path before and
after. Every step can be done again, so an update that was cut off is finished by doing all of them again, or undone by
putting every path back (`paved_road.update.recover`).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from paved_road import git
from paved_road.errors import GitError, GitKilled, PavedError, ServiceError, TemplateError, UsageError
from paved_road.render import commands
from paved_road.service import derived
from paved_road.service.model import Service
from paved_road.update import collisions, decisions, disk, preconditions
from paved_road.update import journal as journals
from paved_road.update.journal import Journal
from paved_road.update.migrations import SCRIPTS
from paved_road.update.model import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """How an update ended."""

    journal: Journal
    conflicts: tuple[str, ...] = ()
    """What is left to decide; empty when the update is over."""
    markers: Mapping[str, decisions.LineRanges] = field(default_factory=dict)
    """Where the conflicts that were added still have their markers."""
    regenerated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    commit: str | None = None


def refuse_dry_run(plan: Plan) -> None:
    """Refuse what `apply` would refuse; for a dry run."""
    preconditions.compare_with_disk(plan.service, _journal(plan).before, dry_run=True)


def apply_plan(plan: Plan) -> Applied:
    """Make the planned update happen in the index and the work tree; commit it if requested and nothing conflicts."""
    service = plan.service
    journal = _journal(plan)
    with explaining_failures(service):
        git.write_blobs(service.repository.objects, _new_contents(plan), service.repository.object_format)

        def bring(scratch: Path) -> None:
            place = service.journal / SCRIPTS
            commands.bring(plan.new.template.files, place, plan.new.migrations, written_to=scratch / SCRIPTS)

        with journals.begin_journal(service.journal, journal, bring):
            return write_files(service, _checked(plan, journal))


@contextlib.contextmanager
def explaining_failures(service: Service) -> Iterator[None]:
    """A step that failed is told with what can be done about it, and whether the service was touched at all."""
    try:
        yield
    except (GitError, OSError) as error:
        cause = error.cause if isinstance(error, PavedError) else str(error)
        what = error.message if isinstance(error, PavedError) else "a file cannot be written"
        first = error.hint if isinstance(error, PavedError) and error.hint else "fix the cause"
        begun = service.journal.exists()
        raise ServiceError(
            f"{what}, in the middle of the update" if begun else f"{what}; the service was not touched",
            cause=cause,
            hint=f"{first}, {_GO_ON}" if begun else f"{first}, then try again",
        ) from error


_GO_ON = "then paved update --continue; or paved update --abort"


def _new_contents(plan: Plan) -> list[bytes]:
    """The contents that the update needs and the service's last commit does not have."""
    known = {leaf.blob for leaf in plan.ours.values()}
    staged = [leaf for conflict in plan.decided.conflicts.values() for leaf in conflict.stages.values()]
    leaves = {leaf.blob: leaf for leaf in (*plan.decided.files.values(), *staged)}
    leaves |= {obstacle.entry.blob: obstacle.entry for obstacle in plan.decided.obstacles.values()}
    wanted = [leaf for blob, leaf in leaves.items() if blob not in known]
    merged = iter(plan.scratch.objects.read([leaf.blob for leaf in wanted if leaf.data is None]))
    contents = [next(merged) if leaf.data is None else leaf.data for leaf in wanted]
    return [content for content in contents if content is not None]


# -- what will be done -------------------------------------------------------------------------------------------


def _journal(plan: Plan) -> Journal:
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
        reasons={prefix + path: (str(one.kind), one.why) for path, one in plan.reasons.items()},
        migrations=tuple(plan.new.migrations),
        notes=plan.summary.notes,
        commit=plan.request.commit or plan.request.branch is not None,
        branch=plan.request.branch,
        answers_changed=plan.summary.answers_changed,
    )


def _checked(plan: Plan, journal: Journal) -> Journal:
    """Planning may have waited for a person's answers: nothing may have changed since. What stays is written down."""
    service = plan.service
    try:
        head, changed = git.head_and_changed(service.path, filters=True)
        preconditions.check_clean(changed)
        decided = plan.decided
        added = [path for path in decided.files if path not in plan.ours]
        obstacles = collisions.find_obstacles(service, plan.ours, decided.files, decided.submodules, added)
        if head != journal.head or obstacles:
            raise UsageError("the service changed while the update was planned", hint="paved update")
        return compare_before_writing(service, journal)
    except PavedError:
        journals.end_journal(service.journal)
        raise


def compare_before_writing(service: Service, journal: Journal) -> Journal:
    """Compare the files with HEAD, once, before the first of them is written; what has to stay is written down."""
    done = service.journal / "compared"
    if not done.exists():
        kept = preconditions.compare_with_disk(service, journal.before)
        if kept != preconditions.NO_EXCEPTIONS:
            executable = {path: disk.is_executable(service.top, path) for path in kept.other_mode}
            journal = replace(journal, left_out=kept.left_out, executable=executable)
            journals.amend_journal(service.journal, journal)
        done.touch()
    return journal


# -- the steps ---------------------------------------------------------------------------------------------------


def write_files(service: Service, journal: Journal) -> Applied:
    """Write everything; every part of it may have been done before."""
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
    """What needs the merged files: migrations, derived files, the commit. Then the update is over.

    `edited`: a person may have worked on the files since they were written.
    """
    by_migrations = _migrate(service, journal)
    made, notes = derived.regenerate(journal.derived, service.path, trust=journal.trust)
    if edited or journal.migrations or journal.derived:  # else the index is as the work tree already
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
    """Run the migrations that have not run yet; the files that all of them made, from the repository's root.

    A file that was untracked before they ran, or that a person made between two runs, is not one of them.
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
            commands.run([migration], service.path, kind="migration", hint=f"fix the cause, {_GO_ON}")
            file.touch()
    except TemplateError:
        _note_made(service, made, begun)
        raise
    _note_made(service, made, begun)
    files = json.loads(made.read_text()) if made.exists() else []
    return [path for path in files if (service.top / path).is_symlink() or not (service.top / path).is_dir()]


def _note_made(service: Service, made: Path, begun: Path) -> None:
    """Add to `made` the files that are new since the snapshot in `begun`; a run that was killed has not done so."""
    if begun.exists():
        known = json.loads(made.read_text()) if made.exists() else []
        now = git.write_tree_from_disk(service.path, index=service.journal / "index")
        new = git.changed_paths(service.top, begun.read_text(), now, added=True)
        journals.write_whole(made, json.dumps([*known, *new]))
        begun.unlink()


def _commit(service: Service, journal: Journal) -> str:
    """Commit the update, on a new branch when one is named; the commit's id."""
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
            hint=f"{error.hint or 'fix the cause'}, {_GO_ON}",
        ) from error


def _message(service: Service, journal: Journal) -> str:
    if journal.answers_changed:
        return f"Change answers of {service.path.name}: {', '.join(journal.answers_changed)}"
    return f"Update {service.path.name} from {journal.old_version} to {journal.new_version}"


def _has_others_staged(service: Service, journal: Journal) -> bool:
    """Whether files of other folders are staged, which the commit must leave out by naming the service's folder.

    It is named only then. Git cannot commit a folder with a submodule that is not checked out, and
    leaves out of such a commit what a sparse checkout leaves out of the work tree.
    """
    if not service.prefix:
        return False
    strangers = [path for path in git.staged_files(service.top) if not path.startswith(service.prefix)]
    if strangers and journal.left_out:
        raise ServiceError(
            "the update is in place, but not committed",
            cause=f"{strangers[0]} is staged, and would be committed with it",
            hint=f"git restore --staged :/{strangers[0]}, {_GO_ON}",
        )
    return bool(strangers)


def _start_branch(service: Service, name: str) -> None:
    """Start the branch to commit on; which one was current before is written down for `--abort`."""
    file = service.journal / "branch"
    if not file.exists():
        journals.write_whole(file, json.dumps({"name": name, "before": git.current_branch(service.top)}))
    git.start_branch(service.top, name)
