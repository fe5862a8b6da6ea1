"""The merge base: what the release that a service comes from rendered for it.

The lock names every pristine file by its blob, and the service's own repository has most blobs. The other files are
rendered again. A file whose blob is then as the lock says is known again. A file that comes out differently, because it
contains a date or the release renders differently by now, has no base: both sides agree, or there is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from paved_road.errors import ServiceError
from paved_road.git import Scratch
from paved_road.git.entries import Files
from paved_road.render import Pristine
from paved_road.service import origin
from paved_road.update import ignored, secrets
from paved_road.update.start import Start, entries, locked_entries, render_old

if TYPE_CHECKING:
    from paved_road.update.model import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """The release a service comes from: its pristine files and its version."""

    files: Files = field(default_factory=dict)
    version: str
    commit: str | None = None
    """The commit of its road that the release is."""
    ignored: Files = field(default_factory=dict)
    """Pristine files that git ignores in the service."""
    unsure: frozenset[str] = frozenset()
    """Files that were rendered again and that the lock does not confirm, and files without a base."""


def find_base(context: Context, start: Start) -> Base:
    """The merge base of a service. Raises `ServiceError` if the old release's files are lost."""
    service = start.service
    lock, version = service.lock_in_force, origin.recorded_version(service)
    commit = lock.commit if lock else None
    if context.request.no_base:
        return Base(version=version, commit=commit)
    if lock is None:
        again = _rendered(context, start, version)
        files = entries(again, service)
        return Base(files=files, version=again.release.version, commit=again.release.commit, unsure=frozenset(files))
    known = locked_entries(lock.files)
    lost = _not_stored(known, start.head, context.scratch)
    by_git = ignored.find_ignored(service, context.scratch, start.head, sorted(lost - start.head.keys()))
    base = Base(
        files={path: entry for path, entry in known.items() if path not in lost},
        version=version,
        commit=commit,
        ignored={**locked_entries(lock.ignored), **{path: known[path] for path in by_git}},
    )
    wanted = {path: known[path] for path in lost - by_git}
    return _without_missing(_with_rendered(context, start, base, wanted) if wanted else base, start)


def notes(base: Base) -> Iterator[str]:
    """Notes for a person about the base."""
    if unknown := sorted(base.unsure - base.files.keys()):
        shown = ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else "")
        yield f"{base.version} no longer renders {shown} as it did, and git has no copy: merged without a base"


def _not_stored(files: Files, head: Files, scratch: Scratch) -> set[str]:
    """The files whose content the service's repository does not have. It has that of every file of its last commit."""
    wanted = {entry.blob for entry in files.values()} - {entry.blob for entry in head.values()}
    lost = wanted - scratch.objects.existing(wanted)
    return {path for path, entry in files.items() if entry.blob in lost}


def _with_rendered(context: Context, start: Start, base: Base, lost: Files) -> Base:
    """The base with those of the lost files that its release still renders as they are locked."""
    rendered = entries(_rendered(context, start, base.version), start.service)
    same = {path: rendered[path] for path, entry in lost.items() if rendered.get(path) == entry}
    unknown = sorted(lost.keys() - same.keys())
    secret = start.old.template.config.secret - context.request.answers.keys() if start.old else ()
    if unknown and secret:
        raise ServiceError(
            f"the release {base.version} no longer renders what the service was stamped with",
            cause=f"it differs in {', '.join(unknown[:5])}",
            hint=f"its secret answers are not recorded; give them: {secrets.flags(secret)}",
        )
    return replace(base, files={**base.files, **same}, unsure=frozenset(unknown))


def _rendered(context: Context, start: Start, version: str) -> Pristine:
    """The old release rendered again; `ServiceError` when it is gone."""
    pristine = render_old(context, start.service, start.old)
    if pristine is None:
        raise ServiceError(
            f"the release {version} that the service comes from is gone",
            cause="neither the service's history nor the road has its files",
            hint="paved update --no-base merges without it: every difference becomes a conflict",
        )
    return pristine


def _without_missing(base: Base, start: Start) -> Base:
    """The base without the files that an adopted repository never had, so that they are added.

    Those that a deviation covers stay away, as what a team deleted does.
    """
    missing = start.service.lock_in_force.missing if start.service.lock_in_force else frozenset()
    added = missing - start.deviations.files.keys()
    return replace(base, files={path: entry for path, entry in base.files.items() if path not in added})
