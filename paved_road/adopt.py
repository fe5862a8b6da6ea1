"""Adopt: put an existing repository on the road.

The release it was made from (or shall count from) is rendered with the answers it recorded or is given, and what
differs is reported. Two files are written, the lock and the answers; nothing else of the repository changes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paved_road import drift, git, origin, rules
from paved_road import tree as trees
from paved_road.config import Config
from paved_road.drift import Difference
from paved_road.errors import UsageError
from paved_road.owners import Owner
from paved_road.render import prepare, render
from paved_road.render.questions import Ask
from paved_road.road import Release, find_template, open_road, release
from paved_road.road.signatures import demand
from paved_road.service import LOCK, Lock, Service, lock_of, open_service, prefix_of, repository_of
from paved_road.tree import File, Tree


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What the person asked for."""

    path: Path
    template: str | None = None
    ref: str | None = None
    answers: Mapping[str, Any]
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


def adopt(order: Order, config: Config, *, ask: Ask | None = None, dry_run: bool = False) -> Adopted:
    """Put the repository at `order.path` on the road."""
    path = order.path.resolve()
    repository = _check(path)
    stamped = open_service(path) if any(path.glob(".copier-answers*.y*ml")) else None
    if stamped is not None:
        found = origin.find(stamped, config, template=order.template, trust=order.trust)
        target = release(found.template, order.ref or origin.recorded_version(stamped))
    else:
        road = open_road(config, trust=order.trust)
        found = origin.Origin(
            template=find_template(road, order.template or config.template.value, order.ref), notes=road.notes
        )
        target = release(found.template, order.ref)
    demand(target)
    form = prepare(target, cache=config.cache_dir, trust=order.trust)
    own = rules.read(form.files, config.cache_dir)
    book = form.settle(
        path,
        given=order.answers,
        recorded=stamped.answers if stamped else {},
        defaults={**config.answers.value, **_seen(path)},
        ask=None if stamped else ask,
    )
    pristine = render(form, book, path)
    lock = lock_of(pristine, own)
    records: Tree = {LOCK: File(lock.dump())}
    if stamped is None or pristine.answers != stamped.record:
        records |= {pristine.answers_file: pristine.tree[pristine.answers_file]}
    if not dry_run:
        for name, file in records.items():
            trees.replace(path / name, file)
    service = Service(
        path=path, repository=repository, prefix=prefix_of(path, repository), lock=lock,
        answers_file=pristine.answers_file, record=pristine.answers,
    )  # fmt: skip
    return Adopted(
        path=path,
        release=target,
        lock=lock,
        answers=pristine.answers,
        written=tuple(sorted(records)),
        differences=tuple(drift.find(service, owners=(Owner.ROAD, Owner.SHARED, Owner.SERVICE))),
        notes=found.notes,
    )


def _check(path: Path) -> git.Repository:
    """The repository, when there is something to adopt."""
    repository = repository_of(path, hint="git init, commit, and try again")
    if (path / LOCK).exists():
        raise UsageError(f"{path} is on the road already", cause=f"it has {LOCK}", hint=f"paved status {path}")
    if not any(child.name != ".git" for child in path.iterdir()):
        raise UsageError(f"{path} is empty", hint=f"paved new {path}")
    return repository


def _seen(path: Path) -> dict[str, Any]:
    """Answers that the repository gives itself away: its name, its description, its package."""
    found: dict[str, Any] = {}
    try:
        project = tomllib.loads((path / "pyproject.toml").read_text("utf-8")).get("project", {})
    except (OSError, ValueError):
        project = {}
    found |= {key: project[key] for key in ("name", "description") if isinstance(project.get(key), str)}
    packages = [file.parent.name for file in sorted(path.glob("src/*/__init__.py"))]
    return found | ({"package": packages[0]} if len(packages) == 1 else {})
