"""Adopt an existing repository: put it on the road.

The release that the repository was made from, or that the person names, is rendered with the recorded or given answers,
and the differences are reported. Only the lock and the answers file are written.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paved_road import git
from paved_road.errors import UsageError
from paved_road.files import contained, toml, whole
from paved_road.git import address
from paved_road.git.entries import File, Tree
from paved_road.render import CommandContext, CompiledTemplate, Operation, Pristine, prepare, render
from paved_road.render import config as configs
from paved_road.render.context import SettledAnswers
from paved_road.render.likely import Likely
from paved_road.render.prompts import Interview
from paved_road.road.manifest import Manifest, manifest_of
from paved_road.road.model import Release
from paved_road.road.opening import open_road
from paved_road.road.owners import Owner
from paved_road.road.releases import release
from paved_road.road.signatures import demand
from paved_road.road.templates import find_template
from paved_road.service import answers_path, discovery, drift, origin
from paved_road.service.answers_file import DEFAULT, Stated, read_stated
from paved_road.service.answers_path import check_new
from paved_road.service.discovery import new_lock_name, read_locks
from paved_road.service.drift import Difference
from paved_road.service.lock import Lock, lock_of
from paved_road.service.model import Service, open_service, prefix_of, repository_of
from paved_road.service.stored import as_stored
from paved_road.settings.config import BUILT_IN, Config
from paved_road.settings.whereabouts import quoted


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptRequest:
    """What the person asked for."""

    path: Path
    template: str | None = None
    ref: str | None = None
    answers: Mapping[str, Any]
    answers_file: str | None = None
    """The answers file to read, or a place for a new one; None for the road's, or for the template's own place."""
    trust: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Adopted:
    """A repository that is on the road now."""

    path: Path
    release: Release
    lock: Lock
    answers: Mapping[str, Any]
    written: tuple[str, ...]
    """The lock, and the answers file if it changed."""
    differences: tuple[Difference, ...]
    """Where it differs from its pristine files, whoever owns them."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Base:
    """What a repository is compared with."""

    stamped: Service | None
    """The service that its answers file describes; None where it has none, because it was written by hand."""
    release: Release
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rendered:
    """The release as the repository's answers render it."""

    pristine: Pristine
    manifest: Manifest
    notes: tuple[str, ...]


def adopt(
    request: AdoptRequest, config: Config, *, interview: Interview | None = None, dry_run: bool = False
) -> Adopted:
    """Put the repository at `request.path` on the road.

    Raises `UsageError` if it is on the road already, is empty, or has nothing in common with a road that nobody named;
    `ServiceError` if it is no git repository; and what finding and rendering its release raise.
    """
    path = address.resolved(request.path)
    repository = _check_repository(path)
    locks = read_locks(path)
    base = _find_base(path, request, config, _committed_locks(repository, path, locks), dry_run=dry_run)
    demand(base.release)
    rendered = _render(path, base, request, config, interview)
    pristine, stamped = rendered.pristine, base.stamped
    # A lock that is not committed yet is written again under its name.
    rewritten = {name: lock for name, lock in locks.items() if lock.answers_file == pristine.answers_file}
    lock_file = next(iter(rewritten), new_lock_name(path, pristine.answers_file))
    by_hand = stamped is None or any(lock.missing for lock in rewritten.values())
    lock = _lock(path, repository, rendered, by_hand=by_hand, filters=not dry_run)
    service = Service(
        path=path, repository=repository, prefix=prefix_of(path, repository), lock=lock, lock_file=lock_file,
        answers_file=pristine.answers_file, recorded=pristine.answers,
    )  # fmt: skip
    differences = drift.find_drift(service, owners=(Owner.ROAD, Owner.SHARED, Owner.SERVICE))
    if stamped is None and config.road.origin == "default":
        _check_likeness(service, differences)
    files: Tree = {lock_file: File(lock.dump())}
    if stamped is None or pristine.answers != stamped.recorded:
        files[pristine.answers_file] = pristine.tree[pristine.answers_file]
    if not dry_run:
        for name, file in files.items():  # the lock first: after a kill it tells the next try that paved was here
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            whole.replace_file(path / name, file.data)
    return Adopted(
        path=path,
        release=base.release,
        lock=lock,
        answers=pristine.answers,
        written=tuple(sorted(files)),
        differences=tuple(differences),
        notes=(*base.notes, *rendered.notes, *_ignored_notes(path, {*files, pristine.answers_file})),
    )


