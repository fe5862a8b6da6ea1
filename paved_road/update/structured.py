"""Conflicts in TOML, YAML and JSON that only look like conflicts, and merges that only look clean.

The meaning of the merged file is computed on the parsed data; its text is made of the conflict's own lines. A text
is accepted only if it parses to that meaning, so comments and layout survive and nothing wrong can be written.
"""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any, Final

_CONFLICT = re.compile(
    rb"^<{7} [^\n]*\n(?P<ours>.*?)^\|{7} [^\n]*\n(?P<base>.*?)^={7}\n(?P<theirs>.*?)^>{7} [^\n]*\n",
    re.MULTILINE | re.DOTALL,
)
_MOST_REGIONS = 4
"""Every region has a handful of possible texts; beyond this many, trying all of them takes too long."""


class _Ambiguous(Exception):
    """Both sides changed the same thing in different ways."""


_ABSENT: Final = object()


def _load_yaml(data: bytes) -> Any:
    import yaml

    return list(yaml.safe_load_all(data))


def _load_toml(data: bytes) -> Any:
    return tomllib.loads(data.decode())


_PARSERS: dict[str, Callable[[bytes], Any]] = {
    "toml": _load_toml,
    "json": json.loads,
    "yaml": _load_yaml,
    "yml": _load_yaml,
}


def parses(path: str, data: bytes) -> bool | None:
    """Whether a file parses as its name says; None when its name says nothing."""
    parser = _PARSERS.get(path.rsplit(".", 1)[-1].lower())
    if parser is None:
        return None
    return _parsed(parser, data) is not _ABSENT


def _parsed(parser: Callable[[bytes], Any], data: bytes) -> Any:
    import yaml

    try:
        return parser(data)
    except (ValueError, RecursionError, yaml.YAMLError):
        return _ABSENT


def resolve(path: str, base: bytes, ours: bytes, theirs: bytes, conflicted: bytes) -> bytes | None:
    """The file with every conflict region decided, or None where a person has to decide."""
    parser = _PARSERS.get(path.rsplit(".", 1)[-1].lower())
    if parser is None:
        return None
    sides = [_parsed(parser, side) for side in (base, ours, theirs)]
    if any(side is _ABSENT for side in sides):
        return None
    try:
        meaning = _merge(*sides)
    except _Ambiguous:
        return None
    for text in _texts(conflicted):
        if _same(_parsed(parser, text), meaning):
            return text
    return None


def _texts(conflicted: bytes) -> Iterator[bytes]:
    """Every text that takes both sides' lines in each region, in either order, with the commas that calls for."""
    regions = list(_CONFLICT.finditer(conflicted))
    if not regions or len(regions) > _MOST_REGIONS:
        return
    for choice in itertools.product(*(_candidates(region["ours"], region["theirs"]) for region in regions)):
        pieces, at = [], 0
        for region, text in zip(regions, choice, strict=True):
            pieces += [conflicted[at : region.start()], text]
            at = region.end()
        yield b"".join(pieces) + conflicted[at:]


def _candidates(ours: bytes, theirs: bytes) -> list[bytes]:
    both = [(ours, theirs), (theirs, ours)]
    found = [first + second for first, second in both]
    found += [_with_comma(first) + second for first, second in both]
    found += [_with_comma(first) + _without_comma(second) for first, second in both]
    return found


def _with_comma(lines: bytes) -> bytes:
    stripped = lines.rstrip()
    return lines if stripped.endswith(b",") else stripped + b"," + lines[len(stripped) :]


def _without_comma(lines: bytes) -> bytes:
    stripped = lines.rstrip()
    return stripped.removesuffix(b",") + lines[len(stripped) :]


def _merge(base: Any, ours: Any, theirs: Any) -> Any:
    """The three-way merge of parsed data; raises `_Ambiguous`."""
    if _same(ours, theirs) or _same(theirs, base):
        return ours
    if _same(ours, base):
        return theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        before = base if isinstance(base, dict) else {}
        return {
            key: value
            for key in {**ours, **theirs}
            if (value := _merge(*(side.get(key, _ABSENT) for side in (before, ours, theirs)))) is not _ABSENT
        }
    if isinstance(base, list) and isinstance(ours, list) and isinstance(theirs, list):
        return _merge_lists(base, ours, theirs)
    raise _Ambiguous


def _merge_lists(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """What either side added is there, what either side removed is not; one mapping (a YAML document) merges inside."""
    if len(base) == len(ours) == len(theirs) and all(isinstance(item, dict) for item in (*base, *ours, *theirs)):
        return [_merge(*items) for items in zip(base, ours, theirs, strict=True)]
    removed = [item for item in base if item not in ours or item not in theirs]
    added_by_us = [item for item in ours if item not in base]
    added_by_them = [item for item in theirs if item not in base and item not in added_by_us]
    if removed and added_by_us and added_by_them:
        raise _Ambiguous  # an item replaced on both sides looks like this
    return [item for item in base if item not in removed] + added_by_us + added_by_them


def _same(one: Any, other: Any) -> bool:
    """Equal, the order of a list's items aside; 1, 1.0 and True differ."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and sorted(map(_key, one)) == sorted(map(_key, other))
    return bool(one == other)


def _key(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=repr)
