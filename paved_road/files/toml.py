"""TOML that strangers wrote: of a bounded size, and nested no deeper than any settings are.

`tomllib` remembers every beginning of a dotted key, so that one key of thirty thousand parts takes gigabytes.
"""

from __future__ import annotations

import re
from typing import Any

LIMIT = 2**20
"""Bytes of a file of settings."""

DEEPEST = 32
"""Parts of a dotted key."""

_PART = rb"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_DOTTED = re.compile(rb"(?<![\w-])(?:%b){%d}" % (_PART, DEEPEST))


class TomlTooLarge(ValueError):
    """It may be TOML, but paved does not read so much of it."""


def load(data: bytes, *, limit: int = LIMIT) -> dict[str, Any]:
    """What a TOML file of at most `limit` bytes says; `ValueError` in plain words for any other."""
    import tomllib  # most updates merge none

    if len(data) > limit:
        raise TomlTooLarge(f"it is larger than {limit // 2**20} MiB")
    if any(line.count(b".") >= DEEPEST and _DOTTED.search(line) for line in data.splitlines()):
        raise TomlTooLarge("it is nested too deep")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"the byte at {error.start} is not UTF-8") from error
    except RecursionError:
        raise TomlTooLarge("it is nested too deep") from None
