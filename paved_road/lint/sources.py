"""A YAML file of a template, and faults at the lines of its keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import yaml

from paved_road.files import yml
from paved_road.git.entries import File


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateFault:
    """A fault and its place: the file's path in the road, and the line, counted from 1."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file, with the line of each key."""

    path: str
    text: str
    lines: Mapping[yml.Path, int]

    @classmethod
    def of(cls, path: str, files: Mapping[str, File]) -> Self:
        """The file at `path`; without lines if it is not valid YAML."""
        text = files[path].data.decode("utf-8", "replace")
        try:
            return cls(path=path, text=text, lines=yml.key_lines(text))
        except yaml.YAMLError:
            return cls(path=path, text=text, lines={})

    def line(self, *where: str | int) -> int:
        """The line of a key or an item, or of the nearest one around it."""
        return next((self.lines[where[:end]] for end in range(len(where), -1, -1) if where[:end] in self.lines), 1)

    def finding(self, text: str, *where: str | int) -> TemplateFault:
        """A fault at the line of a key or an item."""
        return TemplateFault(file=self.path, line=self.line(*where), text=text)

    def duplicate_keys(self) -> list[TemplateFault]:
        """Keys that a mapping has twice. YAML silently uses the last one."""
        return [
            TemplateFault(
                file=self.path,
                line=line,
                text=f"the key {key!r} is there twice, on lines {first} and {line}; only the last one counts",
            )
            for line, key, first in (yml.duplicate_keys(self.text) if self.lines else ())
        ]
