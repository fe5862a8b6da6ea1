"""Create: stamp a new service out of a release.

Everything is computed before the destination is touched, and built in a folder beside it that is renamed into
place at the end: a failure, an interrupt or a kill leaves nothing behind but, at worst, that one folder, which the next
one removes. The tasks of a template run in the destination itself, as Copier runs them, because what they make (a
virtual environment, hooks) names the folder it was made in: a failure or an interrupt takes the destination away again,
and after a kill the next one tells what to remove (`paved_road.service.place`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from paved_road import git
from paved_road.errors import DestinationError, GitError
from paved_road.git import address, trees
from paved_road.git.entries import File, Tree
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
from paved_road.road import rules
from paved_road.road.model import Release
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.rules import Rules
from paved_road.road.signatures import demand
from paved_road.road.templates import find_template
from paved_road.service import derived as derive
from paved_road.service import place
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
    """Where the answers file goes; None for where the template puts it."""
    trust: bool = False
    dry_run: bool = False
    """Whether nothing will be written: then nothing of the template's needs trust, because nothing of it runs."""
    greet: Callable[[str], None] = field(default=lambda _: None, compare=False)
    """Hears what the template says before it asks anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CreatePlan:
    """A service, computed and not yet written."""

    destination: Path
    release: Release
    pristine: Pristine
    lock: Lock
    tree: Tree
    """Everything that will be written: the pristine files and the lock."""
    derived: Mapping[str, str]
    """Derived files and the commands that make them."""
    trust: bool
    """Whether the person trusts what is run to make them, whoever wrote it."""
    rules: Rules
    folders: tuple[str, ...]
    """Empty folders, which are no part of a tree."""
    told: CommandContext
    """What the template's tasks see."""
    tasks: tuple[Command, ...]
    """The template's tasks that run when it is written."""
    enclosing: Path | None
    """The repository the destination is already in."""
    object_format: str
    """Of the repository that the service becomes a part of, or that is made for it."""
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> frozenset[str]:
        """The lock and the answers file."""
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


def plan(order: CreateRequest, config: Config, *, interview: Interview | None = None) -> CreatePlan:
    """Resolve the release, settle the answers and render, without touching the destination."""
    destination = Path(os.path.abspath(order.destination))
    _check_destination(destination, dry_run=order.dry_run)
    road = open_road(config, trust=order.trust, fetch=not order.dry_run or config.is_for_readers)
    template = find_template(
        road, order.template or config.template.value, order.ref, to_name_one="paved new TEMPLATE DEST"
    )
    notes = [*road.notes, *template.notes]
    found = release(template, order.ref)
    demand(found)
    form = prepare(found, cache=config.cache_dir, trust=order.trust, limits=config.limits.value)
    ahead = form.previewed_tasks(Operation.COPY)
    if any(task.certain for task in ahead):
        _check_trust(form, order, [task.words for task in ahead])
    own = rules.read(form.files, config.cache_dir, form.release.template.folder)
    order.greet(message_before(form, destination, Operation.COPY))
    book = form.settle(
        destination, given=order.answers, defaults=config.answers.value, first=own.first, interview=interview
    )
    if order.answers_file is not None:
        check_new(form, book, destination, order.answers_file)
    pristine = render(form, book, destination, answers_file=order.answers_file)
    if pristine.differences:
        notes.append(_rendered_by_copier(pristine.differences))
    told = CommandContext(
        template=form, answers=book, answers_file=pristine.answers_file, destination=destination,
        source=form.surroundings(destination).source, operation=Operation.COPY,
    )  # fmt: skip
    tasks = told.tasks()
    _check_trust(form, order, [f"task: {task}" for task in tasks])
    if tasks and not form.trust:  # a dry run: nothing else comes here
        wanted = "; ".join(f"task: {task}" for task in tasks)
        notes.append(f"paved new itself needs --trust, because it runs the template's code: {wanted}")
    if not form.derives:
        notes += derive.not_made(own.derived)
    if folders := empty_folders(form, book, destination, pristine.tree):
        notes.append(f"git keeps no empty folder, so no clone will have {', '.join(folders)}")
    enclosing = _enclosing(destination)
    if around := _around(destination) if enclosing else None:
        notes.append(f"{destination.name} is inside of the service {around}: a service of its own, which updates alone")
    object_format = enclosing.object_format if enclosing else git.SHA1
    stored = as_stored(
        pristine, enclosing, prefix=prefix_of(address.resolved(destination), enclosing) if enclosing else "",
        filters=not order.dry_run,
    )  # fmt: skip
    lock = lock_of(stored, own, object_format)
    return CreatePlan(
        destination=destination,
        release=found,
        pristine=pristine,
        lock=lock,
        tree={**pristine.tree, LOCK: File(lock.dump())},
        derived=own.derived if form.derives else {},
        trust=order.trust,
        rules=own,
        folders=tuple(folders),
        told=told,
        tasks=tuple(tasks),
        enclosing=enclosing.top if enclosing else None,
        object_format=object_format,
        notes=tuple(notes),
    )


