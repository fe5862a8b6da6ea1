"""The merge base: what the release that a service comes from rendered for it.

The lock names every pristine file by its blob, and the service's own repository has most of them. The others are
rendered again: a file that comes out as it is locked is known again. One that does not (it has a date in it, or its
blob was never stored and its release renders otherwise by now) has no base: the same content on both sides, or a
conflict.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.errors import AnswerError, ServiceError, TemplateError
from paved_road.git import Scratch
from paved_road.git.entries import Files
from paved_road.render import CompiledTemplate, Pristine, sources
from paved_road.service import origin
from paved_road.service.lock import Locked
from paved_road.service.model import Service
from paved_road.update import ignored, secrets

if TYPE_CHECKING:
    from paved_road.render.context import SettledAnswers
    from paved_road.service.origin import Origin
    from paved_road.settings.config import Config
    from paved_road.update.moves import Moves
    from paved_road.update.plan import UpdateRequest


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
    """Files that were rendered again and that nothing vouches for, and those that have no base for it."""


def find(service: Service, found: Origin, config: Config, order: UpdateRequest, head: Files, scratch: Scratch) -> Base:
    """The merge base of a service with the committed files `head`."""
    lock, version = service.lock_in_force, origin.recorded_version(service)
    commit = lock.commit if lock else None
    if order.no_base:
        return Base(version=version, commit=commit)
    if lock is None:
        again = _again(service, found, config, order, order.answers)
        if again is None:
            raise _gone(version)
        files = leaves(again, service)
        return Base(files=files, version=again.release.version, commit=again.release.commit, unsure=frozenset(files))
    known, apart = _locked(lock.files), _locked(lock.ignored)
    lost = _not_stored(known, head, scratch)
    by_git = ignored.of(service, scratch, head, sorted(lost - head.keys()))
    base = Base(
        files={path: leaf for path, leaf in known.items() if path not in lost},
        version=version, commit=commit, ignored={**apart, **{path: known[path] for path in by_git}},
    )  # fmt: skip
    if lost := lost - by_git:
        base = _rendered_again(base, {path: known[path] for path in lost}, service, found, config, order)
    return base


def _locked(files: Mapping[str, Locked]) -> Files:
    return {path: locked.entry for path, locked in files.items()}


def as_it_is(service: Service, found: Origin, config: Config, order: UpdateRequest, head: Files) -> Service:
    """The service with the release that its files are of, where the answers file and the lock say different ones.

    Usually plain Copier or Renovate updated it, and the answers file is right. After a merge of two branches, or an
    edit by hand, it may be the lock: that release counts of which the service has more files.
    """
    if service.lock is None or service.lock_in_force is not None:
        return service
    again = _again(service, found, config, order, order.answers)
    answered, locked = leaves(again, service) if again else {}, _locked(service.lock.files)
    differing = [path for path in {*answered, *locked} if answered.get(path) != locked.get(path)]
    agreeing = [sum(head.get(path) == files.get(path) for path in differing) for files in (answered, locked)]
    if again and agreeing[0] >= agreeing[1]:
        return service
    return replace(service, stated=service.lock.stated)


def _not_stored(files: Files, head: Files, scratch: Scratch) -> set[str]:
    """The files whose content the service's repository does not have; that of its last commit it surely has."""
    wanted = {leaf.blob for leaf in files.values()} - {leaf.blob for leaf in head.values()}
    lost = wanted - scratch.objects.existing(wanted)
    return {path for path, leaf in files.items() if leaf.blob in lost}


def _rendered_again(
    base: Base, lost: Files, service: Service, found: Origin, config: Config, order: UpdateRequest
) -> Base:
    """The base with those of the lost files that its release still renders as they are locked."""
    again = _again(service, found, config, order, order.answers)
    if again is None:
        raise _gone(base.version)
    rendered = leaves(again, service)
    same = {path: rendered[path] for path, leaf in lost.items() if path in rendered and rendered[path] == leaf}
    unknown = sorted(lost.keys() - same.keys())
    if not unknown:
        return replace(base, files={**base.files, **same})
    before = origin.layout(service, found, config, trust=order.trust)
    if before and (secret := before.config.secret - order.answers.keys()):
        raise ServiceError(
            f"the release {base.version} no longer renders what the service was stamped with",
            cause=f"it differs in {', '.join(unknown[:5])}",
            hint=f"its secret answers are in no record, give them: {secrets.flags(secret)}",
        )
    return replace(base, files={**base.files, **same}, unsure=frozenset(unknown))


def notes(base: Base) -> Iterator[str]:
    """What a person should know of the base."""
    if unknown := sorted(base.unsure - base.files.keys()):
        shown = ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else "")
        yield f"{base.version} no longer renders {shown} as it did, and git has no copy: merged without a base"


