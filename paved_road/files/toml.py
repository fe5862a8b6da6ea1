"""Parsing TOML that strangers wrote, with limits of size and depth.

`tomllib` remembers every prefix of a dotted key, so that one key of thirty thousand parts takes gigabytes.
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
    """The file may be TOML, but is larger or deeper than paved parses."""


def load(data: bytes, *, limit: int = LIMIT) -> dict[str, Any]:
    """Parse a TOML file of at most `limit` bytes. Raises `ValueError`, with a message for users."""
    import tomllib  # most updates merge no TOML file

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
