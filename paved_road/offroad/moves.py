"""The road renamed a file or a practice: the records follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from paved_road.errors import RecordError, UsageError, nearest
from paved_road.offroad import deviations, fingerprint, lifecycle
from paved_road.offroad.patterns import matching
from paved_road.road.owners import Owner
from paved_road.service.model import Service

if TYPE_CHECKING:
    from paved_road.offroad.deviations import Record
    from paved_road.offroad.document import Path as Where
    from paved_road.settings.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A path or a practice of one record, and its new name."""

    record: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """What followed the road, and what it is for a person to find."""

    moves: tuple[Move, ...]
    lost: tuple[tuple[str, str], ...] = ()
    """Slug and path of what the road no longer has, and nothing says where it went."""


def rename(service: Service, old: str, new: str, *, today: date) -> list[Move]:
    """Give a path, or a practice, its new name in every record that is not closed."""
    found = deviations.load(service, today=today)
    named = [record for record in _open(found) if old in _things(record)]
    if not named:
        known = sorted({thing for record in _open(found) for thing in _things(record)})
        raise RecordError(f"no open record names {old}", hint=nearest(old, known))
    owned = _owned(service)
    if any(record.deviation.scope.paths for record in named) and new not in owned:
        raise UsageError(f"the road owns no file {new}", hint=nearest(new, owned))
    moves = [Move(record=record.id, old=old, new=new) for record in named]
    _follow(service, found, moves, today=today)
    return moves


def migrate(service: Service, declared: Mapping[str, str], *, today: date, dry_run: bool = False) -> Migration:
    """Let every open record follow the files that the road moved.

    A move is known when the template declared it (`declared` maps an old path to the new one), or when exactly one
    file of the release has the content that the file had when it was approved.
    """
    found = deviations.load(service, today=today)
    owned = _owned(service)
    by_content: dict[str, list[str]] = {}
    for path in owned:
        locked = owned[path]
        by_content.setdefault(fingerprint.identity(locked.entry), []).append(path)
    moves: list[Move] = []
    lost: list[tuple[str, str]] = []
    for record in _open(found):
        for path in record.deviation.scope.paths or []:
            if matching([path], owned):
                continue
            approved = (record.deviation.fingerprint or {}).get(path)
            same = by_content.get(approved.road, []) if approved else []
            new = declared.get(path) or (same[0] if len(same) == 1 else None)
            if new in owned:
                moves.append(Move(record=record.id, old=path, new=str(new)))
            else:
                lost.append((record.id, path))
    if not dry_run:
        _follow(service, found, moves, today=today)
    return Migration(moves=tuple(moves), lost=tuple(lost))


def _open(found: deviations.Ledger) -> list[Record]:
    return [record for record in found.records.values() if record.is_open]


def _things(record: Record) -> list[str]:
    scope = record.deviation.scope
    return [scope.practice] if scope.practice else list(scope.paths or [])


def _owned(service: Service) -> Mapping[str, Any]:
    files = service.lock.files if service.lock else {}
    return {path: locked for path, locked in files.items() if locked.owner is Owner.ROAD}


def _follow(service: Service, found: deviations.Ledger, moves: list[Move], *, today: date) -> None:
    lifecycle.write(service, followed(found, moves), today=today)


def followed(found: deviations.Ledger, moves: list[Move]) -> dict[str, bytes]:
    """The files of the records that moves concern, by name, with the new names in them."""
    contents = {}
    for slug in {move.record for move in moves}:
        record = found.records[slug]
        names = {move.old: move.new for move in moves if move.record == slug}
        contents[f"{slug}.md"] = lifecycle.edited(record, _renamed(record, names))
    return contents


def _renamed(record: Record, names: Mapping[str, str]) -> dict[Where, Any]:
    """The fields that hold the old names, with the new ones. What was approved stays approved under its new name."""
    scope = record.deviation.scope
    if scope.practice:
        return {("scope", "practice"): names[scope.practice]}
    changes: dict[Where, Any] = {
        ("scope", "paths", at): names[path] for at, path in enumerate(scope.paths or []) if path in names
    }
    if approved := record.deviation.fingerprint:
        renamed = {names.get(path, path): one.model_dump() for path, one in approved.items()}
        changes[("fingerprint",)] = dict(sorted(renamed.items()))
    return changes


def declared(service: Service, config: Config) -> dict[str, str]:
    """The moves that the template of the service's release declares; none when the road cannot be had."""
    from paved_road.errors import PavedError
    from paved_road.render import prepare
    from paved_road.road import rules
    from paved_road.road.releases import release
    from paved_road.service import origin

    try:
        template = origin.find_to_read(service, config).template
        files = prepare(release(template, service.lock.commit if service.lock else None), cache=config.cache_dir).files
    except PavedError:
        return {}
    own = rules.read(files, config.cache_dir)
    return {old: new for moves in own.moves.values() for old, new in moves.items()}
