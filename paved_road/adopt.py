"""Adopt: put an existing repository on the road.

The release it was made from (or shall count from) is rendered with the answers it recorded or is given, and what
differs is reported. Two files are written, the lock and the answers; nothing else of the repository changes.
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
from paved_road.files import contained, toml
from paved_road.git import address, trees
from paved_road.git.entries import File, Tree
from paved_road.render import CommandContext, CompiledTemplate, Operation, Pristine, prepare, render
from paved_road.render import config as configs
from paved_road.render.context import SettledAnswers
from paved_road.render.likely import Likely
from paved_road.render.prompts import Interview
from paved_road.road import rules
from paved_road.road.model import Release
from paved_road.road.opening import open_road
from paved_road.road.owners import Owner
from paved_road.road.releases import release
from paved_road.road.rules import Rules
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
    """The answers file, of several, or where it goes; None for the road's, or where the template puts it."""
    trust: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Adopted:
    """A repository that is on the road now."""

    path: Path
    release: Release
    lock: Lock
    answers: Mapping[str, Any]
    written: tuple[str, ...]
    """The records that were written."""
    differences: tuple[Difference, ...]
    """Where it differs from its pristine files, whoever owns them."""
    notes: tuple[str, ...] = ()


def adopt(order: AdoptRequest, config: Config, *, interview: Interview | None = None, dry_run: bool = False) -> Adopted:
    """Put the repository at `order.path` on the road."""
    path = address.resolved(order.path)
    repository = _check(path)
    before = read_locks(path)
    stamped, found, target = _origin(path, order, config, _committed(repository, path, before), reading=dry_run)
    demand(target)
    form = prepare(target, cache=config.cache_dir, trust=order.trust, limits=config.limits.value)
    own = rules.read(form.files, config.cache_dir, form.release.template.folder)
    likely = Likely()
    book = form.settle(
        path,
        given=order.answers,
        recorded=stamped.answers if stamped else {},
        defaults={**config.answers.value, **_seen(path)},
        first=own.first,
        interview=None if stamped else interview or likely,
    )
    if stamped is None and order.answers_file is not None:
        check_new(form, book, path, order.answers_file)
    pristine = render(form, book, path, answers_file=stamped.answers_file if stamped else order.answers_file)
    if stamped is None:
        answers_path.check_free(path, pristine.answers_file)
    again = {one: lock for one, lock in before.items() if lock.answers_file == pristine.answers_file}
    name = next(iter(again), new_lock_name(path, pristine.answers_file))
    by_hand = stamped is None or any(lock.missing for lock in again.values())
    prefix = prefix_of(path, repository)
    stored = as_stored(pristine, repository, prefix=prefix, filters=not dry_run)
    lock = _lock(path, stored, own, repository.object_format, by_hand=by_hand)
    service = Service(
        path=path, repository=repository, prefix=prefix, lock=lock, lock_file=name,
        answers_file=pristine.answers_file, recorded=pristine.answers,
    )  # fmt: skip
    differences = drift.find_drift(service, owners=(Owner.ROAD, Owner.SHARED, Owner.SERVICE))
    if stamped is None and config.road.origin == "default":
        _check_likeness(service, differences)
    files: Tree = {name: File(lock.dump())}
    if stamped is None or pristine.answers != stamped.recorded:
        files |= {pristine.answers_file: pristine.tree[pristine.answers_file]}
    if not dry_run:
        _write(path, files)
    return Adopted(
        path=path,
        release=target,
        lock=lock,
        answers=pristine.answers,
        written=tuple(sorted(files)),
        differences=tuple(differences),
        notes=(
            *found.notes,
            *likely.notes,
            *_not_run(form, book, pristine),
            *_ignored_records(path, {*files, pristine.answers_file}),
        ),
    )


def _write(path: Path, files: Tree) -> None:
    """Write the lock first: after a kill it tells the next try whether anybody stamped this."""
    for name, file in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        trees.replace(path / name, file)


def _not_run(form: CompiledTemplate, book: SettledAnswers, pristine: Pristine) -> Iterator[str]:
    """A note of the tasks that shape a new service: adopting runs none."""
    if form.config.tasks:
        told = CommandContext(
            template=form, answers=book, answers_file=pristine.answers_file, destination=Path(), source=Path(),
            operation=Operation.COPY,
        )  # fmt: skip
        for task in told.tasks():
            yield f"adopt runs no task, so what this one changes counts as a difference: {task}"


def _ignored_records(path: Path, both: Iterable[str]) -> list[str]:
    """What to say about records that git ignores."""
    ignored = sorted(git.ignored(path, both))
    shown = " ".join(ignored)
    return [f"git ignores {shown}, which every clone needs: git add --force {shown}"] if ignored else []


def _check(path: Path) -> git.Repository:
    """The repository, when there is something to adopt."""
    repository = repository_of(path, hint="git init, commit, and try again")
    if not any(child.name != ".git" for child in path.iterdir()):
        raise UsageError(f"{path} is empty", hint=f"paved new {quoted(path)}")
    return repository


def _committed(repository: git.Repository, path: Path, found: Mapping[str, Lock]) -> dict[str, str]:
    """Locks by their answers files. One that is not committed yet may be written again."""
    head, prefix = repository.head, prefix_of(path, repository)
    return {
        lock.answers_file: name
        for name, lock in found.items()
        if head is not None and git.has_file(repository.top, head, prefix + name)
    }


