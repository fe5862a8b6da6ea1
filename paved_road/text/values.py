"""Values of files and answers in messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shown(value: Any) -> str:
    """A value of a file in a message: short, and with YAML's words for what is empty, true or false.

    >>> shown(None), shown(True), shown([1, 2]), shown(3)
    ('empty', 'true', 'a list', '3')
    """
    if value is None or isinstance(value, bool):
        return {None: "empty", True: "true", False: "false"}[value]
    if isinstance(value, Mapping | list):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    return short_repr(value, longest=60)


def short_repr(value: Any, *, longest: int = 100) -> str:
    """The first `longest` characters of what Python calls a value; "" for one that it cannot write.

    >>> short_repr("x" * 100, longest=5)
    "'xxxx..."
    """
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of more than 4300 digits; lists nested a thousand deep
        return ""
    return text if len(text) <= longest else f"{text[:longest]}..."
