"""A default is shown as a person would type it: pressing Enter gives the same answer."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from paved_road.ask import lines
from paved_road.git.entries import File
from paved_road.render import config, environment
from paved_road.render.context import AnswerSources, Surroundings
from paved_road.render.prompts import Prompt
from paved_road.render.questions import settle

VALUES = {
    "yaml": ("2.20", "[a]", "yes", "", 2.2, True, None, date(2024, 1, 1), {"a": ["1", 1]}, {"s"}, float("inf"), "a\nb"),
    "json": ("x y", "3", 3, [1, "1"], {"a": None}, None, True),
    "str": ("2.20", "yes", "a b"),
    "int": (0, -3),
    "float": (0.1,),
    "bool": (True, False),
}


def asked(question: str, recorded: Any) -> Any:
    """The answer of a person who presses Enter."""
    files = {"copier.yml": File(f"q: {question}\n".encode())}
    template = config.load(files)
    around = Surroundings(destination=Path("/service"), source=Path("/road"), ref=None, commit=None)

    def enter(prompt: Prompt) -> Any:
        return prompt.accept(lines.meant_answer(prompt, lines.shown_default(prompt)))

    made = environment.make(template, files)
    return settle(template, made, around, AnswerSources(recorded={"q": recorded}), ask=enter).answered["q"]


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in VALUES.items() for value in values])
def test_enter_keeps_the_answer(kind: str, value: Any) -> None:
    found = asked(f"{{type: {kind}}}", value)
    assert (found, type(found)) == (value, type(value))


CHOICES = "choices: {number: 2.2, text: \"'2.20'\", list: '[a, b]', none: ~}"


@pytest.mark.parametrize("value", [2.2, "2.20", ["a", "b"]])
def test_enter_keeps_a_choice(value: Any) -> None:
    assert asked(f"{{type: yaml, {CHOICES}}}", value) == value


@pytest.mark.parametrize("value", [[], [2.2], ["2.20", ["a", "b"]]])
def test_enter_keeps_several_choices(value: Any) -> None:
    assert asked(f"{{type: yaml, multiselect: true, {CHOICES}}}", value) == value
