"""The types of answers, and how Copier converts a text to each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from paved_road.files import yml
from paved_road.render.context import ParsedText


def to_bool(value: Any) -> bool:
    """Convert a value to a boolean as Copier does: numbers, YAML's booleans and nulls, else Python's truth value."""
    try:
        return bool(float(value))
    except (TypeError, ValueError, OverflowError):
        pass
    if isinstance(value, str):
        word = value.strip().lower()
        if word in {"y", "yes", "t", "true", "on"}:
            return True
        if word in {"", "n", "no", "f", "false", "off", "~", "null", "none"}:
            return False
    return bool(value)


def _to_str(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return value.decode()
    raise ValueError(f"a {type(value).__name__} is not text")


def to_yaml(value: Any) -> Any:
    """Parse a text as YAML; other values stay as they are. Raises `ValueError` if it is not YAML."""
    if not isinstance(value, str | bytes):
        return value
    try:
        return yml.load(value, yaml.SafeLoader)
    except yaml.YAMLError as error:
        if isinstance(error.__cause__, TypeError | AttributeError):
            raise error.__cause__ from None  # Copier keeps such a text unparsed
        raise ValueError(yml.message_of(error)) from error


CASTS: Mapping[str, Callable[[Any], Any]] = {
    "bool": to_bool,
    "float": float,
    "int": int,
    "json": json.loads,
    "str": _to_str,
    "yaml": to_yaml,
    "path": str,
}

TYPES = tuple(CASTS)
"""The types that a question may have."""

PARSED = frozenset({"json", "yaml"})
"""Types whose answers are parsed from text."""


def unmarked(value: Any) -> Any:
    """Convert a `ParsedText`, or those in a list, back to `str`."""
    if isinstance(value, list):
        return [unmarked(item) if isinstance(item, ParsedText) else item for item in value]
    return str(value)


def list_items(text: str) -> Any:
    """The source text of each item of a YAML list, for its question's type to cast; None if it is not a list."""
    node = yml.compose(text, yaml.SafeLoader)
    if not isinstance(node, yaml.SequenceNode):
        return None
    items = []
    for item in node.value:
        raw = text[item.start_mark.index : item.end_mark.index].strip()
        quoted = (
            isinstance(item, yaml.ScalarNode)
            and item.tag == "tag:yaml.org,2002:str"
            and raw[:1] in "\"'"
            and raw[-1:] == raw[:1]
        )
        items.append(raw[1:-1] if quoted else raw)
    return items