def _render(path: Path, base: _Base, request: AdoptRequest, config: Config, interview: Interview | None) -> _Rendered:
    """Render the release for the answers that are recorded or given, or that the repository suggests."""
    template = prepare(base.release, cache=config.cache_dir, trust=request.trust, limits=config.limits.value)
    manifest = manifest_of(template.files, base.release.template.folder)
    stamped, likely = base.stamped, Likely()
    answers = template.settle(
        path,
        given=request.answers,
        recorded=stamped.answers if stamped else {},
        defaults={**config.answers.value, **_suggested_answers(path)},
        first=tuple(manifest.questions.first),
        interview=None if stamped else interview or likely,
    )
    if stamped is None and request.answers_file is not None:
        check_new(template, answers, path, request.answers_file)
    answers_file = stamped.answers_file if stamped else request.answers_file
    pristine = render(template, answers, path, answers_file=answers_file)
    if stamped is None:
        answers_path.check_free(path, pristine.answers_file)
    notes = (*likely.notes, *_task_notes(template, answers, pristine))
    return _Rendered(pristine=pristine, manifest=manifest, notes=notes)


def _task_notes(template: CompiledTemplate, answers: SettledAnswers, pristine: Pristine) -> Iterator[str]:
    if template.config.tasks:
        context = CommandContext(
            template=template, answers=answers, answers_file=pristine.answers_file, destination=Path(), source=Path(),
            operation=Operation.COPY,
        )  # fmt: skip
        for task in context.tasks():
            yield f"paved adopt does not run tasks, so changes by this task count as differences: {task}"


def _ignored_notes(path: Path, files: Iterable[str]) -> list[str]:
    ignored = " ".join(sorted(git.ignored(path, files)))
    return [f"git ignores {ignored}, which every clone needs: git add --force {ignored}"] if ignored else []


def _check_repository(path: Path) -> git.Repository:
    """The repository, if there is something to adopt."""
    repository = repository_of(path, hint="run git init, commit, then try again")
    if not any(child.name != ".git" for child in path.iterdir()):
        raise UsageError(f"{path} is empty", hint=f"paved new {quoted(path)}")
    return repository


def _lock(path: Path, repository: git.Repository, rendered: _Rendered, *, by_hand: bool, filters: bool) -> Lock:
    """The lock of what is there. A repository written `by_hand` never had the pristine files that it lacks."""
    stored = as_stored(rendered.pristine, repository, prefix=prefix_of(path, repository), filters=filters)
    lock = lock_of(stored, rendered.manifest, repository.object_format)
    lock = lock.without(git.ignored(path, lock.files))
    missing = [name for name in lock.files if not os.path.lexists(path / name)] if by_hand else []
    return replace(lock, missing=frozenset(missing))


def _check_likeness(service: Service, differences: Iterable[Difference]) -> None:
    """Refuse a repository that has no file of the built-in road, when nobody named that road."""
    differing = {difference.path for difference in differences}
    locked = service.lock.files if service.lock else {}
    empty = File(b"").blob_in(service.repository.object_format)
    compared = [path for path, it in locked.items() if it.owner is not Owner.DERIVED and it.entry.blob != empty]
    if all(path in differing for path in compared):
        raise UsageError(
            f"no file in {service.path} comes from the built-in road, and no answers file names another road",
            hint=f"--road URL; or --road {BUILT_IN} to adopt it from the built-in road all the same",
        )


# -- which release it is compared with ---------------------------------------------------------------------------------


def _committed_locks(repository: git.Repository, path: Path, locks: Mapping[str, Lock]) -> dict[str, str]:
    """The names of committed locks by their answers files. A lock that is not committed yet may be written again."""
    head, prefix = repository.head, prefix_of(path, repository)
    return {
        lock.answers_file: name
        for name, lock in locks.items()
        if head is not None and git.has_file(repository.top, head, prefix + name)
    }


