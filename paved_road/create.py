"""Create a service: stamp it out of a release.

Everything is computed before the destination is touched, and built in a folder beside it that is renamed into place at
the end. A failure, an interrupt or a kill leaves at worst that one folder behind, and the next `paved new` removes it.

The template's tasks run in the destination itself, as Copier runs them, because what they make (a virtual environment,
hooks) names the folder it was made in. A failure or an interrupt removes the destination again; after a kill the next
`paved new` says what to remove (`paved_road.service.place`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from paved_road import git
from paved_road.errors import DestinationError, GitError
from paved_road.files import whole
from paved_road.git import address, trees
from paved_road.git.entries import SHA1, File, Tree
from paved_road.process.child import Tell
from paved_road.render import (
    CommandContext,
    CompiledTemplate,
    Operation,
    Pristine,
    commands,
    empty_folders,
    message_before,
    prepare,
    render,
    untrusted,
)
from paved_road.render.commands import Command
from paved_road.render.prompts import Interview
from paved_road.road.manifest import Manifest, manifest_of
from paved_road.road.model import Release
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.signatures import demand
from paved_road.road.templates import find_template
from paved_road.service import derived, place
from paved_road.service.answers_path import check_new
from paved_road.service.lock import LOCK, Lock, lock_of
from paved_road.service.model import prefix_of
from paved_road.service.stored import as_stored
from paved_road.settings import whereabouts
from paved_road.settings.config import Config
from paved_road.settings.whereabouts import quoted


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateRequest:
    """What the person asked for."""

    destination: Path
    template: str | None = None
    ref: str | None = None
    answers: Mapping[str, Any]
    answers_file: str | None = None
    """Where the answers file goes; None for the template's own place."""
    trust: bool = False
    dry_run: bool = False
    """Write nothing and run nothing. A template needs no trust then."""
    greet: Callable[[str], None] = field(default=lambda _: None, compare=False)
    """Receives the template's message before it asks anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CreatePlan:
    """A service that is computed and not yet written."""

    destination: Path
    trust: bool
    """Whether the person trusts the commands that make derived files, whoever wrote them."""
    context: CommandContext
    """What the template's tasks see, among it the template and the answers."""
    manifest: Manifest
    pristine: Pristine
    lock: Lock
    folders: tuple[str, ...]
    """Empty folders, which are no part of a git tree."""
    tasks: tuple[Command, ...]
    """The template's tasks, which run when the service is written."""
    repository: git.Repository | None
    """The repository that the destination is already in; None when the service becomes a new one."""
    notes: tuple[str, ...] = ()

    @property
    def release(self) -> Release:
        """The release that the service is stamped from."""
        return self.pristine.release

    @property
    def tree(self) -> Tree:
        """Every file that is written: the pristine files and the lock."""
        return {**self.pristine.tree, LOCK: File(self.lock.dump())}

    @property
    def derived(self) -> Mapping[str, str]:
        """Derived files, and the commands that make them."""
        return self.manifest.derived if self.context.template.derives else {}

    @property
    def object_format(self) -> str:
        """The object format of the repository that the service is in, or becomes."""
        return self.repository.object_format if self.repository else SHA1

    @property
    def own_files(self) -> frozenset[str]:
        """The files that paved keeps itself: the lock and the answers file."""
        return frozenset((LOCK, self.pristine.answers_file))


@dataclass(frozen=True, kw_only=True, slots=True)
class Created:
    """A service that was written."""

    plan: CreatePlan
    commit: str | None
    """The first commit's id; None when the service was written into an existing repository."""
    derived: tuple[str, ...]
    """Derived files that were made."""
    notes: tuple[str, ...]


# -- the plan ----------------------------------------------------------------------------------------------------------


def plan(request: CreateRequest, config: Config, *, interview: Interview | None = None) -> CreatePlan:
    """Resolve the release, settle the answers and render, without touching the destination.

    Raises `DestinationError` if the destination cannot take a service, `UntrustedTemplate` if the template runs code
    that nobody trusts, and whatever opening the road, settling the answers and rendering raise.
    """
    destination = Path(os.path.abspath(request.destination))
    _check_destination(destination, dry_run=request.dry_run)
    template, road_notes = _open_template(request, config)
    manifest = manifest_of(template.files, template.release.template.folder)
    request.greet(message_before(template, destination, Operation.COPY))
    answers = template.settle(
        destination, given=request.answers, defaults=config.answers.value, first=tuple(manifest.questions.first),
        interview=interview,
    )  # fmt: skip
    if request.answers_file is not None:
        check_new(template, answers, destination, request.answers_file)
    pristine = render(template, answers, destination, answers_file=request.answers_file)
    context = CommandContext(
        template=template, answers=answers, answers_file=pristine.answers_file, destination=destination,
        source=template.surroundings(destination).source, operation=Operation.COPY,
    )  # fmt: skip
    tasks = context.tasks()
    _check_trust(template, request, [f"task: {task}" for task in tasks])
    repository = _enclosing_repository(destination)
    planned = CreatePlan(
        destination=destination,
        trust=request.trust,
        context=context,
        manifest=manifest,
        pristine=pristine,
        lock=_lock(pristine, manifest, destination, repository, filters=not request.dry_run),
        folders=tuple(empty_folders(template, answers, destination, pristine.tree)),
        tasks=tuple(tasks),
        repository=repository,
    )
    return replace(planned, notes=(*road_notes, *_plan_notes(planned)))


