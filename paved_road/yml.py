"""YAML, read by libyaml where PyYAML was built with it: the same data in a tenth of the time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from yaml import SafeLoader as Loader
else:
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

__all__ = ["Loader", "load", "load_all", "parsing", "said"]


def load(data: bytes) -> Any:
    """The one document of a file; raises `yaml.YAMLError`."""
    with parsing():
        return yaml.load(data, Loader=Loader)  # noqa: S506 - it is a SafeLoader


def load_all(data: bytes) -> list[Any]:
    """Every document of a file; raises `yaml.YAMLError`."""
    with parsing():
        return list(yaml.load_all(data, Loader=Loader))


@contextlib.contextmanager
def parsing() -> Iterator[None]:
    """Whatever PyYAML raises for a text that is not YAML is a `yaml.YAMLError`.

    Its constructors raise what Python does for a malformed scalar: `ValueError` for the date 2024-99-99,
    `AttributeError` for `!!timestamp x`, `KeyError` for `!!bool x`, `RecursionError` for a thousand brackets.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise yaml.YAMLError(f"{type(error).__name__}: {error}") from error


def said(error: Exception) -> str:
    """What a parser says, on one line."""
    return " ".join(str(error).split())
