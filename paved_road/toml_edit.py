"""One key of a TOML file changed in its text: comments, order and everything else stay byte for byte.

There is no parser of our own here. Statements are found by asking `tomllib` where they end, and the changed text is
held against what it should say: what comes out differs in the one key, or is refused.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from paved_road import toml

LIMIT = 2**16
"""Bytes of a file that is edited."""

_PART = r"""(?:[\w-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_HEADER = re.compile(rf"\s*\[\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]")

Path = tuple[str, ...]


class _Statement(NamedTuple):
    table: Path
    key: Path
    """Without the table."""
    start: int
    end: int
    """Its lines, as a slice."""


def with_value(text: str, path: Path, value: Any) -> str:
    """The text with the key at `path` set to the value; `ValueError` where that takes more than one change."""
    return _edited(text, lambda lines, data: _set(lines, data, path, value))


def without(text: str, path: Path) -> str:
    """The text without the key at `path`; `KeyError` where it has none."""
    return _edited(text, lambda lines, data: _unset(lines, data, path))


def _edited(text: str, edit: Callable[[list[str], dict[str, Any]], None]) -> str:
    """The text after an edit of its lines, which must then say what the edit made of its data."""
    is_windows = "\r\n" in text
    if is_windows and text.count("\r\n") != text.count("\n"):
        raise ValueError("its lines end in two ways")
    text = text.replace("\r\n", "\n")
    data, lines = _load(text), text.split("\n")
    if lines[-1]:
        lines.append("")
    edit(lines, data)
    edited = "\n".join(lines)
    if not _parses(edited) or _pruned(_load(edited)) != _pruned(data):
        raise ValueError("the file writes that key in a way that only a person can change")
    return edited.replace("\n", "\r\n") if is_windows else edited


def _set(lines: list[str], data: dict[str, Any], path: Path, value: Any) -> None:
    table: Any = data
    for name in path[:-1]:
        table = table.setdefault(name, {})
    table[path[-1]] = value
    found = next((one for one in _statements(lines) if one.table + one.key == path), None)
    if found is None:
        _insert(lines, path, f"{_name(path[-1])} = {dumped(value)}")
        return
    first = lines[found.start]
    comment = _comment(first) if found.end == found.start + 1 else ""
    written = _KEY.match(first)
    name = first[: written.end()] if written else ""
    lines[found.start : found.end] = [f"{name} {dumped(value)}{comment}"]


def _unset(lines: list[str], data: dict[str, Any], path: Path) -> None:
    table: Any = data
    for name in path[:-1]:
        table = table[name]
    del table[path[-1]]
    for found in _statements(lines):
        if found.table + found.key == path:
            del lines[found.start : found.end]
            return


def dumped(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, bool) or value is None or isinstance(value, int | float):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_name(key)} = {dumped(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(dumped, value)) + "]"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _load(text: str) -> dict[str, Any]:
    return copy.deepcopy(toml.load(text.encode(), limit=LIMIT))


def _pruned(value: Any) -> Any:
    """Without empty tables: the header of one may stay."""
    if not isinstance(value, dict):
        return value
    found = {key: _pruned(one) for key, one in value.items()}
    return {key: one for key, one in found.items() if one != {}}


def _statements(lines: list[str]) -> Iterator[_Statement]:
    table: Path = ()
    at = 0
    while at < len(lines):
        if header := _HEADER.match(lines[at]):
            table = _path(header[1])
        elif key := _KEY.match(lines[at]):
            end = at + 1
            while end < len(lines) and not _parses("\n".join(lines[at:end])):
                end += 1
            yield _Statement(table, _path(key[1]), at, end)
            at = end - 1
        at += 1


def _insert(lines: list[str], path: Path, line: str) -> None:
    """Put a new key after the last one of its table, or make the table at the end. The last line is an empty one."""
    table = path[:-1]
    headers = [(number, _path(found[1])) for number, text in enumerate(lines) if (found := _HEADER.match(text))]
    ends = [number + 1 for number, name in headers if name == table]
    ends += [one.end for one in _statements(lines) if one.table == table]
    if ends:
        lines.insert(ends[-1], line)
    elif table:
        blank = [""] if lines != [""] else []
        lines[-1:] = [*blank, f"[{'.'.join(map(_name, table))}]", line, ""]
    elif headers:
        first = headers[0][0]
        while first and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        lines[first:first] = [line, ""]
    else:
        lines.insert(-1, line)


def _comment(line: str) -> str:
    """The comment at the end of a statement of one line, with the space before it."""
    for found in re.finditer(r"\s*#", line):
        if _parses(line[: found.start()]):
            return line[found.start() :]
    return ""


def _parses(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return True


def _path(written: str) -> Path:
    """The names in a key as it is written."""
    found: list[str] = []
    value: Any = tomllib.loads(f"{written} = 0")
    while isinstance(value, dict):
        ((name, value),) = value.items()
        found.append(name)
    return tuple(found)


def _name(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else dumped(key)
