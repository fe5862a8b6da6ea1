"""A question as it is put to a person, and who puts it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import yaml

if TYPE_CHECKING:
    from paved_road.render.context import SettledAnswers


class _Mark:
    """A value that no answer has."""


MISSING: Final = _Mark()
"""The default of a question that has none."""

NOT_ASKED: Final = _Mark()
"""Instead of an answer: nobody was asked, so the default is in force as it is where there is no terminal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One selectable answer; `refused` says why it cannot be selected, or is empty."""

    label: str
    value: Any
    refused: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """One question as it is put to a person."""

    name: str
    type: str
    help: str
    default: Any
    choices: tuple[Choice, ...]
    multiselect: bool
    secret: bool
    accept: Callable[[Any], Any]
    """Turns what was typed into the answer; raises `AnswerError` when it is not one."""
    placeholder: str = ""
    """An example of an answer, for a question without a default."""
    multiline: bool = False
    """Whether the answer may have several lines."""

    @property
    def typed(self) -> str | None:
        """The default as a person would type it; None when there is none."""
        if self.default is MISSING:
            return None
        if self.type == "bool":
            return "yes" if self.default else "no"
        return str(as_text(self.default, self.type))


Ask = Callable[[Prompt], Any]
"""Answers one question: with what its `accept` returned, or with `NOT_ASKED`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """What a template's questions are about."""

    destination: Path
    road: str
    template: str
    questions: tuple[str, ...]
    """Those that may have to be asked, in the template's order."""
    required: frozenset[str]
    """Those of them that have no default."""
    secret: frozenset[str]
    first: tuple[str, ...]
    """Those that the template wants asked before the others; none where all are asked alike."""
    cache: Path


class Interview(Protocol):
    """Has a template's questions answered by a person."""

    def __call__(self, topic: Topic, settle: Callable[[Ask], SettledAnswers], /) -> SettledAnswers:
        """Call `settle`, more than once where the person goes back, and return what it returned at last."""


def as_text(value: Any, kind: str) -> Any:
    """The text that a question of this type parses to `value`; `value` itself where a type parses nothing."""
    if kind == "json":
        return json.dumps(value)
    if kind == "yaml":
        text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=2**31)
        return text.removesuffix("\n").removesuffix("\n...")
    return value