def _origin(
    path: Path, order: AdoptRequest, config: Config, taken: Mapping[str, str], *, reading: bool
) -> tuple[Service | None, origin.Origin, Release]:
    """The service as its answers file has it, if it has one, its template, and the release it counts from.

    `taken` are the answers files that belong to a template already, with their locks.
    """
    if taken and order.answers_file is None and config.road.origin != "flag":
        raise _is_adopted(path, *taken.items())
    known = {name: one for name, one in discovery.answers_files(path).items() if name not in taken}
    recorded = _recorded(path, order, config, known, taken)
    if recorded is None:
        road = open_road(config, trust=order.trust, fetch=not reading or config.is_for_readers)
        template = find_template(road, order.template or config.template.value, order.ref)
        found, target = origin.Origin(template=template, notes=road.notes), release(template, order.ref)
        if order.answers_file is None:
            recorded = _where_the_template_puts_it(path, target, {*known, *taken})
        if recorded is not None and recorded in taken:
            raise _is_adopted(path, (recorded, taken[recorded]))
        if recorded is None:
            return None, found, target
    stamped = open_service(path, answers_file=recorded, adopting=True)
    found = origin.find(
        stamped,
        config,
        template=order.template,
        trust=order.trust,
        fetch=not reading or origin.is_known(stamped, config),
    )
    return stamped, found, release(found.template, order.ref or origin.recorded_version(stamped))


def _recorded(
    path: Path, order: AdoptRequest, config: Config, known: Mapping[str, Stated], taken: Mapping[str, str]
) -> str | None:
    """The answers file to go by: the one that is named, that is of the road that is named, or that is the only one."""
    wanted = order.answers_file
    if wanted is None and config.road.origin == "flag":
        everywhere = {**discovery.answers_files(path, everywhere=True), **known}
        of_road = [
            name for name, one in everywhere.items() if discovery.is_same_road(one.road, config.road.value, path)
        ]
        if free := [name for name in of_road if name not in taken]:
            return discovery.only_answers_file(free, path)
        wanted = of_road[0] if of_road else None
    elif wanted is None:
        return discovery.only_answers_file(known, path) if known else None
    if wanted is not None and wanted in taken:
        raise _is_adopted(path, (wanted, taken[wanted]))
    return wanted if wanted in known or (wanted is not None and (path / wanted).is_file()) else None


def _where_the_template_puts_it(path: Path, target: Release, known: Iterable[str]) -> str | None:
    """The answers file in the place that the template gives it: of a road that has moved, or one that git ignores."""
    setting = str(configs.load(target.files()).settings.get("answers_file") or DEFAULT)
    pattern = ".*".join(re.escape(part) for part in re.split(r"\{\{.*?\}\}|\{%.*?%\}", setting))
    found = next((name for name in known if re.fullmatch(pattern, name)), None)
    inside = ".." not in setting.split("/")
    return setting if found is None and inside and read_stated(path, setting).road is not None else found


def _is_adopted(path: Path, *taken: tuple[str, str]) -> UsageError:
    shown = ", ".join(f"{lock} goes with {answers}" for answers, lock in taken)
    hint = f"paved status {quoted(path)}; --answers-file PATH for a second template"
    return UsageError(f"{path} is on the road already", cause=shown, hint=hint)


def _lock(path: Path, pristine: Pristine, own: Rules, object_format: str, *, by_hand: bool) -> Lock:
    """The lock of what is there. A repository written by hand never had the files that it does not have."""
    lock = lock_of(pristine, own, object_format)
    lock = lock.without(git.ignored(path, lock.files))
    missing = [name for name in lock.files if not os.path.lexists(path / name)] if by_hand else []
    return replace(lock, missing=frozenset(missing))


def _check_likeness(service: Service, differences: Iterable[Difference]) -> None:
    """Refuse to count a repository from the built-in road, which nobody named, when none of its files is from there."""
    differing = {one.path for one in differences}
    locked = service.lock.files if service.lock else {}
    empty = File(b"").blob_in(service.repository.object_format)
    compared = [path for path, one in locked.items() if one.owner is not Owner.DERIVED and one.entry.blob != empty]
    if all(path in differing for path in compared):
        raise UsageError(
            f"nothing in {service.path} comes from the built-in road, and no answers file names another",
            hint=f"--road URL, or --road {BUILT_IN} to count from it all the same",
        )


def _seen(path: Path) -> dict[str, Any]:
    """Answers that the repository gives away: its name, description and package, and what cruft recorded."""
    found: dict[str, Any] = {}
    try:
        project = toml.load(contained.read_regular(path, "pyproject.toml")).get("project", {})
    except (OSError, ValueError):
        project = {}
    found |= {key: project[key] for key in ("name", "description") if isinstance(project.get(key), str)}
    packages = [file.parent.name for file in sorted(path.glob("src/*/__init__.py"))]
    return found | ({"package": packages[0]} if len(packages) == 1 else {}) | _recorded_by_cruft(path)


def _recorded_by_cruft(path: Path) -> dict[str, Any]:
    """What was answered to the Cookiecutter template that the road's was ported from; names keep their meaning."""
    try:
        answers = json.loads(contained.read_regular(path, ".cruft.json"))["context"]["cookiecutter"]
        return {name: answer for name, answer in answers.items() if not name.startswith("_")}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
