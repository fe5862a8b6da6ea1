"""The built-in catalogue: the practices that every service is checked for."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable

from paved_road.practices.model import Practice
from paved_road.practices.reading import read_practice

FOLDER = "catalogue"


@functools.cache
def _files() -> dict[str, Traversable]:
    """The file of each practice, by slug."""
    folder = resources.files("paved_road.practices") / FOLDER
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".md"): file for file in files if file.name.endswith(".md")}


def built_in_slugs() -> frozenset[str]:
    """The names of the built-in practices; none of their files is read."""
    return frozenset(_files())


@functools.cache
def _practices() -> dict[str, Practice]:
    return {slug: read_practice(file.name, file.read_bytes()) for slug, file in _files().items()}


def built_in_practices() -> Mapping[str, Practice]:
    """The built-in practices by slug. Raises `InvalidPractice` for a file that is wrong, which is a bug of ours."""
    return _practices()
