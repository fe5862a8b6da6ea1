"""A YAML file that an author wrote, and what is said about a line of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import yaml

from paved_road.files import yml
from paved_road.git.entries import File


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateFault:
    """One thing that is wrong, and where: the file by its path in the road, the line counted from 1."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file, and where in it each key stands."""

    path: str
    text: str
    lines: Mapping[yml.Path, int]

    @classmethod
    def of(cls, path: str, files: Mapping[str, File]) -> Self:
        """The file of that path; without lines where it is no YAML."""
        text = files[path].data.decode("utf-8", "replace")
        try:
            return cls(path=path, text=text, lines=yml.key_lines(text))
        except yaml.YAMLError:
            return cls(path=path, text=text, lines={})

    def line(self, *where: str | int) -> int:
        """The line of a key or an item, or of the nearest one around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def finding(self, text: str, *where: str | int) -> TemplateFault:
        """Something to say about a key or an item."""
        return TemplateFault(file=self.path, line=self.line(*where), text=text)

    def twice(self) -> list[TemplateFault]:
        """Keys that a mapping has twice: YAML takes the last, and nobody notices."""
        return [
            TemplateFault(
                file=self.path,
                line=line,
                text=f"{key!r} stands twice, on lines {first} and {line}; only the last one counts",
            )
            for line, key, first in (yml.duplicate_keys(self.text) if self.lines else ())
        ]