def _again(
    service: Service, found: Origin, config: Config, order: UpdateRequest, secret: Mapping[str, object]
) -> Pristine | None:
    """The release rendered again; its tasks shape it, unless this is a dry run."""
    runs = not order.dry_run
    return origin.pristine(service, found, config, trust=order.trust, secret=secret, tasks=runs, filters=runs)


def _gone(version: str) -> ServiceError:
    return ServiceError(
        f"the release {version} that the service comes from is gone",
        cause="neither the service's history nor the road has its files",
        hint="paved update --no-base merges without it: every difference becomes a conflict",
    )


def with_stand_ins(
    service: Service, found: Origin, config: Config, order: UpdateRequest, base: Base, values: Mapping[str, object]
) -> Files | None:
    """The base with these instead of its secret answers; None when it is not known which release that was."""
    lock = service.lock_in_force
    if lock is not None and lock.commit is None:
        return None
    again = _again(service, found, config, order, values)
    lacking = {*lock.files, *lock.ignored} - base.files.keys() if lock else ()
    return {path: leaf for path, leaf in leaves(again, service).items() if path not in lacking} if again else None


def leaves(pristine: Pristine, service: Service) -> Files:
    """The pristine files as leaves that carry their content; the answers file is kept by paved itself."""
    object_format = service.repository.object_format
    return {path: file.entry(object_format) for path, file in pristine.tree.items() if path != pristine.answers_file}


def without_missing(base: Base, service: Service, excused: Container[str]) -> Base:
    """The base without the files that an adopted repository never had, so that they are added.

    Those that a deviation excuses stay away, as what a team deleted does.
    """
    missing = service.lock_in_force.missing if service.lock_in_force else frozenset()
    kept = {path: leaf for path, leaf in base.files.items() if path not in missing or path in excused}
    return replace(base, files=kept) if len(kept) < len(base.files) else base


# -- files that come out differently every time ------------------------------------------------------------------------


def steady(
    base: Base, service: Service, before: CompiledTemplate | None, form: CompiledTemplate, book: SettledAnswers,
    pristine: Pristine, moves: Moves,
) -> Base:  # fmt: skip
    """The base in which a file that only seems to change has not changed.

    A file with a date in it is rendered differently every time. Where its source in the template and its answers are
    as they were, the road has changed nothing, whatever the two renderings say: the service's own file stays.
    """
    if before is None or not base.unsure:
        return base
    theirs = leaves(pristine, service)
    differing = [path for path in base.unsure if theirs.get(moves.get(path, path)) not in (None, base.files.get(path))]
    if not differing or not _same_questions(before, form, service, pristine):
        return base
    unedited = service.lock_in_force is None or not _answers_edited_since_lock(service)
    try:
        old = sources(before, before.settle(service.path, given={}, recorded=service.answers), service.path)
        new = sources(form, book, service.path)
    except (AnswerError, TemplateError):
        return base
    files = dict(base.files)
    for path in differing:
        target = moves.get(path, path)
        if _is_same(before, old.get(path), form, new.get(target), same_answers=unedited):
            files[path] = theirs[target]
    return replace(base, files=files)


def _same_questions(before: CompiledTemplate, form: CompiledTemplate, service: Service, pristine: Pristine) -> bool:
    """Whether every question of the old release is as it was, and its answer, too."""
    old, new = before.config, form.config
    return (
        not old.settings.get("jinja_extensions")
        and not new.settings.get("jinja_extensions")
        and old.environment_options == new.environment_options
        and all(new.questions.get(name) == question for name, question in old.questions.items())
        and all(service.answers.get(name) == pristine.answers.get(name) for name in old.questions)
    )


def _answers_edited_since_lock(service: Service) -> bool:
    """Whether the answers were committed again after the lock was."""
    both = [service.prefix + name for name in (service.lock_file, service.answers_file)]
    return git.last_commit(service.top, both) != git.last_commit(service.top, both[:1])


def _is_same(
    before: CompiledTemplate, old: str | None, form: CompiledTemplate, new: str | None, *, same_answers: bool
) -> bool:
    """Whether two sources are the same text, and one that says nothing of the release or of other files."""
    if old is None or new is None or before.files.get(old) != form.files.get(new):
        return False
    from jinja2 import TemplateError as JinjaError
    from jinja2 import meta

    try:
        parsed = form.environment.parse(form.files[new].data.decode())
    except (JinjaError, UnicodeDecodeError):
        return False
    names = meta.find_undeclared_variables(parsed) - form.environment.globals.keys()
    return (
        not any(meta.find_referenced_templates(parsed))
        and not any(name.startswith("_") for name in names)
        and (same_answers or not names)
    )
