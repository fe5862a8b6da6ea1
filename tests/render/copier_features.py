"""Every name that Copier's documentation gives its users, and what becomes of it here: the specification as data.

`docs/reference/copier.md` is made of these rows, and `test_copier_features.py` holds each of them against Copier.
A name that Copier has and no row has fails a test, so a new version of Copier shows what is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.render.matrix import Case


class Verdict(StrEnum):
    """What becomes of a feature of Copier's."""

    OURS = "ours, verified"
    COPIER = "goes through Copier"
    DIFFERS = "differs on purpose"

    @property
    def meaning(self) -> str:
        """What the reader of the page may rely on."""
        return _MEANINGS[self]


_MEANINGS = {
    Verdict.OURS: "paved's own code does it; a test compares the result with Copier's, byte for byte.",
    Verdict.COPIER: "Copier itself renders the templates that use it; a test compares the result.",
    Verdict.DIFFERS: "The row says how and why; a test checks what paved does or says instead.",
}


class Part(StrEnum):
    """Where Copier's documentation has it."""

    SETTING = "Settings in `copier.yml`"
    QUESTION = "Keys of a question"
    TYPE = "Types of a question"
    FILES = "The template's files"
    VARIABLE = "Variables"
    CONF = "Attributes of `_copier_conf`"
    JINJA = "Jinja"
    SOURCE = "Where a template comes from"
    PERSON = "Copier's own settings file"
    COMMAND = "Commands"
    OPTION = "Options"


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """One row: a name of Copier's, the verdict, and what proves it."""

    part: Part
    name: str
    verdict: Verdict = Verdict.OURS
    note: str = ""
    """For the reader of the page; where the verdict is that it differs, how and why."""
    case: Case | None = None
    """A small template and answers: both render it, and make the same."""
    makes: Mapping[str, str] = field(default_factory=dict)
    """Files that the first answers make, so that two empty results are no proof."""
    trust: bool = False
    says: str = ""
    """Part of what paved says where Copier goes on."""
    both_refuse: bool = False
    """Copier refuses the template, too."""
    shape: str = ""
    """The shape (`tests/render/shapes.py`) whose test proves it over an update."""
    typed: str = ""
    """What people type here, for a command or an option."""
    same: tuple[Mapping[str, Any], tuple[str, ...]] | None = None
    """Arguments of Copier's `run_copy`, and the words after `paved new` that do the same."""
    proof: str = ""
    """The name of the test that proves it, when it needs more than one template."""


def features() -> tuple[Feature, ...]:
    """Every row, in the order of the page."""
    from tests.render import command_features, template_features

    return (*template_features.ROWS, *command_features.ROWS)
