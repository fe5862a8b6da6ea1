"""What creating and updating need of a `paved-road.yml`: owners, derived files, moves, limits for deviations.

Validating that file takes Pydantic's models, and loading those takes longer than a whole merge. A content that was
valid is valid, so what it says is remembered in the cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import posixpath
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paved_road import __version__
from paved_road.files import contained, private, whole
from paved_road.git.entries import Tree
from paved_road.road.owners import Owner
from paved_road.road.version_file import FILENAME

if TYPE_CHECKING:
    from paved_road.road.manifest import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The rules of a release."""

    owners: tuple[tuple[Owner, tuple[str, ...]], ...]
    """Patterns by owner, in the order the template wrote them."""
    derived: Mapping[str, str]
    """Derived files and the commands that regenerate them."""
    moves: Mapping[str, Mapping[str, str]]
    """By version: old path to new path."""
    mentions: Mapping[str, Mapping[str, str]]
    """By version: words in the team's files, and what takes their place."""
    first: tuple[str, ...]
    """Questions that are asked before the others."""
    longest: str
    """Until a deviation is reviewed."""
    approval_from: str
    """The risk from which on another person approves a deviation."""


def read(files: Tree, cache: Path, folder: str = "") -> Rules:
    """The rules of a release from its files; `TemplateError` where its `paved-road.yml` is not valid.

    `folder` is the template's in the road, for messages.
    """
    content = files[FILENAME].data if FILENAME in files else b""
    path = private.private_folder(cache, "rules") / f"{hashlib.sha256(__version__.encode() + content).hexdigest()}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return _loaded(json.loads(contained.read_regular(path.parent, path.name)))
    from paved_road.road import manifest

    found = of(manifest.parse(content, where=posixpath.join(folder, FILENAME)))
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs the next validation
        whole.replace_file(path, json.dumps(asdict(found)).encode())
    return found


def of(manifest: Manifest) -> Rules:
    """The rules that a validated manifest states."""
    return Rules(
        owners=tuple((owner, tuple(patterns)) for owner, patterns in manifest.owners.items()),
        derived=manifest.derived,
        moves=manifest.moves,
        mentions=manifest.mentions,
        first=tuple(manifest.questions.first),
        longest=manifest.offroad.longest,
        approval_from=manifest.offroad.approval_from,
    )


def _loaded(facts: dict[str, Any]) -> Rules:
    owners = tuple((Owner(owner), tuple(patterns)) for owner, patterns in facts.pop("owners"))
    return Rules(owners=owners, first=tuple(facts.pop("first")), **facts)
