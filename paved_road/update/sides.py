"""The three sides of the merge: which file of each belongs to which, and which files are no part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paved_road.git.entries import Files, TreeEntry
from paved_road.road.owners import Owner
from paved_road.service.owners import owner_of
from paved_road.update import changed_answers, disk, ignored, renames
from paved_road.update import moves as aligning
from paved_road.update.merge import attributes
from paved_road.update.merge.trees import Sides
from paved_road.update.moves import Moves

if TYPE_CHECKING:
    from paved_road.service.model import Service
    from paved_road.update.changed_answers import Answered
    from paved_road.update.inputs import Inputs
    from paved_road.update.model import Context
    from paved_road.update.start import Start
    from paved_road.update.target import New


@dataclass(frozen=True, kw_only=True, slots=True)
class Aligned:
    """The sides of the merge, and what stays out of it."""

    sides: Sides
    kept: Mapping[str, str]
    """Files that stay as the service has them because of their owner, and why."""
    left_out: Mapping[str, TreeEntry | None]
    """Files that git ignores so far: they are no part of the merge. The road's version of those that it may add."""
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Paths:
    """The three versions with every file at the path that it has in the new release."""

    base: Files
    ours: Files
    theirs: Files
    held: Files
    """The service's own files that git would take for a renamed one, and that the history knows better."""
    renamed: Moves
    """Files that git will take for renamed by the service."""
    own_moves: Moves
    """The service's own files that move with their folder."""
    answered: Mapping[str, Answered]
    """Files that the service owns and that changed answers concern."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Versions:
    """The base and the road's version of one file, as they go into the merge."""

    base: TreeEntry | None
    theirs: TreeEntry | None
    kept: str = ""
    """Why the file stays as the service has it, where the road has another version."""
    is_left_out: bool = False
    to_add: TreeEntry | None = None
    """The road's version of a file that is left out, if the update may add it after all."""


def align(context: Context, start: Start, new: New, inputs: Inputs) -> Aligned:
    """Put every file at its new path and give each owner's files to the side that decides them."""
    service, scratch, dry_run = start.service, context.scratch, context.request.dry_run
    paths = _paths(context, start, inputs)
    by_git = _ignored_paths(context, start, inputs, paths)
    owner = owner_of(new.manifest, inputs.pristine.seeded)
    versions = {}
    for path in dict.fromkeys([*paths.base, *paths.theirs]):
        role = Owner.SERVICE if inputs.pristine.left_alone(path) else owner(path)
        if path in by_git:
            versions[path] = _ignored(service, path, paths, role, inputs.base.ignored.get(path))
        else:
            versions[path] = _by_owner(service, path, paths, role)
    base = {path: version.base for path, version in versions.items() if version.base}
    theirs = {path: version.theirs for path, version in versions.items() if version.theirs}
    contested = [path for path in {*paths.ours, *theirs} if paths.ours.get(path) != theirs.get(path)]
    sides = Sides(
        base=start.head.holding(base),
        ours=paths.ours,
        theirs=theirs,
        labels=_labels(service, new, inputs),
        held=paths.held,
        renamed=paths.renamed,
        attributes=attributes.read_merge_attributes(service, scratch, paths.ours, contested, dry_run=dry_run),
    )
    moved = (f"{before} moved to {after} with its folder" for before, after in paths.own_moves.items())
    return Aligned(
        sides=sides,
        kept={path: version.kept for path, version in versions.items() if version.kept},
        left_out={path: version.to_add for path, version in versions.items() if version.is_left_out},
        notes=(*moved, *sides.attributes.notes),
    )


