"""What is typed at a list of choices."""

from __future__ import annotations

from typing import Any

import pytest

from paved_road.ask.choosing import Menu
from paved_road.errors import AnswerError
from paved_road.render.prompts import MISSING, Choice, Prompt


def menu(choices: dict[str, Any], *, several: bool = False, default: Any = MISSING, refused: str = "") -> Menu:
    found = tuple(
        Choice(label=label, value=value, refused="gone" if label == refused else "") for label, value in choices.items()
    )
    return Menu(
        Prompt(
            name="q", type="yaml", help="", default=default, choices=found, multiselect=several, secret=False,
            accept=lambda value: value,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("choices", "typed", "answer"),
    [
        ({"Low": 2, "High": 1}, "1", 1),
        ({"1": 10, "10": 20}, "10", 20),
        ({"1": 10, "10": 20}, "1", 10),
        ({"a": "x", "A": "y"}, "A", "y"),
        ({"GitHub Actions": "github", "GitLab CI": "gitlab"}, "gitl", "gitlab"),
        ({"GitHub Actions": "github", "GitLab CI": "gitlab"}, "ci", "gitlab"),
        ({"one": 1, "two": None}, "two", None),
    ],
)
def test_a_label_goes_before_a_value_and_all_of_it_before_its_beginning(
    choices: dict[str, Any], typed: str, answer: Any
) -> None:
    found = menu(choices)
    for letter in typed:
        found.type(letter) if letter != " " else found.space()
    assert found.enter() == answer


@pytest.mark.parametrize("typed", ["3", "zz", "usines"])
def test_what_means_no_choice_is_refused_and_forgotten(typed: str) -> None:
    found = menu({"Business": "b", "Standard": "s"})
    found.type(typed)
    with pytest.raises(AnswerError, match=f"no choice is called {typed}"):
        found.enter()
    assert found.typed == ""


def test_a_refused_choice_is_passed_over_and_cannot_be_taken() -> None:
    found = menu({"a": 1, "b": 2, "c": 3}, refused="b")
    found.move(1)
    assert found.pointed == 2
    found.type("b")
    with pytest.raises(AnswerError) as refusal:
        found.enter()
    assert refusal.value.cause == "gone"


def test_where_nothing_can_be_chosen_nothing_is() -> None:
    found = menu({"a": 1}, refused="a")
    found.move(1)
    with pytest.raises(AnswerError):
        found.enter()


def test_several_are_checked_by_space_by_label_or_by_a_list() -> None:
    found = menu({"Red hat": 1, "Blue": 2, "Green": 3}, several=True, default=[2])
    found.move(-1)
    found.space()
    for letter in "Red":
        found.type(letter)
    found.space()
    found.type("hat")
    assert found.enter() is MISSING
    assert found.enter() == [1, 2]
    found.type("Blue, Green")
    assert found.enter() is MISSING
    assert found.enter() == [1, 2, 3]


def test_true_is_not_one() -> None:
    assert menu({"yes": True, "one": 1}, default=1).enter() == 1
