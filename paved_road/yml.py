"""YAML, read by libyaml where PyYAML was built with it: the same data in a tenth of the time.

What is read was written by strangers, so what aliases add up to and how deep it is nested have an end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from paved_road import limits
from paved_road.errors import LimitError

if TYPE_CHECKING:
    from yaml import SafeLoader as Loader
else:
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

__all__ = ["Loader", "load", "load_all", "parsing", "said"]

_MOST_NODES = 200_000
"""Values that a document may stand for: nine lines of nine aliases each are 387 million."""
_DEEPEST = 100
"""Levels: Python's own limit for what walks through the data is a thousand calls."""


def load(data: bytes | str, loader: Any = Loader) -> Any:
    """The one document of a file; raises `yaml.YAMLError`."""
    with parsing():
        reading = loader(data)
        try:
            return _constructed(reading, reading.get_single_node())
        finally:
            reading.dispose()


def load_all(data: bytes | str, loader: Any = Loader) -> list[Any]:
    """Every document of a file; raises `yaml.YAMLError`."""
    with parsing():
        reading = loader(data)
        found = []
        try:
            while reading.check_node():
                found.append(_constructed(reading, reading.get_node()))
        finally:
            reading.dispose()
        return found


@contextlib.contextmanager
def parsing() -> Iterator[None]:
    """Whatever PyYAML raises for a text that is not YAML is a `yaml.YAMLError`.

    Its constructors raise what Python does for a malformed scalar: `ValueError` for the date 2024-99-99,
    `AttributeError` for `!!timestamp x`, `KeyError` for `!!bool x`, `RecursionError` for a thousand brackets.
    """
    try:
        with limits.watched("a YAML file"):
            yield
    except LimitError as error:
        raise yaml.YAMLError(error.message) from error
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise yaml.YAMLError(f"{type(error).__name__}: {error}") from error


def said(error: Exception) -> str:
    """What a parser says, on one line."""
    return " ".join(str(error).split())


def _constructed(loader: Loader, node: yaml.Node | None) -> Any:
    if node is None:
        return None
    _measure(node, {})
    return loader.construct_document(node)


def _measure(node: yaml.Node, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many nodes a node stands for, with every alias in it spelled out, and how deep they are nested."""
    if id(node) in known:
        if known[id(node)] == _UNFINISHED:
            raise ValueError("an alias stands inside of what it names")
        return known[id(node)]
    known[id(node)] = _UNFINISHED
    count, depth = 1, 1
    if isinstance(node, yaml.CollectionNode):
        for item in node.value:
            for one in item if isinstance(item, tuple) else (item,):
                below, deep = _measure(one, known)
                count, depth = count + below, max(depth, deep + 1)
    if count > _MOST_NODES:
        raise ValueError(f"it stands for more than {_MOST_NODES} values")
    if depth > _DEEPEST:
        raise ValueError(f"it is nested more than {_DEEPEST} deep")
    known[id(node)] = count, depth
    return count, depth


_UNFINISHED = (0, 0)
