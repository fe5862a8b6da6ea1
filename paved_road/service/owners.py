"""The owner of each path, by the patterns in the template's `paved-road.yml`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from paved_road.errors import TemplateError
from paved_road.road.owners import Owner

if TYPE_CHECKING:
    from paved_road.road.manifest import Manifest


def owner_of(manifest: Manifest, seeded: tuple[str, ...] = ()) -> Callable[[str], Owner]:
    """A function from a path to its owner: that of the first pattern that matches, in the template's order.

    A path that `paved-road.yml` does not mention is service-owned if one of the `seeded` patterns (`_skip_if_exists`)
    matches, and shared otherwise. Raises `TemplateError` for a pattern that is not valid.
    """
    return _owner_of((*manifest.patterns, (Owner.SERVICE, seeded)))


@functools.lru_cache
def _owner_of(owners: tuple[tuple[Owner, tuple[str, ...]], ...]) -> Callable[[str], Owner]:
    from pathspec import PathSpec

    try:
        specs = [(owner, PathSpec.from_lines("gitignore", lines)) for owner, lines in owners if lines]
    except ValueError as error:
        raise TemplateError("the template has an invalid file pattern", cause=str(error)) from error

    @functools.lru_cache(10_000)
    def find(path: str) -> Owner:
        return next((owner for owner, spec in specs if spec.match_file(path)), Owner.SHARED)

    return find
