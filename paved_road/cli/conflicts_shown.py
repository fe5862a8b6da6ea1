"""What a person reads about the conflicts of an update: why each is one, and commands that work as they are printed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from paved_road import ui
from paved_road.cli import where
from paved_road.settings.whereabouts import git_in
from paved_road.text.counts import counted
from paved_road.ui import Paint
from paved_road.update.decisions import ConflictKind

if TYPE_CHECKING:
    from paved_road.service.model import Service
    from paved_road.update.branches.resolve import ResolvedBranches
    from paved_road.update.decisions import Decision

_INDENT = "    "


def show(service: Service, left: Iterable[Decision], *, begun: bool) -> None:
    """The conflicts that are left. `begun`: a person has worked on them, and said that they are decided."""
    conflicts = list(left)
    decide = "Decide it" if len(conflicts) == 1 else "Decide each of them"
    ui.data()
    ui.data(f"{counted(len(conflicts), 'conflict')} left. {'Not decided yet:' if begun else f'{decide}, then add it:'}")
    for one in conflicts:
        ui.data()
        for line in _places(one):
            ui.spans((_INDENT, Paint.NONE), (line, Paint.ERROR))
        ui.data(f"{_INDENT}  {_state(one) if begun else one.why}")
        for line in commands(one, service):
            ui.data(f"{_INDENT}  {line}")
    ui.data()
    ui.data(f"{_added(len(conflicts))}: {update('--continue')}")
    ui.data(f"To undo the update instead: {update('--abort')}")


def show_reconciled(service: Service, found: ResolvedBranches) -> None:
    """What became of the records of two branches, and how to go on."""
    what = "both branches are at" if found.older == found.newer else f"the newer of {found.older} and {found.newer}:"
    ui.good(f"{' and '.join(found.records)}: resolved ({what} {found.newer})")
    if found.merged:
        ui.good(f"{', '.join(found.merged)}: merged, as two updates to {found.newer}")
        for path, command in found.derived.items():
            ui.note(f"{path} is as the branch at {found.newer} has it; make it again with: {command}")
        ui.note(f"what git had made of them is kept: git show {found.kept[:12]}")
    if found.left:
        files = "this file yet. Edit it" if len(found.left) == 1 else "these files yet. Edit each of them"
        ui.data(f"Git has not merged {files}, then add it:")
    for one in found.left:
        for line in commands(one, service):
            ui.data(f"{_INDENT}{line}")
    ui.data(f"{_added(len(found.left)) if found.left else 'Next'}: {found.ends}")
    ui.data(f"Then: paved update{where.argument()}   (applies what the branches answered differently)")


def _added(number: int) -> str:
    return "When it is added" if number == 1 else "When all of them are added"


def _places(one: Decision) -> Iterator[str]:
    """The file, and the lines in which markers are left, as editors and terminals open them."""
    path = where.from_service(one.path)
    if not one.markers:
        yield path
    for first, last in one.markers:
        yield f"{path}:{first}-{last}" if last != first else f"{path}:{first}"


def _state(one: Decision) -> str:
    if one.markers:
        return "conflict markers are left on these lines"
    return "it is not added"


# -- commands --------------------------------------------------------------------------------------------------------


def commands(one: Decision, service: Service) -> Iterator[str]:
    """What to type, each with what it does where there is a choice."""
    git, path = _git(service), _path(service, one.path)
    match one.kind:
        case ConflictKind.BINARY:
            yield f"{git} add {path}   (keeps the service's file)"
            yield f"{git} checkout --theirs {path} && {git} add {path}   (takes the release's file)"
        case ConflictKind.MODIFY_DELETE | ConflictKind.RENAME_DELETE:
            yield f"{git} add {path}   (keeps the file)"
            yield f"{git} rm {path}   (deletes it)"
        case ConflictKind.RENAME_RENAME if one.ours is None and one.theirs is None:
            yield f"{git} rm {path}"
        case ConflictKind.RENAME_RENAME:
            yield f"{git} add {path}   (keeps the file under this name)"
            yield f"{git} rm --force {path}   (deletes it)"
        case _:
            yield f"{git} add {path}"


def update(option: str) -> str:
    """`paved update` with an option, for this service."""
    return f"paved update{where.argument()} {option}"


def _git(service: Service) -> str:
    inside = where.person().is_relative_to(service.top)
    return "git" if inside else git_in(where.shown(service.top))


def _path(service: Service, path: str) -> str:
    """A file of the service's as a pathspec of git's."""
    inside = where.person().is_relative_to(service.top)
    plain = where.from_service(path) if inside else service.prefix + path
    return shlex.quote(f"./{plain}" if plain.startswith((":", "-")) else plain)