def create(planned: CreatePlan, *, tell: Tell | None = None) -> Created:
    """Write the planned service. Nothing of it remains when that fails. `tell` hears what its tasks say."""
    destination = planned.destination
    with place.beside(destination) as made:
        for folder in planned.folders:
            (made / folder).mkdir(parents=True, exist_ok=True)
        if planned.tasks:
            trees.write_folder(planned.pristine.tree, made)
            with place.put_before(made, destination):
                planned = _after_tasks(planned, tell)
                created = _finish(planned, destination)
        else:
            trees.write_folder(planned.tree, made)
            created = _finish(planned, made)
            place.put(made, destination)
    if planned.enclosing is None:
        return created
    # Only in its place is it known what the repository ignores of it.
    return replace(created, notes=(*created.notes, *_set_ignored_apart(planned, destination)))


def _finish(planned: CreatePlan, place: Path) -> Created:
    """Make what commands make, and the first commit of a repository of its own."""
    derived, missing = derive.regenerate(planned.derived, place, trust=planned.trust)
    commit = None
    notes: list[str] = []
    if planned.enclosing is None:
        if not (place / ".git").exists():
            git.start_repository(place, role=git.PERSON)
        notes += _set_ignored_apart(planned, place)
        version = planned.release.version
        message = f"Stamp {planned.destination.name} from {planned.release.template.name} {version}"
        commit, said = _commit(place, message, planned.records)
        notes += said
    return Created(plan=planned, commit=commit, derived=tuple(derived), notes=(*planned.notes, *notes, *missing))


def _commit(place: Path, message: str, records: frozenset[str]) -> tuple[str, list[str]]:
    """The first commit, signed if git is set up to sign. One that git cannot sign is made unsigned: nothing is lost."""
    who = git.committing(place)
    notes = [who.note] if who.note else []
    try:
        return git.commit_everything(place, message, forced=records, who=who, signed=True), notes
    except GitError as error:
        commit = git.commit_everything(place, message, forced=records, who=who)
        why = error.cause.strip().partition("\n")[0].removeprefix("error: ")
        return commit, [
            *notes,
            f"the commit is not signed ({why}); to sign it: git commit --amend --no-edit --gpg-sign",
        ]


def _after_tasks(planned: CreatePlan, tell: Tell | None) -> CreatePlan:
    """Run the tasks in the destination. Pristine is what they leave of it; what git ignores is not."""
    destination, enclosing = planned.destination, planned.enclosing
    with tempfile.TemporaryDirectory(prefix="paved-template-") as folder:
        told = replace(planned.told, source=commands.source_below(Path(folder)))
        tasks = told.tasks()
        commands.bring(told.template.files, told.source, tasks)
        hint = "nothing was written; what the tasks before it did elsewhere is not undone"
        commands.run(tasks, destination, kind="task", hint=hint, tell=tell)
    own = os.path.lexists(destination / ".git")
    if not own and enclosing is None:
        git.start_repository(destination, role=git.PERSON)
    notes = planned.notes
    if own and enclosing not in (None, address.resolved(destination)):
        notes += (f"a task made {destination.name} a repository of its own, inside of {enclosing}",)
    if inner := commands.repositories_in(destination):
        notes += (f"a task made {', '.join(inner)} a repository of its own: git keeps none of its files here",)
    tree = commands.kept(destination, planned.pristine.tree)
    trees.check_paths(tree)
    pristine = replace(planned.pristine, tree=tree)
    within = git.repository(destination)
    prefix = prefix_of(address.resolved(destination), within) if within else ""
    stored = as_stored(pristine, within, prefix=prefix, filters=True)
    lock = lock_of(stored, planned.rules, within.object_format if within else planned.object_format)
    trees.replace(destination / LOCK, File(lock.dump()))
    return replace(planned, pristine=pristine, lock=lock, tree={**tree, LOCK: File(lock.dump())}, notes=notes)


