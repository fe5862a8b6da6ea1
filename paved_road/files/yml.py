"""YAML, read by libyaml where PyYAML was built with it: the same data in a tenth of the time.

What is read was written by strangers, so what aliases add up to and how deep it is nested have an end.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
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
    "YamlTooLarge",
    "compose",
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
"""Values that a document may stand for: nine lines of nine aliases each are 387 million."""
_DEEPEST = 100
"""Levels: Python's own limit for what walks through the data is a thousand calls."""


class YamlTooLarge(yaml.YAMLError):
    """It may be YAML, but paved does not read so much of it."""


def load(data: bytes | str, loader: Any = Loader) -> Any:
    """The one document of a file; raises `yaml.YAMLError`."""
    with _parsing(data):
        reading = _reading(data, loader)
        try:
            return _constructed(reading, reading.get_single_node())
        finally:
            reading.dispose()


def compose(text: str, loader: Any = Loader) -> yaml.Node | None:
    """The node of the one document of a text, which knows where it stands; raises `yaml.YAMLError`."""
    with _parsing(text):
        reading = _reading(text, loader)
        try:
            node: yaml.Node | None = reading.get_single_node()
            return node
        finally:
            reading.dispose()


def load_all(data: bytes | str, loader: Any = Loader) -> list[Any]:
    """Every document of a file; raises `yaml.YAMLError`."""
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
    """A loader that stops at too many values before it holds them all."""
    reading, values = loader(data), itertools.count(1)

    def count(*_: object) -> None:
        if next(values) > _MOST_NODES:
            raise _too_many()

    reading.descend_resolver = count  # what PyYAML and libyaml call for each value, for resolvers that we have not
    return reading


@contextlib.contextmanager
def _parsing(data: bytes | str) -> Iterator[None]:
    """Whatever PyYAML raises for a text that is not YAML is a `yaml.YAMLError`.

    Its constructors raise what Python does for a malformed scalar: `ValueError` for the date 2024-99-99,
    `AttributeError` for `!!timestamp x`, `KeyError` for `!!bool x`, `RecursionError` for a thousand brackets.
    Only a `ValueError` says so in words for people.
    """
    try:
        with limits.watched("a YAML file"):
            yield
    except LimitError as error:
        raise YamlTooLarge(error.message) from error
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in (error.problem or ""):  # libyaml's own limit
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
        raise yaml.YAMLError("a value is not of the type that its tag names, or is no key") from error


def _place_inside(error: yaml.MarkedYAMLError, data: bytes | str) -> None:
    """What is missing at the end of a file is told of its last line, and not of the one below."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    last = max(len(text.rstrip().splitlines()) - 1, 0)
    if error.problem_mark and error.problem_mark.line > last:
        error.problem_mark = yaml.Mark("", 0, last, 0, None, 0)


def _unreadable(error: yaml.reader.ReaderError, data: bytes | str) -> yaml.MarkedYAMLError:
    """The line of a character that no YAML has, in place of its position."""
    before = data[: error.position]
    line = before.count(b"\n") if isinstance(before, bytes) else before.count("\n")
    odd = error.character if isinstance(error.character, int) else error.character[0]
    code = odd if isinstance(odd, int) else ord(odd)
    kind = "the byte" if code > _LAST_CONTROL else "the control character"
    problem = f"{kind} 0x{code:02x} is not text in UTF-8" if code > _LAST_CONTROL else f"it has {kind} 0x{code:02x}"
    return yaml.MarkedYAMLError(problem=problem, problem_mark=yaml.Mark("", 0, line, 0, None, 0))


_LAST_CONTROL = 0x7F


def located_message(error: yaml.YAMLError) -> str:
    """What a parser says in a few words, after the line that it is about, where it knows one."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    known = getattr(error, "problem", None) or getattr(error, "context", None)
    return f"line {mark.line + 1}: {short_message(error)}" if mark and known else message_of(error)


def error_line(error: yaml.YAMLError) -> int:
    """The line, counted from 1, that a parser stopped on."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return mark.line + 1 if mark else 1


def short_message(error: yaml.YAMLError) -> str:
    """What a parser says in a few words."""
    if _is_second_document(error):
        return "a second one begins there (---)"
    return getattr(error, "problem", None) or getattr(error, "context", None) or message_of(error)


def what_is_wrong(error: yaml.YAMLError) -> str:
    """What is the matter with a file, in words that follow its name."""
    if _is_second_document(error):
        return "is not one document"
    return "is more than paved reads" if isinstance(error, YamlTooLarge) else "is not YAML"


def _is_second_document(error: yaml.YAMLError) -> bool:
    return getattr(error, "problem", None) == "but found another document"


def message_of(error: Exception) -> str:
    """What a parser says, on one line."""
    return " ".join(re.sub(r'in "<[^>]*>", line', "at line", str(error)).split())


def _constructed(loader: Loader, node: yaml.Node | None) -> Any:
    if node is None:
        return None
    _measure(node, {})
    return loader.construct_document(node)


def _measure(node: yaml.Node, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many nodes a node stands for, with every alias in it spelled out, and how deep they are nested."""
    if id(node) in known:
        if known[id(node)] == _UNFINISHED:
            raise yaml.YAMLError("an alias stands inside of what it names")
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
    return YamlTooLarge(f"it stands for more than {_MOST_NODES:,} values")


def _too_deep() -> YamlTooLarge:
    return YamlTooLarge(f"it is nested more than {_DEEPEST} deep")


_UNFINISHED = (0, 0)


# -- where things stand ------------------------------------------------------------------------------------------------

Path = tuple[str | int, ...]
"""Where a value is: `("offroad", "longest")`, `("owners", "road", 0)`."""


def key_lines(text: str) -> dict[Path, int]:
    """The line of each key and item of a file, counted from 1; raises `yaml.YAMLError`."""
    return {where: line for where, line, _ in _places(text)}


def duplicate_keys(text: str) -> Iterator[tuple[int, str, int]]:
    """The keys that a mapping has twice: the line, the key, and the line on which it stood first.

    What is inside of such a key stands twice, too, and is not told.
    """
    first: dict[Path, int] = {}
    doubled: set[Path] = set()
    for where, line, is_key in _places(text):
        inside = any(where[:depth] in doubled for depth in range(1, len(where)))
        if is_key and where in first and not inside:
            yield line, str(where[-1]), first[where]
            doubled.add(where)
        first.setdefault(where, line)


def _places(text: str) -> list[tuple[Path, int, bool]]:
    """Every key and item: where it is, its line, and whether it is a key. Any tag is taken."""
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
    """An alias is gone into once."""
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
