"""A service's files, as static checks read them: the text of each, read once and within limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from paved_road.check.model import NotApplicable, Subject

if TYPE_CHECKING:
    from paved_road.check.contract.model import RunContract


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceFiles:
    """The text files of a service."""

    subject: Subject
    texts: Mapping[str, str] = field(default_factory=dict)
    """The content of each file by its path from the service's folder."""
    contract: RunContract | None = None
    """How the service is run, when it says so."""

    def matching(self, *patterns: str) -> list[str]:
        """The paths that match one of the patterns, sorted. `*` also matches slashes: `deploy/*.yaml`."""
        return sorted(path for path in self.texts if any(fnmatchcase(path, pattern) for pattern in patterns))

    def needed(self, *patterns: str, what: str) -> list[str]:
        """`matching`, for a practice that says nothing about a service without such files. Raises `NotApplicable`."""
        if not (paths := self.matching(*patterns)):
            raise NotApplicable(f"the service has no {what}")
        return paths

    def line(self, path: str, pattern: str) -> int:
        """The first line of a file that matches a regular expression; 1 if none does."""
        lines = self.texts[path].splitlines()
        return next((number for number, line in enumerate(lines, 1) if re.search(pattern, line)), 1)
