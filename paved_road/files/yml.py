"""Parsing YAML that strangers wrote, with limits of depth and of what aliases expand to.

Uses libyaml if PyYAML was built with it, which parses the same data in a tenth of the time.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from paved_road.errors import LimitError
from paved_road.process import limits

if TYPE_CHECKING:
    from yaml import SafeLoader as Loader
else:
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


__all__ = [
    "Loader",
    "Path",
    "YamlDocument",
    "YamlTooLarge",
    "compose",
    "documents",
    "duplicate_keys",
    "error_line",
    "key_lines",
    "load",
    "load_all",
    "located_message",
    "message_of",
    "short_message",
    "what_is_wrong",
]

_MOST_NODES = 200_000
"""Values that a document may expand to: nine lines of nine aliases each make 387 million."""
_DEEPEST = 100
"""Levels of nesting: Python's recursion limit is a thousand calls."""


class YamlTooLarge(yaml.YAMLError):
    """The file may be YAML, but is larger or deeper than paved parses."""


def load(data: bytes | str, loader: Any = Loader) -> Any:
    """The data of a file of one document. Raises `yaml.YAMLError`."""
    with _parsing(data):
        reading = _reading(data, loader)
        try:
            return _constructed(reading, reading.get_single_node())
        finally:
            reading.dispose()


def compose(text: str, loader: Any = Loader) -> yaml.Node | None:
    """The root node, which knows its lines, of a text of one document. Raises `yaml.YAMLError`."""
    with _parsing(text):
        reading = _reading(text, loader)
        try:
            node: yaml.Node | None = reading.get_single_node()
            return node
        finally:
            reading.dispose()


def load_all(data: bytes | str, loader: Any = Loader) -> list[Any]:
    """The data of every document of a file. Raises `yaml.YAMLError`."""
    with _parsing(data):
        reading = _reading(data, loader)
        found = []
        try:
            while reading.check_node():
                found.append(_constructed(reading, reading.get_node()))
        finally:
            reading.dispose()
        return found


def _reading(data: bytes | str, loader: Any) -> Any:
    """A loader that stops at too many values before it has parsed them all."""
    reading, values = loader(data), itertools.count(1)

    def count(*_: object) -> None:
        if next(values) > _MOST_NODES:
            raise _too_many()

    reading.descend_resolver = (
        count  # PyYAML and libyaml call this for each value; it serves path resolvers, which we do not use
    )
    return reading