def _open_template(request: CreateRequest, config: Config) -> tuple[CompiledTemplate, Sequence[str]]:
    """The template of the release that the request names, and the notes on its road.

    Tasks that are certain to run are refused here, before the template asks anything.
    """
    road = open_road(config, trust=request.trust, fetch=not request.dry_run or config.is_for_readers)
    wanted = request.template or config.template.value
    found = find_template(road, wanted, request.ref, to_name_one="paved new TEMPLATE DEST")
    target = release(found, request.ref)
    demand(target)
    template = prepare(target, cache=config.cache_dir, trust=request.trust, limits=config.limits.value)
    previewed = template.previewed_tasks(Operation.COPY)
    if any(task.certain for task in previewed):
        _check_trust(template, request, [task.words for task in previewed])
    return template, (*road.notes, *found.notes)


def _check_trust(template: CompiledTemplate, request: CreateRequest, commands: list[str]) -> None:
    """Refuse to run these commands of a template that nobody trusts. A dry run runs none."""
    if commands and not template.trust and not request.dry_run:
        raise untrusted(template.release, commands)


def _plan_notes(planned: CreatePlan) -> Iterator[str]:
    template, destination = planned.context.template, planned.destination
    if differing := planned.pristine.differences:
        shown = _first(differing, 5)
        yield f"paved's fast renderer differs from Copier in {shown}, so Copier rendered the files; no action is needed"
    if planned.tasks and not template.trust:  # only a dry run comes this far
        shown = "; ".join(f"task: {task}" for task in planned.tasks)
        yield f"without --dry-run this needs --trust, because it runs the template's code: {shown}"
    if not template.derives:
        yield from derived.not_made(planned.manifest.derived)
    if planned.folders:
        yield f"git does not store empty folders, so clones will not have {', '.join(planned.folders)}"
    if planned.repository and (around := _enclosing_service(destination)):
        yield f"{destination.name} is inside the service {around}, but is a service of its own and updates separately"


def _first(names: Sequence[str], number: int) -> str:
    return ", ".join(names[:number]) + (", ..." if len(names) > number else "")


def _lock(
    pristine: Pristine, manifest: Manifest, destination: Path, repository: git.Repository | None, *, filters: bool
) -> Lock:
    """The lock of a service in this place: it names the files as the repository stores them."""
    prefix = prefix_of(address.resolved(destination), repository) if repository else ""
    stored = as_stored(pristine, repository, prefix=prefix, filters=filters)
    return lock_of(stored, manifest, repository.object_format if repository else SHA1)


# -- writing it --------------------------------------------------------------------------------------------------------


def create(planned: CreatePlan, *, tell: Tell | None = None) -> Created:
    """Write the planned service. Nothing of it remains if that fails. `tell` receives the output of its tasks.

    Raises `DestinationError` if the files cannot be written, and what a task raises that fails.
    """
    destination = planned.destination
    with place.beside(destination) as staged:
        for folder in planned.folders:
            (staged / folder).mkdir(parents=True, exist_ok=True)
        if planned.tasks:
            trees.write_folder(planned.pristine.tree, staged)
            with place.put_before(staged, destination):
                created = _finish(_after_tasks(planned, tell), destination)
        else:
            trees.write_folder(planned.tree, staged)
            created = _finish(planned, staged)
            place.put(staged, destination)
    if planned.repository is None:
        return created
    # What the repository ignores of the service is known only once the service is in its place.
    return replace(created, notes=(*created.notes, *_set_ignored_apart(created.plan, destination)))


def _after_tasks(planned: CreatePlan, tell: Tell | None) -> CreatePlan:
    """Run the tasks in the destination. What they leave there is pristine, unless git ignores it."""
    destination, enclosing = planned.destination, planned.repository and planned.repository.top
    with tempfile.TemporaryDirectory(prefix="paved-template-") as folder:
        context = replace(planned.context, source=commands.source_below(Path(folder)))
        tasks = context.tasks()
        commands.bring(context.template.files, context.source, tasks)
        hint = "nothing was written here, but what earlier tasks changed elsewhere is not undone"
        commands.run(tasks, destination, kind="task", hint=hint, tell=tell)
    notes = planned.notes
    is_repository = os.path.lexists(destination / ".git")
    if is_repository and enclosing not in (None, address.resolved(destination)):
        notes += (f"a task made {destination.name} a git repository of its own, inside the repository {enclosing}",)
    if not is_repository and enclosing is None:
        git.start_repository(destination, role=git.PERSON)
    if inner := commands.repositories_in(destination):
        notes += (f"a task made a git repository of {', '.join(inner)}: git stores none of its files with the service",)
    tree = commands.kept(destination, planned.pristine.tree)
    trees.check_paths(tree)
    pristine = replace(planned.pristine, tree=tree)
    lock = _lock(pristine, planned.manifest, destination, git.repository(destination), filters=True)
    whole.replace_file(destination / LOCK, lock.dump())
    return replace(planned, pristine=pristine, lock=lock, notes=notes)


