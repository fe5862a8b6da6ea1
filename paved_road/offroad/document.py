"""A deviation's file: YAML front matter, where every value knows its line, and then prose.

Every scalar is read as the text that was written, as StrictYAML does: a release `1.10` stays `1.10`, and the model
decides what is a date. An edit replaces only the characters of the values that it changes, so comments, quotes,
spacing and prose stay as the person left them, byte for byte.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from paved_road.files import yml

Path = tuple[str | int, ...]
"""Where a value is: `("scope", "paths", 0)`."""

SECTIONS = ("Context", "Decision", "Consequences", "Way back")
"""The headings of the argument."""

_FENCE = re.compile(r"\A\ufeff?---[ \t]*\r?\n")
_END = re.compile(r"^(---|\.\.\.)[ \t]*\r?$", re.MULTILINE)


class Broken(ValueError):
    """A file that is not a deviation, and the line that shows it, counted from 1."""

    def __init__(self, text: str, *, line: int = 1) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A deviation's file, taken apart."""

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
        raise Broken("is a binary file; only deviations belong here")
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
            raise Broken("anchors and aliases are not used in deviations", line=line)
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


# -- writing ---------------------------------------------------------------------------------------------------------


def edit(document: Document, changes: Mapping[Path, Any]) -> bytes:
    """The file with these values changed. A field that it does not have yet is added at the end of the front matter.

    Raises `Broken` if the front matter cannot be edited in place, for example because it is all on one line.
    """
    newline = "\r\n" if "\r\n" in document.text[: document.end] else "\n"
    at_end = (document.end, document.end)
    text = document.text
    for where in sorted(changes, key=lambda where: document.spans.get(where, at_end), reverse=True):
        start, end = document.spans.get(where, at_end)
        new = dump(changes[where], indent=len(where)).replace("\n", newline)
        if where not in document.spans:
            new = f"{where[0]}:{new}{newline}"
        elif isinstance(changes[where], Mapping | list):
            start = len(text[:start].rstrip(" \t\r\n"))
        elif start != end:
            new = new.removeprefix(" ")
        text = text[:start] + new + text[end:]
    content = text.encode()
    with contextlib.suppress(Broken):
        if parse(content).data == _changed(document.data, changes):
            return content
    raise Broken("its front matter cannot be edited in place: write one field on a line")


def _changed(data: Mapping[str, Any], changes: Mapping[Path, Any]) -> Any:
    wanted = copy.deepcopy(dict(data))
    for where, value in changes.items():
        inside: Any = wanted
        for step in where[:-1]:
            inside = inside[step]
        inside[where[-1]] = value
    return wanted


def dump(value: Any, *, indent: int = 0) -> str:
    """A value as YAML after a field's colon, with the space or line end before it."""
    if isinstance(value, Mapping) and value:
        pad = "  " * indent
        return "".join(f"\n{pad}{_scalar(key)}:{dump(inner, indent=indent + 1)}" for key, inner in value.items())
    if isinstance(value, list) and value:
        pad = "  " * indent
        return "".join(f"\n{pad}- {_scalar(item)}" for item in value)
    if value is None:
        return ""
    return f" {_scalar(value)}" if not isinstance(value, Mapping | list) else " {}" if value == {} else " []"


def _scalar(value: object) -> str:
    """A scalar as YAML: plain if every version of YAML reads it as this text, else quoted as in JSON."""
    text = str(value)
    plain = re.fullmatch(r"[A-Za-z0-9/][A-Za-z0-9 ,;()'/+=@._-]*(?<! )", text)
    special = re.fullmatch(r"(?i)null|true|false|yes|no|on|off|y|n", text)
    return text if plain and not special else json.dumps(text, ensure_ascii=False)


def missing_sections(document: Document) -> list[tuple[int, str]]:
    """The parts of the argument that are missing or empty, each with the line to write at."""
    prose = _without_comments(document.prose)
    headings = list(re.finditer(r"^## (.*)$", prose, re.MULTILINE))
    ends = [*(heading.start() for heading in headings[1:]), len(prose)]
    written: dict[str, tuple[int, str]] = {}
    for heading, end in zip(headings, ends, strict=False):
        line = document.prose_line + prose.count("\n", 0, heading.start())
        written[heading[1].strip().lower()] = (line, prose[heading.end() : end].strip())
    nowhere = (document.prose_line, "")
    argument = [(name, *written.get(name.lower(), nowhere)) for name in SECTIONS]
    return [(line, name) for name, line, body in argument if not body]


def _without_comments(prose: str) -> str:
    """The prose without HTML comments, and with the same lines.

    No regular expression: for each of many comments that never end, it would search the whole rest of the file.
    """
    kept, at = list[str](), 0
    while (start := prose.find("<!--", at)) >= 0 and (end := prose.find("-->", start)) >= 0:
        kept += [prose[at:start], "\n" * prose.count("\n", start, end)]
        at = end + len("-->")
    return "".join([*kept, prose[at:]])
