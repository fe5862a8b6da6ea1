"""What `paved off-road check` found, in the formats that machines and reviewers read.

Each module has one function from a `Checked` to text. An excuse is never told as a pass: it is a suppressed result in
SARIF, a skipped test in JUnit, a line of its own everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import cast

from paved_road.offroad.evaluation import Finding, Standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """How a service stands, and how strictly that is taken."""

    name: str
    """The service's."""
    prefix: str
    """Its folder in the repository, "" or ending in "/": annotations name paths of the repository."""
    standing: Standing
    strict: bool = False

    def fails(self, finding: Finding) -> bool:
        """Whether a finding is a failure here."""
        return self.strict or finding.state.fails

    @property
    def exit_code(self) -> int:
        """1 when anything fails."""
        return int(any(self.fails(one) for one in self.standing.findings))


class Format(StrEnum):
    """What `--format` takes, beside `text` and `json`, which the command line renders itself."""

    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


def render(checked: Checked, name: Format) -> str:
    """The findings in a format."""
    module = import_module(f"paved_road.offroad.formats.{name}")
    return cast("Callable[[Checked], str]", module.render)(checked)
