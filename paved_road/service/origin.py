"""Where a service comes from: its road, its template, and the release it was stamped from."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from paved_road.errors import (
    GitError,
    PavedError,
    RoadError,
    ServiceError,
    TemplateError,
    UnfetchedRoad,
    UnknownRelease,
    UnknownTemplate,
    UntrustedTemplate,
    UsageError,
)
from paved_road.git import address
from paved_road.road.model import WORKING_TREE, Release, Road, Template
from paved_road.road.opening import open_road
from paved_road.road.releases import release, tagged_release
from paved_road.road.templates import find_template, templates
from paved_road.settings.config import Config, Value
from paved_road.settings.whereabouts import git_in, quoted

if TYPE_CHECKING:
    from paved_road.render import CompiledTemplate, Pristine
    from paved_road.render.rendition import Rendition
    from paved_road.service.model import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """A service's template, on its road as it is now."""

    template: Template
    notes: tuple[str, ...] = ()


def find_origin(
    service: Service, config: Config, *, template: str | None = None, trust: bool = False, refresh: bool = True,
    fetch: bool = True,
) -> Origin:  # fmt: skip
    """The template a service comes from, on the road that it records or, if the road has moved, the one a flag names.

    `template` is the template's new name. Raises `ServiceError` if the service names no road, `UnfetchedRoad` if the
    road would have to be fetched and `fetch` is False, `UnknownTemplate` if the road no longer has the template.
    """
    placed = replace(config, road=_road(service, config))
    try:
        road = open_road(placed, trust=trust, refresh=refresh, fetch=fetch, beside=service.path)
    except UnfetchedRoad:
        raise
    except PavedError as error:
        raise type(error)(error.message, cause=error.cause, hint="when the road has moved: --road URL") from error
    known = _template(service, road, template)
    return Origin(template=known, notes=(*road.notes, *known.notes, *service.notes))


def _road(service: Service, config: Config) -> Value[str]:
    """The road to open: the one that a flag names, else the recorded one."""
    if config.road.origin == "flag":
        return replace(config.road, value=_given(config.road.value, service))
    source = service.road if service.lock else service.source[0]
    if isinstance(source, str):
        return Value(value=source, origin="service", where=service.answers_file)
    raise ServiceError(
        f"{service.answers_file} does not say which road the service comes from",
        cause="it has no _src_path",
        hint=f"paved adopt {quoted(service.path)} --road URL",
    )


def _given(road: str, service: Service) -> str:
    """A road as a flag names it. A relative path starts at the current folder, else at the service."""
    if not address.is_relative(road):
        return road
    here, there = (Path(os.path.abspath(folder / address.expanded(road))) for folder in (Path(), service.path))
    if here.exists() and there.exists() and not here.samefile(there):
        raise UsageError(
            f"--road {road} names two folders",
            cause=f"{here}, seen from the current folder, and {there}, seen from the service",
            hint=f"give the whole path: --road {there}",
        )
    return str(here if here.exists() else there)


def find_origin_to_read(service: Service, config: Config, *, refresh: bool = False, fetch: bool = False) -> Origin:
    """`find_origin` for a command that only reads: it trusts no code, and no network address that the service names.

    A road is only fetched if `fetch` is set or the person's own settings name it. `refresh` brings a copy in the cache
    up to date: the person has used that road on this machine. Raises `UnfetchedRoad` for any other road.
    """
    untrusting = replace(config, trust=replace(config.trust, value=[]))
    return find_origin(service, untrusting, refresh=refresh, fetch=fetch or is_known(service, config))


def is_known(service: Service, config: Config) -> bool:
    """Whether the person names the service's road, in a flag or their own settings, and not only the service does."""
    source = service.road if service.lock else service.source[0]
    if config.road.origin == "flag" or not isinstance(source, str):
        return True
    own = config.road.origin in ("environment", "user") and address.is_within(source, config.road.value)
    return own or config.trusts(source)


def _template(service: Service, road: Road, name: str | None) -> Template:
    """The template by its recorded name. A road with one template at its root may have been renamed."""
    if service.lock and service.lock.road == service.road:
        recorded: str | None = service.lock.template
    else:
        recorded = PurePosixPath(service.source[1]).name or None
    try:
        if name is None or name == recorded:
            return find_template(road, recorded)
        named = find_template(road, name)
        if service.lock is not None and any(template.name == recorded for template in templates(road)):
            raise _another(service, named, recorded)
        return named
    except UnknownTemplate as error:
        offered = templates(road)
        if name is None and len(offered) == 1 and not offered[0].folder:
            return offered[0]
        if name is not None or recorded is None:
            raise
        raise UnknownTemplate(
            f"{road.source} has no template {recorded!r} any more",
            cause=f"it offers {', '.join(template.name for template in offered)}",
            hint="when the template was renamed: paved update --template NAME",
        ) from error


def _another(service: Service, named: Template, recorded: str | None) -> UsageError:
    """The error for a new name of the template while the road still has the old one: it is another template."""
    return UsageError(
        f"--template {named.name} names another template than the service's",
        cause=f"{named.road.source} still has {recorded}, and an update does not replace one template by another",
        hint=f"paved update without --template; to take the other one on purpose: {_adopting_again(service)} "
        f"--template {named.name} --ref {release(named).version}",
    )


