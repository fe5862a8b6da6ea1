"""Applying an update: all or nothing, and recoverable from a kill at any moment.

What will be done is written down first, in a folder of git's own (`paved-update/`), with the state of every touched
path before and after. Every step can be done again, so an update that was cut off is finished by doing all of them
again (`resume`), or undone by putting every path back (`abort`). Making that folder is also the lock between two
updates at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from paved_road import derive, git
from paved_road.errors import ServiceError, UsageError
from paved_road.git import NO_BLOB
from paved_road.service import Service
from paved_road.tree import File
from paved_road.update import migrate
from paved_road.update.migrate import Migration
from paved_road.update.plan import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """What an update does, as it is written down before it is done. Paths are from the repository's root."""

    prefix: str
    head: str
    old_version: str
    new_version: str
    before: Mapping[str, tuple[str, str] | None]
    """Mode and blob of every touched path in HEAD; None where there is none."""
    after: Mapping[str, tuple[str, str] | None]
    conflicts: Mapping[str, Mapping[str, tuple[str, str]]]
    """Index stages of the paths a person has to decide."""
    derived: Mapping[str, str]
    migrations: tuple[Migration, ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """How an update ended."""

    journal: Journal
    conflicts: tuple[str, ...]
    regenerated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    commit: str | None = None


def check(service: Service) -> None:
    """An update starts from a committed state, with none in progress; anything else is refused with what to type."""
    if service.journal.exists():
        raise UsageError(
            "an update is in progress",
            cause=f"{service.journal} says so",
            hint="paved update --continue, or paved update --abort",
        )
    if service.repository.head is None:
        raise UsageError(f"{service.top} has no commits", hint="commit the service first: git add -A && git commit")
    if changed := git.changed_files(service.path):
        shown = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        raise UsageError(
            "the service has uncommitted changes", cause=shown, hint="git commit, or git stash, and try again"
        )


def apply(plan: Plan) -> Applied:
    """Make the planned update happen in the index and the work tree, without committing."""
    service = plan.service
    journal = _journal(plan)
    folder = service.journal
    git.write_blobs(service.top, _new_contents(plan))
    _step("objects")
    _begin(folder, journal)
    _step("journal")
    return _do(service, folder, journal)


def resume(service: Service) -> Applied:
    """Finish an update: one that was cut off, or one whose conflicts a person has decided."""
    folder = service.journal
    journal = _read(folder)
    _remove_stale_lock(service)
    if not (folder / "written").exists():
        return _do(service, folder, journal)
    if left := _undecided(service, journal):
        return Applied(journal=journal, conflicts=tuple(left))
    return _finish(service, folder, journal)


def abort(service: Service) -> Journal:
    """Put every path the update touched back as it is in HEAD."""
    folder = service.journal
    journal = _read(folder)
    _remove_stale_lock(service)
    top = service.top
    added = [path for path, before in journal.before.items() if before is None]
    ours = {path for path in added if _is(top, path, journal.after.get(path)) or _was_conflicted(journal, path)}
    git.update_index(top, [("0", NO_BLOB, 0, path) for path in journal.before])
    git.update_index(top, [(*before, 0, path) for path, before in journal.before.items() if before])
    for path in sorted(ours):
        _remove(top, path, service.path)
    git.checkout_index(top, [path for path, before in journal.before.items() if before])
    shutil.rmtree(folder)
    return journal


def commit(service: Service, applied: Applied, branch: str | None = None) -> str:
    """Commit a finished update, on a new branch when one is named; the commit's id."""
    if branch:
        git.run("switch", "--quiet", "--create", branch, cwd=service.top)
    name = service.path.name
    message = f"Update {name} from {applied.journal.old_version} to {applied.journal.new_version}"
    git.run("commit", "--quiet", "--message", message, "--", ".", cwd=service.path)
    return git.text("rev-parse", "HEAD", cwd=service.top)


def in_progress(service: Service) -> Journal | None:
    """The update in progress, if there is one."""
    folder = service.journal
    return _read(folder) if folder.exists() else None


def _new_contents(plan: Plan) -> list[bytes]:
    """The contents that the update needs and the service's last commit does not have."""
    known = {leaf.blob for leaf in plan.ours.values()}
    staged = [leaf for conflict in plan.conflicts.values() for leaf in conflict.stages.values()]
    leaves = {leaf.blob: leaf for leaf in (*plan.result.values(), *plan.untracked.values(), *staged)}
    wanted = [leaf for blob, leaf in leaves.items() if blob not in known]
    merged = iter(plan.scratch.objects.read([leaf.blob for leaf in wanted if leaf.data is None]))
    contents = [next(merged) if leaf.data is None else leaf.data for leaf in wanted]
    return [content for content in contents if content is not None]


# -- the journal -----------------------------------------------------------------------------------------------------


def _journal(plan: Plan) -> Journal:
    prefix, ours, result = plan.service.prefix, plan.ours, plan.result
    touched = sorted(
        path
        for path in {*ours, *result, *plan.conflicts}
        if path in plan.conflicts or _pair(ours, path) != _pair(result, path)
    )
    stages = {path: conflict.stages for path, conflict in plan.conflicts.items()}
    for path, leaf in plan.untracked.items():
        if not git.is_ignored(plan.service.path / path):
            stages[path] = {3: leaf}
    return Journal(
        prefix=prefix,
        head=plan.service.repository.head or "",
        old_version=plan.old_version,
        new_version=plan.release.version,
        before={prefix + path: _pair(ours, path) for path in [*touched, *(p for p in stages if p not in touched)]},
        after={prefix + path: _pair(result, path) for path in touched},
        conflicts={
            prefix + path: {str(stage): (str(leaf.mode), leaf.blob) for stage, leaf in of.items()}
            for path, of in stages.items()
        },
        derived=dict(plan.manifest.derived) if plan.form.trust else {},
        migrations=tuple(migrate.after(plan)),
        notes=plan.notes,
    )


def _pair(files: Mapping[str, git.Leaf], path: str) -> tuple[str, str] | None:
    leaf = files.get(path)
    return (str(leaf.mode), leaf.blob) if leaf else None


def _begin(folder: Path, journal: Journal) -> None:
    """Write the journal so that it is either there whole or not at all; the first of two updates wins."""
    scratch = folder.with_name(f"{folder.name}.{os.getpid()}")
    scratch.mkdir()
    with (scratch / "journal.json").open("w") as stream:
        json.dump(asdict(journal), stream)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        scratch.rename(folder)
    except OSError as error:
        shutil.rmtree(scratch)
        raise UsageError("another update has begun meanwhile", hint="wait for it, or paved update --abort") from error


def _read(folder: Path) -> Journal:
    try:
        facts = json.loads((folder / "journal.json").read_text())
    except FileNotFoundError as error:
        raise UsageError("no update is in progress", hint="paved update") from error
    except (OSError, ValueError) as error:
        raise ServiceError(
            f"{folder} is broken", cause=str(error), hint=f"git reset --hard, then remove {folder}"
        ) from error

    def pair(value: list[str] | None) -> tuple[str, str] | None:
        return (value[0], value[1]) if value else None

    facts["before"] = {path: pair(value) for path, value in facts["before"].items()}
    facts["after"] = {path: pair(value) for path, value in facts["after"].items()}
    facts["conflicts"] = {
        path: {stage: (value[0], value[1]) for stage, value in stages.items()}
        for path, stages in facts["conflicts"].items()
    }
    facts["migrations"] = tuple(Migration(**one) for one in facts["migrations"])
    facts["notes"] = tuple(facts["notes"])
    return Journal(**facts)


# -- the steps -------------------------------------------------------------------------------------------------------


def _do(service: Service, folder: Path, journal: Journal) -> Applied:
    """Write everything; every part of it may have been done before."""
    top = service.top
    removed = [path for path, after in journal.after.items() if after is None and journal.before[path]]
    written = {path: after for path, after in journal.after.items() if after}
    git.update_index(top, [("0", NO_BLOB, 0, path) for path in [*journal.after, *journal.conflicts]])
    git.update_index(top, [(*after, 0, path) for path, after in written.items()])
    _step("index")
    for path in removed:
        _remove(top, path, service.path)
    _step("removed")
    git.checkout_index(top, written)
    _step("files")
    lines = [("0", NO_BLOB, 0, path) for path in journal.conflicts]
    lines += [(*pair, int(stage), path) for path, of in journal.conflicts.items() for stage, pair in of.items()]
    git.update_index(top, lines)
    _step("conflicts")
    (folder / "written").touch()
    if journal.conflicts:
        return Applied(journal=journal, conflicts=tuple(sorted(journal.conflicts)), notes=journal.notes)
    return _finish(service, folder, journal)


def _finish(service: Service, folder: Path, journal: Journal) -> Applied:
    """What needs the merged files: migrations, derived files. Then the update is over."""
    notes = list(journal.notes)
    for migration in journal.migrations:
        migrate.run(migration, service.path)
    _step("migrations")
    made, more = derive.run(journal.derived, service.path)
    git.run("add", "--update", "--", ".", cwd=service.path)
    if made:
        git.run("add", "--force", "--", *made, cwd=service.path)
    _step("derived")
    shutil.rmtree(folder)
    return Applied(journal=journal, conflicts=(), regenerated=tuple(made), notes=(*notes, *more))


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


def _is(top: Path, path: str, expected: tuple[str, str] | None) -> bool:
    """Whether a file on disk is what the update wrote."""
    target = top / path
    if expected is None or not os.path.lexists(target):
        return False
    if target.is_symlink():
        return File(os.fsencode(os.readlink(target))).blob == expected[1]
    return target.is_file() and git.hash_files(top, [path]) == [expected[1]]


def _was_conflicted(journal: Journal, path: str) -> bool:
    """Whether the update itself put a file with markers there (an untracked file in the way it did not touch)."""
    return path in journal.conflicts and journal.after.get(path) is not None


def _remove_stale_lock(service: Service) -> None:
    """A git that was killed in the middle of a step leaves its lock; the journal says that it was ours."""
    (service.repository.folder / "index.lock").unlink(missing_ok=True)


def _step(name: str) -> None:
    """Where the crash tests kill the update."""
    if os.environ.get("PAVED_CRASH_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
