"""The service as an update finds it: what is committed, the release that it comes from, and its deviations."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paved_road.errors import ServiceError, UsageError
from paved_road.git import Scratch
from paved_road.git.entries import Files, Snapshot, TreeId
from paved_road.render import Pristine
from paved_road.render.rendition import Rendition
from paved_road.service import origin
from paved_road.service.lock import Locked
from paved_road.service.model import Service
from paved_road.settings.whereabouts import git_in
from paved_road.update import deviations, disk
from paved_road.update.deviations import DeviationsInForce

if TYPE_CHECKING:
    from paved_road.update.model import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """A service before its update."""

    service: Service
    """With the release that its files are of, where its records contradict each other."""
    head: Snapshot
    """The service as it is committed; paths are below its folder."""
    old: Rendition | None
    """The old release with the recorded answers; None when it is gone, or is not to be used."""
    deviations: DeviationsInForce


def find_start(context: Context, service: Service) -> Start:
    """Read the committed state of a service. Raises `ServiceError` or `UsageError` if it is not committed."""
    head = _committed(service, context.scratch)
    _refuse_uncommitted_records(service, head)
    placed, old = _with_release(context, service, head)
    return Start(
        service=placed, head=head, old=None if context.request.no_base else old,
        deviations=deviations.find_in_force(service.lock, head, context.scratch.read, today=context.request.today),
    )  # fmt: skip


def render_old(context: Context, service: Service, old: Rendition | None) -> Pristine | None:
    """The old release rendered for the recorded answers and the given secret ones; None when it is gone."""
    if old is None:
        return None
    secret = {name: value for name, value in context.request.answers.items() if name in old.template.config.secret}
    return (old.answered(service.answers, defaults=secret) if secret else old).if_renderable()


def locked_entries(files: Mapping[str, Locked]) -> Files:
    """The files of a lock as tree entries."""
    return {path: locked.entry for path, locked in files.items()}


def entries(pristine: Pristine, service: Service) -> Files:
    """The pristine files as tree entries that carry their content; the answers file is kept by paved itself."""
    object_format = service.repository.object_format
    return {path: file.entry(object_format) for path, file in pristine.tree.items() if path != pristine.answers_file}


def _committed(service: Service, scratch: Scratch) -> Snapshot:
    """The service as it is committed."""
    name = f"{service.repository.head}:{service.prefix.rstrip('/')}"
    (tree,) = scratch.objects.ids([name])
    if tree is None:
        raise ServiceError(f"{service.path} is not committed", hint="git add -A && git commit")
    return scratch.snapshot(TreeId(tree))


def _refuse_uncommitted_records(service: Service, head: Files) -> None:
    """Refuse a lock or an answers file that is not committed: git must be able to bring both back."""
    names = [service.answers_file, *([service.lock_file] if service.lock else [])]
    if missing := [name for name in names if name not in head and disk.file_at(service.path, name)]:
        raise UsageError(
            f"not committed: {', '.join(missing)}",
            cause="git ignores it, or it was not added: another clone of the service would not have it",
            hint=f"{git_in(service.path)} add --force {shlex.join(missing)}, then git commit",
        )


def _with_release(context: Context, service: Service, head: Files) -> tuple[Service, Rendition | None]:
    """The service with the release that its files are of, where the answers file and the lock name different ones.

    Usually plain Copier or Renovate updated it, and the answers file is right. After a merge of two branches, or an
    edit by hand, it may be the lock: the release counts of which the service has more files.
    """
    old = _stamped(context, service)
    if service.lock is None or service.lock_in_force is not None:
        return service, old
    again = render_old(context, service, old)
    answered = entries(again, service) if again else {}
    locked = locked_entries(service.lock.files)
    if again and _agreeing(head, answered, locked) >= _agreeing(head, locked, answered):
        return service, old
    placed = replace(service, stated=service.lock.stated)
    return placed, _stamped(context, placed)


def _agreeing(head: Files, files: Mapping[str, object], others: Mapping[str, object]) -> int:
    """How many of the committed files are as `files` has them, among those that `others` has differently."""
    return sum(head.get(path) == files.get(path) for path in {*files, *others} if files.get(path) != others.get(path))


def _stamped(context: Context, service: Service) -> Rendition | None:
    """The release that a service comes from. A dry run runs neither its tasks nor git's filters."""
    runs, config = not context.request.dry_run, context.config
    return origin.stamped_rendition(
        service, context.origin, config, trust=context.request.trust, tasks=runs, filters=runs
    )