def _find_base(path: Path, request: AdoptRequest, config: Config, taken: Mapping[str, str], *, dry_run: bool) -> _Base:
    """The release to compare with, and the service as its answers file describes it.

    `taken` maps the answers files that belong to a template already to their locks.
    """
    if taken and request.answers_file is None and config.road.origin != "flag":
        raise _is_adopted(path, *taken.items())
    free = {name: stated for name, stated in discovery.answers_files(path).items() if name not in taken}
    answers_file = _choose_answers_file(path, request, config, free, taken)
    if answers_file is None:
        road = open_road(config, trust=request.trust, fetch=not dry_run or config.is_for_readers)
        target = release(find_template(road, request.template or config.template.value, request.ref), request.ref)
        if request.answers_file is None:
            answers_file = _in_the_templates_place(path, target, {*free, *taken})
        if answers_file is None:
            return _Base(stamped=None, release=target, notes=road.notes)
    if answers_file in taken:
        raise _is_adopted(path, (answers_file, taken[answers_file]))
    stamped = open_service(path, answers_file=answers_file, adopting=True)
    fetch = not dry_run or origin.is_known(stamped, config)
    found = origin.find_origin(stamped, config, template=request.template, trust=request.trust, fetch=fetch)
    target = release(found.template, request.ref or origin.recorded_version(stamped))
    return _Base(stamped=stamped, release=target, notes=found.notes)


def _choose_answers_file(
    path: Path, request: AdoptRequest, config: Config, free: Mapping[str, Stated], taken: Mapping[str, str]
) -> str | None:
    """The answers file that the person names, that is of the road they name, or that is the only one."""
    wanted = request.answers_file
    if wanted is None and config.road.origin != "flag":
        return discovery.only_answers_file(free, path) if free else None
    if wanted is None:
        everywhere, road = {**discovery.answers_files(path, everywhere=True), **free}, config.road.value
        of_road = [name for name, stated in everywhere.items() if discovery.is_same_road(stated.road, road, path)]
        if free_of_road := [name for name in of_road if name not in taken]:
            return discovery.only_answers_file(free_of_road, path)
        return of_road[0] if of_road else None
    return wanted if wanted in taken or wanted in free or (path / wanted).is_file() else None


def _in_the_templates_place(path: Path, target: Release, known: Iterable[str]) -> str | None:
    """The answers file where the template puts it: of a road that has moved, or one that git ignores."""
    setting = str(configs.load(target.files()).settings.get("answers_file") or DEFAULT)
    pattern = ".*".join(re.escape(part) for part in re.split(r"\{\{.*?\}\}|\{%.*?%\}", setting))
    found = next((name for name in known if re.fullmatch(pattern, name)), None)
    is_inside = ".." not in setting.split("/")
    return setting if found is None and is_inside and read_stated(path, setting).road is not None else found


def _is_adopted(path: Path, *taken: tuple[str, str]) -> UsageError:
    shown = ", ".join(f"{lock} belongs to {answers}" for answers, lock in taken)
    hint = f"paved status {quoted(path)}; for a second template add --answers-file PATH"
    return UsageError(f"{path} is already on the road", cause=shown, hint=hint)


# -- answers that the repository suggests ------------------------------------------------------------------------------


def _suggested_answers(path: Path) -> dict[str, Any]:
    """Answers from the repository: its name, description and package, and the answers that cruft recorded."""
    try:
        project = toml.load(contained.read_regular(path, "pyproject.toml")).get("project", {})
    except (OSError, ValueError):
        project = {}
    named = {key: project[key] for key in ("name", "description") if isinstance(project.get(key), str)}
    packages = [file.parent.name for file in sorted(path.glob("src/*/__init__.py"))]
    return named | ({"package": packages[0]} if len(packages) == 1 else {}) | _recorded_by_cruft(path)


def _recorded_by_cruft(path: Path) -> dict[str, Any]:
    """The answers to the Cookiecutter template that the road's was ported from; names keep their meaning."""
    try:
        answers = json.loads(contained.read_regular(path, ".cruft.json"))["context"]["cookiecutter"]
        return {name: answer for name, answer in answers.items() if not name.startswith("_")}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
