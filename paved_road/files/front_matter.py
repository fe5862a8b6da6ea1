"""YAML front matter in which every value knows its line, followed by prose.

Every scalar is read as the text that was written, as StrictYAML does: a release `1.10` stays `1.10`, and whoever reads
the data decides what is a date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from paved_road.files import yml

Path = tuple[str | int, ...]
"""Where a value is: `("scope", "paths", 0)`."""

_FENCE = re.compile(r"\A\ufeff?---[ \t]*\r?\n")
_END = re.compile(r"^(---|\.\.\.)[ \t]*\r?$", re.MULTILINE)


class Broken(ValueError):
    """A file that is not front matter and prose, and the line that shows it, counted from 1."""

    def __init__(self, text: str, *, line: int = 1) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file with front matter, taken apart."""

    text: str
    data: Mapping[str, Any]
    """The front matter."""
    lines: Mapping[Path, int]
    """The line of each value, counted from 1."""
    spans: Mapping[Path, tuple[int, int]]
    """Where each value begins and ends in `text`."""
    end: int
    """Where the front matter ends in `text`; new fields go here."""
    prose: str
    prose_line: int

    @property
    def last_line(self) -> int:
        """The line that ends the front matter."""
        return self.text.count("\n", 0, self.end) + 1

    def line(self, where: Path) -> int:
        """The line of a value, or of the nearest one around it."""
        around = (where[:depth] for depth in range(len(where), -1, -1))
        return next((self.lines[part] for part in around if part in self.lines), 1)


def parse(content: bytes) -> Document:
    """Take a file's content apart. Raises `Broken` if it is not front matter and prose."""
    if b"\0" in content:
        raise Broken("is a binary file")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Broken(f"is not UTF-8 (byte {error.start})", line=line) from error
    begin = _FENCE.match(text)
    if begin is None:
        raise Broken("has no front matter: the first line must be ---")
    end = _END.search(text, begin.end())
    if end is None:
        raise Broken("its front matter does not end: a line --- is missing")
    reader = _Reader(begin=begin.end(), first=text.count("\n", 0, begin.end()) + 1)
    data = reader.read(_front_matter(text[begin.end() : end.start()], reader.first), ())
    return Document(
        text=text, data=data, lines=reader.lines, spans=reader.spans, end=end.start(),
        prose=text[end.end() :], prose_line=text.count("\n", 0, end.end()) + 1,
    )  # fmt: skip


def _front_matter(text: str, first: int) -> yaml.MappingNode:
    """The node of the front matter, whose first line is `first`."""
    # libyaml counts a lone carriage return as a line's end too; Python's parser agrees with it.
    try:
        node = yml.compose(text, getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        if "mapping values are not allowed" in said:
            said += "; put quotes around a value that has a colon and a blank in it"
        raise Broken(f"is not YAML: {said}", line=first + (mark.line if mark else 0)) from error
    except yaml.YAMLError as error:
        raise Broken(f"{yml.what_is_wrong(error)}: {yml.message_of(error)}", line=first) from error
    if not isinstance(node, yaml.MappingNode):
        raise Broken("its front matter is not fields with values", line=first)
    return node


class _Reader:
    """Turns nodes into data, and remembers where each value is."""

    def __init__(self, *, begin: int, first: int) -> None:
        self.begin, self.first = begin, first
        self.lines: dict[Path, int] = {}
        self.spans: dict[Path, tuple[int, int]] = {}
        self._seen: set[int] = set()

    def read(self, node: yaml.Node, where: Path) -> Any:
        """The data of a node. Raises `Broken` for an alias, a key that is not a word, or a key written twice."""
        line = self.first + node.start_mark.line
        if id(node) in self._seen:
            raise Broken("anchors and aliases are not used in front matter", line=line)
        self._seen.add(id(node))
        self.lines[where] = line
        self.spans[where] = (self.begin + node.start_mark.index, self.begin + self._end(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*where, position)) for position, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        is_plain = isinstance(node, yaml.ScalarNode) and not node.style
        return None if is_plain and node.value in ("", "~", "null") else node.value

    def _mapping(self, node: yaml.MappingNode, where: Path) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key, value in node.value:
            line = self.first + key.start_mark.line
            if not isinstance(key, yaml.ScalarNode):
                raise Broken("a field's name must be a word", line=line)
            if key.value in fields:
                raise Broken(f"{key.value} is written twice", line=line)
            fields[key.value] = self.read(value, (*where, key.value))
            self.lines[(*where, key.value)] = line
        return fields

    def _end(self, node: yaml.Node) -> int:
        """Where a value ends. YAML ends a block where the next one starts, after comments that are not the block's."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1] if isinstance(last, tuple) else last)
        return int(node.end_mark.index)