def _paths(context: Context, start: Start, inputs: Inputs) -> _Paths:
    """Put the files of the three versions at the paths that they have in the new release."""
    base, theirs, records = inputs.base.files, inputs.theirs, _records(start.service, inputs)
    present = {path: entry for path, entry in inputs.ours.items() if path not in records}
    known = {old: new for old, new in inputs.moves.items() if old in base}
    fitting = aligning.fitting(known, set(present))
    detected = renames.detect_renames(start.service, context.scratch, base, present, theirs, fitting)
    both = detected.renamed.keys() - inputs.effect.files.keys()
    moves = {old: new for old, new in fitting.items() if old not in both}  # both sides moved the others: a conflict
    ours = {path: entry for path, entry in present.items() if path not in detected.unrelated}
    with_folder = aligning.own_files(aligning.folders(moves, theirs), [path for path in ours if path not in base])
    own_moves = {old: new for old, new in with_folder.items() if new not in ours and new not in theirs}
    moved = {**own_moves, **moves}
    ours_moved = {moved.get(path, path): entry for path, entry in ours.items()}
    renamed = {moved.get(old, old): moved.get(new, new) for old, new in detected.renamed.items()}
    return _Paths(
        base={moves.get(path, path): entry for path, entry in base.items()},
        ours=ours_moved,
        theirs=theirs,
        held={path: present[path] for path in detected.unrelated},
        renamed=renamed,
        own_moves=own_moves,
        answered=inputs.effect.on(moves, {*ours_moved, *renamed}),
    )


def _records(service: Service, inputs: Inputs) -> set[str]:
    """The files that paved writes itself: the lock, and the answers file where it was and where it goes."""
    return {service.lock_file, service.answers_file, inputs.lock.answers_file}


def _ignored_paths(context: Context, start: Start, inputs: Inputs, paths: _Paths) -> set[str]:
    """The files that git ignores, or will with the rules that come with the new release."""
    unknown = [path for path in {*paths.base, *paths.theirs} if path not in paths.ours]
    by_git = ignored.find_ignored(start.service, context.scratch, paths.ours, unknown, known=inputs.base.ignored)
    new = [path for path in unknown if path not in paths.base]
    return by_git | ignored.find_ignored_by_new_rules(context.scratch, paths.base, paths.theirs, new)


def _ignored(service: Service, path: str, paths: _Paths, role: Owner, before: TreeEntry | None) -> _Versions:
    """A file that git ignores: it is no part of the merge. `before` is the ignored file of the old release."""
    base, theirs = paths.base.get(path, before), paths.theirs.get(path)
    seeded = role is Owner.SERVICE and disk.file_at(service.path, path)
    return _Versions(
        base=None,
        theirs=None,
        kept="git ignores it: the road's version was not written" if theirs and base != theirs else "",
        is_left_out=True,
        to_add=None if seeded or role is Owner.DERIVED else theirs,
    )


def _by_owner(service: Service, path: str, paths: _Paths, role: Owner) -> _Versions:
    """A file as its owner has it merged: derived files and the service's own are the same on both sides."""
    base, theirs, ours = paths.base.get(path), paths.theirs.get(path), paths.ours.get(path)
    if role is Owner.SERVICE and not (base or ours) and disk.file_at(service.path, path):
        return _Versions(base=None, theirs=None, kept="service-owned; the file that is there is not tracked")
    if role is Owner.DERIVED or (role is Owner.SERVICE and (base or ours)):
        passed_over = changed_answers.is_passed_over(path, paths.answered, paths.base, paths.theirs)
        before, after = paths.answered.get(path, (ours, ours))
        return _Versions(
            base=before, theirs=after, kept="service-owned" if role is Owner.SERVICE and passed_over else ""
        )
    return _Versions(base=base, theirs=theirs)


def _labels(service: Service, new: New, inputs: Inputs) -> tuple[str, str, str]:
    """Distinct labels of base, ours and theirs for conflict markers."""
    template = new.release.template.name
    base, ours, theirs = f"{template}-{inputs.base.version}", service.path.name, f"{template}-{new.release.version}"
    distinct = f"{base}-before" if base == theirs else base
    return distinct, f"your-{ours}" if ours in (distinct, theirs) else ours, theirs
