"""Changing one key of a TOML file with tomlkit, which keeps comments, order and everything else byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from paved_road.files import toml

LIMIT = 2**16
"""Bytes of a file that can be edited."""

Path = tuple[str, ...]


def with_value(text: str, path: Path, value: Any) -> str:
    """The text with the key at `path` set to the value. Raises `ValueError` if the file cannot be edited."""

    def change(document: Any) -> None:
        table = document
        for name in path[:-1]:
            table = table.setdefault(name, tomlkit.table())
        table[path[-1]] = value

    document, key = _parsed(text), path[-1]
    if len(path) == 1 and key not in document and any(isinstance(one, Table) for one in document.values()):
        # tomlkit would put it below the comment of the first table, so it becomes the first line.
        ending = "\r\n" if "\r\n" in text else "\n"
        blank = ending if text.startswith(("#", "[")) else ""
        return f"{tomlkit.key(key).as_string()} = {tomlkit.item(value).as_string()}{ending}{blank}{text}"
    return _changed(text, change)


def without(text: str, path: Path) -> str:
    """The text without the key at `path`. Raises `KeyError` if there is none."""

    def change(document: Any) -> None:
        table = document
        for name in path[:-1]:
            table = table[name]
        del table[path[-1]]

    return _changed(text, change)


def _changed(text: str, change: Callable[[Any], None]) -> str:
    """The text after a change. New lines get the line ending of the others, which tomlkit does not do."""
    is_windows = "\r\n" in text
    if is_windows and text.count("\r\n") != text.count("\n"):
        raise ValueError("its line endings are mixed")
    document = _parsed(text.replace("\r\n", "\n"))
    change(document)
    changed = tomlkit.dumps(document)
    return changed.replace("\n", "\r\n") if is_windows else changed


def _parsed(text: str) -> tomlkit.TOMLDocument:
    toml.load(text.encode(), limit=LIMIT)
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ValueError(str(error)) from error