def _rendered_by_copier(differences: Sequence[str]) -> str:
    """The note about files that the two renderers make differently."""
    shown = ", ".join(differences[:5]) + (", ..." if len(differences) > 5 else "")
    return f"paved's fast renderer differs from Copier in {shown}, so Copier rendered the files; no action is needed"


def _check_trust(form: CompiledTemplate, order: CreateRequest, wanted: list[str]) -> None:
    """Refuse what wants to run without trust. What runs for sure is refused before anything is asked."""
    if wanted and not form.trust and not order.dry_run:
        raise untrusted(form.release, wanted)


def _set_ignored_apart(planned: CreatePlan, service: Path) -> list[str]:
    """Set the files that git ignores apart in the lock of a service that was just written; what to say about them."""
    ignored = git.ignored(service, planned.tree)
    files = sorted(ignored - planned.records)
    if files:
        trees.replace(service / LOCK, File(planned.lock.without(files).dump()))
    notes = []
    if files:
        shown = ", ".join(files[:5]) + (", ..." if len(files) > 5 else "")
        notes.append(f"git ignores {shown}: on this machine only, and updates leave it alone")
    if (records := sorted(ignored & planned.records)) and planned.enclosing:
        shown = " ".join(records)
        notes.append(f"git ignores {shown}, which every clone needs: git add --force {shown}")
    return notes


def _check_destination(destination: Path, *, dry_run: bool) -> None:
    """The destination is absent, empty, or holds nothing but an empty repository; its parent can be written."""
    if any(part.lower() == ".git" for part in (*destination.parts, *Path(os.path.realpath(destination)).parts)):
        raise DestinationError(
            f"{destination} is in a folder of git's own", cause=".git is git's", hint="name another destination"
        )
    if destination.is_symlink() or (destination.exists() and not destination.is_dir()):
        raise DestinationError(f"{destination} exists and is not a folder", hint="name another destination")
    if destination.is_dir() and (inside := sorted(path.name for path in destination.iterdir() if path.name != ".git")):
        place.refuse_half(destination, dry_run=dry_run)
        stamped = LOCK in inside or ".copier-answers.yml" in inside
        elsewhere = f"paved adopt {quoted(destination)} puts what is there on the road; or name another destination"
        shown = ", ".join(inside[:3]) + (", ..." if len(inside) > 3 else "")
        raise DestinationError(
            f"{destination} is not empty",
            cause=f"it holds {shown}",
            hint=f"paved update {quoted(destination)}" if stamped else elsewhere,
        )
    parent = next(folder for folder in (destination, *destination.parents) if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise DestinationError(
            f"cannot write to {destination}",
            cause=f"{parent} is not a folder you can write to",
            hint="name another destination",
        )


def _around(destination: Path) -> Path | None:
    """The service that the destination is inside of."""
    parent = whereabouts.service_at(next(folder for folder in destination.parents if folder.is_dir()))
    return parent if whereabouts.is_service(parent) else None


def _enclosing(destination: Path) -> git.Repository | None:
    """The repository the service becomes a part of; one that ignores the destination does not count."""
    found = git.repository_around(destination)
    if found is None or (found.top != address.resolved(destination) and git.is_ignored(destination)):
        return None
    return found