@contextlib.contextmanager
def _parsing(data: bytes | str) -> Iterator[None]:
    """Turn everything that PyYAML raises for a malformed text into a `yaml.YAMLError`.

    Its constructors raise `ValueError` for the date 2024-99-99, `AttributeError` for `!!timestamp x`, `KeyError` for
    `!!bool x` and `RecursionError` for a thousand brackets. Only the message of a `ValueError` is fit for users.
    """
    try:
        with limits.watched("a YAML file"):
            yield
    except LimitError as error:
        raise YamlTooLarge(error.message) from error
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in (error.problem or ""):  # libyaml has a limit of its own
            raise _too_deep() from error
        _place_inside(error, data)
        raise
    except yaml.reader.ReaderError as error:
        raise _unreadable(error, data) from error
    except RecursionError as error:
        raise _too_deep() from error
    except UnicodeError as error:
        raise yaml.YAMLError("it has a character that is not Unicode text") from error
    except ValueError as error:
        said = "a number has too many digits" if "digits" in str(error) else str(error)
        raise yaml.YAMLError(f"a value is malformed: {said}") from error
    except (TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise yaml.YAMLError("a value does not have the type that its tag names, or cannot be a key") from error


def _place_inside(error: yaml.MarkedYAMLError, data: bytes | str) -> None:
    """Report what is missing at the end of a file for its last line, not for the line below."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    last = max(len(text.rstrip().splitlines()) - 1, 0)
    if error.problem_mark and error.problem_mark.line > last:
        error.problem_mark = yaml.Mark("", 0, last, 0, None, 0)


def _unreadable(error: yaml.reader.ReaderError, data: bytes | str) -> yaml.MarkedYAMLError:
    """An error with the line, instead of the offset, of a character that YAML does not allow."""
    before = data[: error.position]
    line = before.count(b"\n") if isinstance(before, bytes) else before.count("\n")
    odd = error.character if isinstance(error.character, int) else error.character[0]
    code = odd if isinstance(odd, int) else ord(odd)
    kind = "the byte" if code > _LAST_CONTROL else "the control character"
    problem = f"{kind} 0x{code:02x} is not text in UTF-8" if code > _LAST_CONTROL else f"it has {kind} 0x{code:02x}"
    return yaml.MarkedYAMLError(problem=problem, problem_mark=yaml.Mark("", 0, line, 0, None, 0))


_LAST_CONTROL = 0x7F


def located_message(error: yaml.YAMLError) -> str:
    """The parser's message in a few words, after the line if it is known."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    known = getattr(error, "problem", None) or getattr(error, "context", None)
    return f"line {mark.line + 1}: {short_message(error)}" if mark and known else message_of(error)


def error_line(error: yaml.YAMLError) -> int:
    """The line, counted from 1, at which the parser stopped."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return mark.line + 1 if mark else 1


def short_message(error: yaml.YAMLError) -> str:
    """The parser's message in a few words."""
    if _is_second_document(error):
        return "a second one begins there (---)"
    return getattr(error, "problem", None) or getattr(error, "context", None) or message_of(error)


def what_is_wrong(error: yaml.YAMLError) -> str:
    """What is wrong with a file, in words that follow its name."""
    if _is_second_document(error):
        return "is not one document"
    return "is larger than paved parses" if isinstance(error, YamlTooLarge) else "is not YAML"


def _is_second_document(error: yaml.YAMLError) -> bool:
    return getattr(error, "problem", None) == "but found another document"


def message_of(error: Exception) -> str:
    """The parser's whole message, on one line."""
    return " ".join(re.sub(r'in "<[^>]*>", line', "at line", str(error)).split())


def _constructed(loader: Loader, node: yaml.Node | None) -> Any:
    if node is None:
        return None
    _measure(node, {})
    return loader.construct_document(node)


def _measure(node: yaml.Node, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """The number of nodes that a node expands to with its aliases, and the depth of their nesting."""
    if id(node) in known:
        if known[id(node)] == _UNFINISHED:
            raise yaml.YAMLError("an alias is inside of the value that it names")
        return known[id(node)]
    known[id(node)] = _UNFINISHED
    count, depth = 1, 1
    if isinstance(node, yaml.CollectionNode):
        for item in node.value:
            for one in item if isinstance(item, tuple) else (item,):
                below, deep = _measure(one, known)
                count, depth = count + below, max(depth, deep + 1)
    if count > _MOST_NODES:
        raise _too_many()
    if depth > _DEEPEST:
        raise _too_deep()
    known[id(node)] = count, depth
    return count, depth


def _too_many() -> YamlTooLarge:
    return YamlTooLarge(f"it expands to more than {_MOST_NODES:,} values")


def _too_deep() -> YamlTooLarge:
    return YamlTooLarge(f"it is nested more than {_DEEPEST} deep")


_UNFINISHED = (0, 0)


# -- keys and their lines ----------------------------------------------------------------------------------------------

Path = tuple[str | int, ...]
"""The keys and positions that lead to a value: `("offroad", "longest")`, `("owners", "road", 0)`."""


def key_lines(text: str) -> dict[Path, int]:
    """The line of each key and item of a file, counted from 1. Raises `yaml.YAMLError`."""
    return {where: line for where, line, _ in _places(text)}


def duplicate_keys(text: str) -> Iterator[tuple[int, str, int]]:
    """The keys that a mapping has twice: the line, the key, and the line of its first occurrence.

    Keys below such a key are left out.
    """
    first: dict[Path, int] = {}
    doubled: set[Path] = set()
    for where, line, is_key in _places(text):
        inside = any(where[:depth] in doubled for depth in range(1, len(where)))
        if is_key and where in first and not inside:
            yield line, str(where[-1]), first[where]
            doubled.add(where)
        first.setdefault(where, line)


@dataclass(frozen=True, kw_only=True, slots=True)
class YamlDocument:
    """One document of a file of several."""

    data: Any
    line: int
    """Where its content begins, counted from 1."""
    lines: Mapping[Path, int]
    """The line of each key and item."""


def documents(text: str, loader: Any = Loader) -> list[YamlDocument]:
    """Every document of a file that is not empty, with its lines. Raises `yaml.YAMLError`."""
    found = []
    with _parsing(text):
        reading = _reading(text, loader)
        try:
            while reading.check_node():
                node = reading.get_node()
                data = _constructed(reading, node)
                if data is None:
                    continue
                places: list[tuple[Path, int, bool]] = []
                _walk(node, (), places, set())
                lines = {where: line for where, line, _ in places}
                found.append(YamlDocument(data=data, line=node.start_mark.line + 1, lines=lines))
        finally:
            reading.dispose()
    return found


def _places(text: str) -> list[tuple[Path, int, bool]]:
    """Every key and item: its path, its line, and whether it is a key. Unknown tags are allowed."""
    found: list[tuple[Path, int, bool]] = []
    with _parsing(text):
        reading = _reading(text, getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        try:
            while reading.check_node():
                _walk(reading.get_node(), (), found, set())
        finally:
            reading.dispose()
    return found


def _walk(node: yaml.Node, where: Path, found: list[tuple[Path, int, bool]], seen: set[int]) -> None:
    """Add the keys and items below a node. An alias is followed once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            found.append(((*where, position), item.start_mark.line + 1, False))
            _walk(item, (*where, position), found, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*where, str(key.value))
            found.append((inner, key.start_mark.line + 1, True))
            _walk(value, inner, found, seen)
