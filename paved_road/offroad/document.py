"""A deviation's file: YAML front matter, and then prose.

An edit replaces only the characters of the values that it changes, so comments, quotes, spacing and prose stay as the
person left them, byte for byte.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from paved_road.files.front_matter import Broken, Document, Path, parse

__all__ = ["SECTIONS", "Broken", "Document", "Path", "dump", "edit", "missing_sections", "parse"]

SECTIONS = ("Context", "Decision", "Consequences", "Way back")
"""The headings of the argument."""


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
