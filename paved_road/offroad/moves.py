"""Deviations that follow a file or a practice to its new name in the road."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from paved_road.errors import PavedError, RecordError, UsageError, nearest
from paved_road.offroad import fingerprint, lifecycle
from paved_road.offroad.deviations import load_deviations, road_files
from paved_road.offroad.patterns import matching
from paved_road.offroad.practice_names import require_practice
from paved_road.service.model import Service

if TYPE_CHECKING:
    from paved_road.offroad.deviations import Deviation, Deviations
    from paved_road.offroad.document import Path as Where
    from paved_road.service.lock import Locked
    from paved_road.settings.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """The new name of a path, or of a practice, in one deviation."""

    record: str
    """The deviation's slug."""
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """What followed the road, and what a person has to look for."""

    moves: tuple[Move, ...]
    lost: tuple[tuple[str, str], ...] = ()
    """Slug and path of what the road no longer has, if nothing says where it went."""


def rename(service: Service, old: str, new: str, config: Config, *, today: date) -> Migration:
    """Replace the name of a path, or of a practice, in every open deviation.

    Raises `RecordError` if none names `old`, and `UsageError` if the road owns no file, or nobody knows a practice,
    `new`.
    """
    deviations = load_deviations(service, today=today)
    named = [deviation for deviation in deviations.open if old in deviation.fields.names]
    if not named:
        known = sorted({name for deviation in deviations.open for name in deviation.fields.names})
        raise RecordError(f"no open deviation names {old}", hint=nearest(old, known))
    owned = road_files(service.lock)
    if any(deviation.fields.scope.paths for deviation in named) and new not in owned:
        raise UsageError(f"the road owns no file {new}", hint=nearest(new, owned))
    if any(deviation.fields.scope.practice for deviation in named):
        require_practice(service, config, new)
    moves = [Move(record=deviation.id, old=old, new=new) for deviation in named]
    return _follow(service, deviations, Migration(moves=tuple(moves)), today=today)


def migrate(service: Service, declared: Mapping[str, str], *, today: date, dry_run: bool = False) -> Migration:
    """Let every open deviation follow the files that the road moved.

    A move is known if the template declares it (`declared` maps an old path to the new one), or if exactly one file of
    the release has the content that the file had when it was approved. Raises `RecordError` for invalid deviations.
    """
    deviations = load_deviations(service, today=today)
    owned = road_files(service.lock)
    moves: list[Move] = []
    lost: list[tuple[str, str]] = []
    for deviation in deviations.open:
        for path in deviation.fields.scope.paths or []:
            if matching([path], owned):
                continue
            new = declared.get(path) or _with_approved_content(deviation, path, owned)
            if new in owned:
                moves.append(Move(record=deviation.id, old=path, new=str(new)))
            else:
                lost.append((deviation.id, path))
    migration = Migration(moves=tuple(moves), lost=tuple(lost))
    return migration if dry_run else _follow(service, deviations, migration, today=today)


def _with_approved_content(deviation: Deviation, path: str, owned: Mapping[str, Locked]) -> str | None:
    approved = (deviation.fields.fingerprint or {}).get(path)
    if approved is None:
        return None
    same = [new for new, one in owned.items() if fingerprint.identity(one.entry) == approved.road]
    return same[0] if len(same) == 1 else None


def _follow(service: Service, deviations: Deviations, migration: Migration, *, today: date) -> Migration:
    lifecycle.write(service, followed(deviations, migration.moves), today=today)
    return migration


def followed(deviations: Deviations, moves: Sequence[Move]) -> dict[str, bytes]:
    """The files of the deviations that `moves` are about, by name, with the new names in them."""
    contents = {}
    for slug in {move.record for move in moves}:
        deviation = deviations.by_slug[slug]
        names = {move.old: move.new for move in moves if move.record == slug}
        contents[f"{slug}.md"] = lifecycle.edited(deviation, _renamed(deviation, names))
    return contents


def _renamed(deviation: Deviation, names: Mapping[str, str]) -> dict[Where, Any]:
    """The fields that hold the old names, with the new ones. What was approved stays approved under its new name."""
    scope = deviation.fields.scope
    if scope.practice:
        return {("scope", "practice"): names[scope.practice]}
    changes: dict[Where, Any] = {
        ("scope", "paths", at): names[path] for at, path in enumerate(scope.paths or []) if path in names
    }
    if approved := deviation.fields.fingerprint:
        renamed = {names.get(path, path): one.model_dump() for path, one in approved.items()}
        changes[("fingerprint",)] = dict(sorted(renamed.items()))
    return changes


def declared_moves(service: Service, config: Config) -> dict[str, str]:
    """The moves that the template of the service's release declares; none if its road is not available."""
    from paved_road.render import prepare
    from paved_road.road.manifest import manifest_of
    from paved_road.road.releases import release
    from paved_road.service import origin

    try:
        template = origin.find_origin_to_read(service, config).template
        files = prepare(release(template, service.lock.commit if service.lock else None), cache=config.cache_dir).files
    except PavedError:
        return {}
    by_version = manifest_of(files).moves
    return {old: new for moves in by_version.values() for old, new in moves.items()}
