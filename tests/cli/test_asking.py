"""What a person types at a question with choices, on a real pseudo-terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from paved_road.testing import make_road
from tests.terminal import on_a_terminal


def asked(folder: Path, question: str, *typed: str) -> tuple[Any, str]:
    """The answer that is recorded, and what the terminal showed."""
    files = {
        "copier.yml": f"q: {question}\n",
        "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
    }
    road = make_road(folder / "road", files)
    command: list[str | Path] = [sys.executable, "-m", "paved_road", "new", folder / "svc", "--road", road]
    code, shown = on_a_terminal(command, folder, [*typed, ""])
    assert code == 0, shown
    return yaml.safe_load((folder / "svc/.copier-answers.yml").read_text())["q"], shown


@pytest.mark.parametrize(
    ("question", "typed", "answer"),
    [
        ("{type: int, choices: [3, 2, 1]}", "1", 1),
        ('{type: str, choices: ["3", "2", "1"]}', "3", "3"),
        ("{type: int, choices: {Low: 2, High: 1}}", "1", 1),
        ("{type: int, choices: {Low: 2, High: 1}}", "Low", 2),
        ("{type: int, choices: {2: 10, 1: 20}}", "1", 20),
        ('{type: str, multiselect: true, choices: ["3", "2", "1"]}', "1, 3", ["3", "1"]),
        ("{type: int, multiselect: true, choices: {Low: 2, High: 1}}", "1", [1]),
        ("{type: float, choices: [2.5, 1.5]}", "1.5", 1.5),
        ("{type: str, choices: [b, a]}", "1", "b"),
        ("{type: str, choices: [b, a]}", "a", "a"),
        ('{type: str, multiselect: true, choices: {"x, y": one, z: two}}', "x, y", ["one"]),
        ('{type: str, multiselect: true, default: [one], choices: {"x, y": one, z: two}}', "", ["one"]),
        ("{type: str, multiselect: true, default: [a], choices: [b, a]}", "[]", []),
        ("{type: int, default: 2, choices: [3, 2, 1]}", "", 2),
    ],
)
def test_what_is_typed_is_what_is_meant(tmp_path: Path, question: str, typed: str, answer: Any) -> None:
    found, shown = asked(tmp_path, question, typed)
    assert found == answer, shown


def test_a_number_that_is_no_choice_is_refused_where_choices_are_numbers(tmp_path: Path) -> None:
    found, shown = asked(tmp_path, "{type: int, choices: [30, 20, 10]}", "1", "20")
    assert found == 20
    assert "- 30" in shown
    assert "choose from 30, 20, 10" in shown
    assert "type the label of a choice" in shown


def test_choices_that_are_words_have_numbers(tmp_path: Path) -> None:
    found, shown = asked(tmp_path, "{type: str, choices: [b, a]}", "3", "2")
    assert found == "a"
    assert "2. a" in shown
    assert "type the number or the label of a choice" in shown


def test_a_blank_is_no_choice_of_several_and_none_can_be_chosen(tmp_path: Path) -> None:
    found, shown = asked(tmp_path, "{type: str, multiselect: true, choices: [b, a]}", "", "[]")
    assert found == []
    assert "nothing was typed" in shown
    assert "[] for none" in shown