def _finish(planned: CreatePlan, folder: Path) -> Created:
    """Make the derived files, and for a service that is a repository of its own the first commit."""
    made, not_made = derived.regenerate(planned.derived, folder, trust=planned.trust)
    commit = None
    notes: list[str] = []
    if planned.repository is None:
        if not (folder / ".git").exists():
            git.start_repository(folder, role=git.PERSON)
        notes += _set_ignored_apart(planned, folder)
        commit, commit_notes = _commit(planned, folder)
        notes += commit_notes
    return Created(plan=planned, commit=commit, derived=tuple(made), notes=(*planned.notes, *notes, *not_made))


def _commit(planned: CreatePlan, folder: Path) -> tuple[str, list[str]]:
    """Commit everything; return the commit's id and notes.

    The commit is signed if the person's git signs. If signing fails the commit is made unsigned, so nothing is lost.
    """
    message = f"Stamp {planned.destination.name} from {planned.release.template.name} {planned.release.version}"
    who = git.committing(folder)
    notes = [who.note] if who.note else []
    try:
        return git.commit_everything(folder, message, forced=planned.own_files, who=who, signed=True), notes
    except GitError as error:
        commit = git.commit_everything(folder, message, forced=planned.own_files, who=who)
        why = error.cause.strip().partition("\n")[0].removeprefix("error: ")
        unsigned = f"the commit is not signed ({why}); to sign it: git commit --amend --no-edit --gpg-sign"
        return commit, [*notes, unsigned]


def _set_ignored_apart(planned: CreatePlan, service: Path) -> list[str]:
    """Set the files that git ignores apart in the lock of a service that was just written; return notes on them."""
    notes = []
    ignored = git.ignored(service, planned.tree)
    if files := sorted(ignored - planned.own_files):
        whole.replace_file(service / LOCK, planned.lock.without(files).dump())
        notes.append(f"git ignores {_first(files, 5)}, so it stays on this machine and updates leave it unchanged")
    if (needed := sorted(ignored & planned.own_files)) and planned.repository:
        shown = " ".join(needed)
        notes.append(f"git ignores {shown}, which every clone needs: git add --force {shown}")
    return notes


# -- the destination ---------------------------------------------------------------------------------------------------


def _check_destination(destination: Path, *, dry_run: bool) -> None:
    """Refuse a destination that is not absent, empty or an empty repository, or whose parent cannot be written to."""
    if any(part.lower() == ".git" for part in (*destination.parts, *Path(os.path.realpath(destination)).parts)):
        raise _refused(f"{destination} is inside a .git folder", cause="git keeps its own files there")
    if destination.is_symlink() or (destination.exists() and not destination.is_dir()):
        raise _refused(f"{destination} exists and is not a folder")
    if destination.is_dir() and (inside := sorted(path.name for path in destination.iterdir() if path.name != ".git")):
        place.refuse_half_made(destination, dry_run=dry_run)
        adopt = f"paved adopt {quoted(destination)} brings the existing files onto the road; or {_ELSEWHERE}"
        is_service = LOCK in inside or whereabouts.ANSWERS_FILE in inside
        raise DestinationError(
            f"{destination} is not empty",
            cause=f"it contains {_first(inside, 3)}",
            hint=f"paved update {quoted(destination)}" if is_service else adopt,
        )
    parent = next(folder for folder in (destination, *destination.parents) if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise _refused(f"cannot write to {destination}", cause=f"{parent} is not a folder you can write to")


_ELSEWHERE = "choose another destination"


def _refused(what: str, *, cause: str = "") -> DestinationError:
    return DestinationError(what, cause=cause, hint=_ELSEWHERE)


def _enclosing_service(destination: Path) -> Path | None:
    """The service that the destination is inside of."""
    parent = whereabouts.service_at(next(folder for folder in destination.parents if folder.is_dir()))
    return parent if whereabouts.is_service(parent) else None


def _enclosing_repository(destination: Path) -> git.Repository | None:
    """The repository that the service becomes a part of; one that ignores the destination does not count."""
    found = git.repository_around(destination)
    if found is None or (found.top != address.resolved(destination) and git.is_ignored(destination)):
        return None
    return found
