"""A question as a person is asked it, and the interface of whoever asks."""

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
    """A value that is never an answer."""


MISSING: Final = _Mark()
"""Stands for the default of a question that has no default."""

NOT_ASKED: Final = _Mark()
"""Stands for an answer: nobody was asked, so the default applies as it does without a terminal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One selectable answer; `refused` says why it cannot be selected, or is empty."""

    label: str
    value: Any
    refused: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """One question as a person is asked it."""

    name: str
    type: str
    help: str
    default: Any
    choices: tuple[Choice, ...]
    multiselect: bool
    secret: bool
    accept: Callable[[Any], Any]
    """Converts what the person typed to the answer. Raises `AnswerError` if it is not valid."""
    placeholder: str = ""
    """An example of an answer, for a question without a default."""
    multiline: bool = False
    """Whether the answer may have several lines."""

    @property
    def typed(self) -> str | None:
        """The default as a person would type it; None if there is none."""
        if self.default is MISSING:
            return None
        if self.type == "bool":
            return "yes" if self.default else "no"
        return str(as_text(self.default, self.type))


Ask = Callable[[Prompt], Any]
"""Answers one question: returns what its `accept` returned, or `NOT_ASKED`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """The template and the service that an interview is about, and which questions may be asked."""

    destination: Path
    road: str
    template: str
    questions: tuple[str, ...]
    """The questions that a person may be asked, in the template's order."""
    required: frozenset[str]
    """Those of `questions` that have no default."""
    secret: frozenset[str]
    first: tuple[str, ...]
    """The questions that the template wants asked first; empty if it does not say."""
    cache: Path


class Interview(Protocol):
    """Lets a person answer a template's questions."""

    def __call__(self, topic: Topic, settle: Callable[[Ask], SettledAnswers], /) -> SettledAnswers:
        """Call `settle`, again each time the person goes back, and return its last result."""


def as_text(value: Any, kind: str) -> Any:
    """The text that a question of this type parses to `value`; `value` itself if the type is not parsed."""
    if kind == "json":
        return json.dumps(value)
    if kind == "yaml":
        text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=2**31)
        return text.removesuffix("\n").removesuffix("\n...")
    return value