def check_moved(service: Service, origin: Origin, target: Release, paths: Collection[str]) -> None:
    """Raises `UsageError` if a flag names a road that is not where the service's road moved.

    The road has to have the release that the service comes from. If its history was lost, `target` has to render at
    least half of the files that the service was stamped with; `paths` are those that it renders.
    """
    road, lock = origin.template.road, service.lock_in_force
    if lock is None or not lock.files or road.source == service.road:
        return
    if road.is_git and lock.commit is not None and road.history.has(lock.commit):
        return
    if 2 * len(lock.files.keys() & paths) >= len(lock.files):
        return
    ref = WORKING_TREE if target.working_tree else target.version
    raise UsageError(
        f"{road.source} is not where the service's road moved",
        cause=f"it has neither the release {lock.version} of {lock.template} nor most of its files",
        hint=f"to take another template on purpose: {_adopting_again(service)}{road.option} --ref {ref}",
    )


def recorded_version(service: Service) -> str:
    """The version that the service records."""
    lock = service.lock_in_force
    return lock.version if lock else str(service.recorded.get("_commit", "unknown"))


def recorded_release(service: Service, origin: Origin) -> Release:
    """The release that a service is at. Raises `UnknownRelease` if its road no longer has it."""
    ref = service.lock_in_force.commit if service.lock_in_force else service.recorded.get("_commit")
    if ref is None and origin.template.road.is_git:
        raise UnknownRelease(f"{service.answers_file} does not say which release the service comes from")
    return release(recorded_template(service, origin), str(ref) if ref else None)


def check_not_withdrawn(service: Service, origin: Origin, latest: Release) -> None:
    """Raises `UnknownRelease` if the service's release is no longer in its road and nothing newer can replace it.

    Its commit may still be there to be fetched, but anybody could have put it there: nothing is rendered from it.
    """
    road, commit = origin.template.road, service.lock_in_force.commit if service.lock_in_force else None
    if commit is None or not road.is_git or road.history.has(commit):
        return
    elsewhere = "" if road.source == service.road else road.option
    raise UnknownRelease(
        f"the release {recorded_version(service)} that the service comes from is no longer in its road",
        cause=f"no branch or tag of {road.source} leads to the commit {commit[:12]}; the latest release is "
        f"{latest.version}, which comes before it",
        hint=f"git revert the commit of the update that brought it; or count from the latest release: "
        f"{_adopting_again(service)}{elsewhere} --ref {latest.version}",
    )


def _adopting_again(service: Service) -> str:
    """The commands that make a service count from another release or road than its lock names."""
    return f"{git_in(service.path)} rm {shlex.quote(service.lock_file)} && paved adopt {quoted(service.path)}"


def recorded_template(service: Service, origin: Origin) -> Template:
    """The template with the name and the folder that it had at the service's release."""
    lock, template = service.lock, origin.template
    if lock is None or lock.template == template.name or lock.commit is None:
        return template
    try:
        return find_template(template.road, lock.template, lock.commit)
    except PavedError:
        return template


def stamped_rendition(
    service: Service, origin: Origin, config: Config, *, trust: bool = False, tasks: bool = False,
    filters: bool = False,
) -> Rendition | None:  # fmt: skip
    """The release that a service comes from, for the recorded answers; None when the release is gone.

    No record has the answers to secret questions: their defaults stand in for them. `tasks` has the release's tasks
    for an update shape the files, as they did when the service was stamped; `filters` has git's filters run.
    """
    from paved_road.render.rendition import Rendition
    from paved_road.service.stored import as_stored

    try:
        template = _prepared(stamped_release(service, origin), config, trust=trust)
    except (RoadError, TemplateError, GitError):
        return None
    if template is None:
        return None
    return Rendition(
        template=template,
        settle=lambda: template.settle(service.path, given={}, recorded=service.answers),
        destination=service.path,
        answers_file=service.answers_file,
        tasks=tasks,
        store=lambda pristine: as_stored(pristine, service.repository, prefix=service.prefix, filters=filters),
    )


def render_stamped(service: Service, origin: Origin, config: Config) -> Pristine | None:
    """The pristine files of a service, rendered without running any code; None when its release is gone."""
    rendition = stamped_rendition(service, origin, config)
    return rendition.if_renderable() if rendition else None


def stamped_release(service: Service, origin: Origin) -> Release:
    """`recorded_release` as the lock knows it, without a git process. Raises `UnknownRelease` if it is gone."""
    lock, template = service.lock_in_force, recorded_template(service, origin)
    if lock is None or lock.commit is None or template.road.signed_by:
        return recorded_release(service, origin)
    if template.road.is_git and not template.road.history.has(lock.commit):  # it may be anybody's: none of it runs
        raise UnknownRelease(f"{lock.version} is no longer in {template.road.source}")
    tagged = tagged_release(template, lock.commit)
    return Release(
        template=template,
        version=lock.version,
        commit=lock.commit,
        described=service.stated.commit,
        tag=tagged.tag if tagged else None,
    )


def _prepared(stamped: Release, config: Config, *, trust: bool) -> CompiledTemplate | None:
    """A recorded release, compiled. Without the demanded signature it gets no trust; None if it needs that."""
    from paved_road.render import prepare
    from paved_road.road.signatures import is_signed

    if is_signed(stamped):
        return prepare(stamped, cache=config.cache_dir, trust=trust, limits=config.limits.value)
    template = replace(stamped.template, road=replace(stamped.template.road, trusted=False))
    try:
        return prepare(replace(stamped, template=template), cache=config.cache_dir, limits=config.limits.value)
    except UntrustedTemplate:
        return None
