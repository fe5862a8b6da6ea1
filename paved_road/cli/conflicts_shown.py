"""What a person reads about the conflicts of an update: the reason for each, and commands to type as printed."""

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


def show(service: Service, left: Iterable[Decision], *, is_continued: bool) -> None:
    """Show the conflicts that are left; `is_continued` if `--continue` found them unresolved."""
    conflicts = list(left)
    what = "Resolve it, then add it:" if len(conflicts) == 1 else "Resolve each file, then add it:"
    ui.data()
    ui.data(f"{counted(len(conflicts), 'conflict')} left. {'Not resolved yet:' if is_continued else what}")
    for conflict in conflicts:
        ui.data()
        for line in _places(conflict):
            ui.spans((_INDENT, Paint.NONE), (line, Paint.ERROR))
        ui.data(f"{_INDENT}  {_state(conflict) if is_continued else conflict.why}")
        for line in commands(conflict, service):
            ui.data(f"{_INDENT}  {line}")
    ui.data()
    ui.data(f"{_added(len(conflicts))}: {update('--continue')}")
    ui.data(f"To undo the update instead: {update('--abort')}")


def show_resolved_branches(service: Service, resolved: ResolvedBranches) -> None:
    """Show what was resolved of two updated branches, and how to go on."""
    older, newer = resolved.older, resolved.newer
    what = "both branches are at" if older == newer else f"the newer of {older} and {newer}:"
    ui.good(f"{' and '.join(resolved.records)}: resolved ({what} {newer})")
    if resolved.merged:
        ui.good(f"{', '.join(resolved.merged)}: merged, as two updates to {newer}")
        for path, command in resolved.derived.items():
            ui.note(f"{path} is taken from the branch at {newer}; make it again with: {command}")
        ui.note(f"git's own merge of them is kept as a commit: git show {resolved.kept[:12]}")
    if resolved.left:
        files = "this file yet. Edit it" if len(resolved.left) == 1 else "these files yet. Edit each of them"
        ui.data(f"Git has not merged {files}, then add it:")
    for conflict in resolved.left:
        for line in commands(conflict, service):
            ui.data(f"{_INDENT}{line}")
    ui.data(f"{_added(len(resolved.left)) if resolved.left else 'Next'}: {resolved.ends}")
    ui.data(f"Then: paved update{where.argument()}   (applies what the branches answered differently)")


def _added(number: int) -> str:
    return "After adding it" if number == 1 else "After adding all of them"


def _places(conflict: Decision) -> Iterator[str]:
    """The file, with the lines that still have markers, in the form that editors and terminals open."""
    path = where.from_service(conflict.path)
    if not conflict.markers:
        yield path
    for first, last in conflict.markers:
        yield f"{path}:{first}-{last}" if last != first else f"{path}:{first}"


def _state(conflict: Decision) -> str:
    if conflict.markers:
        return "conflict markers are left on these lines"
    return "not added yet"


# -- commands --------------------------------------------------------------------------------------------------------


def commands(conflict: Decision, service: Service) -> Iterator[str]:
    """The commands to type; each says what it does if there is a choice."""
    git, path = _git(service), _path(service, conflict.path)
    match conflict.kind:
        case ConflictKind.BINARY:
            yield f"{git} add {path}   (keeps the service's file)"
            yield f"{git} checkout --theirs {path} && {git} add {path}   (takes the release's file)"
        case ConflictKind.MODIFY_DELETE | ConflictKind.RENAME_DELETE:
            yield f"{git} add {path}   (keeps the file)"
            yield f"{git} rm {path}   (deletes it)"
        case ConflictKind.RENAME_RENAME if conflict.ours is None and conflict.theirs is None:
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
    """A file of the service as a git pathspec."""
    inside = where.person().is_relative_to(service.top)
    plain = where.from_service(path) if inside else service.prefix + path
    return shlex.quote(f"./{plain}" if plain.startswith((":", "-")) else plain)
