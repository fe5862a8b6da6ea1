"""The order of questions: whatever is asked first, a person who answers the same is recorded the same."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paved_road.ask.interview import AnswersSoFar, Back, Declined, Question, Row, Talk
from paved_road.errors import AnswerError
from paved_road.git.entries import File
from paved_road.render import config, environment
from paved_road.render.context import AnswerSources, SettledAnswers, Surroundings
from paved_road.render.prompts import Ask, Topic
from paved_road.render.questions import settle

QUESTIONS = """\
name: {type: str, default: a}
package: {type: str, default: "{{ name }}_p"}
deploy: {type: str, choices: [cloud, none], default: cloud}
rollout: {type: str, when: "{{ deploy == 'cloud' }}", default: "{{ package }}-slow"}
size: {type: int, default: "{{ name|length }}", validator: "{% if size > 3 %}at most 3{% endif %}"}
flags: {type: str, multiselect: true, choices: [x, y], default: [x]}
need: {type: str}
"""
NAMES = ("name", "package", "deploy", "rollout", "size", "flags", "need")
FILES = {"copier.yml": File(QUESTIONS.encode())}


@functools.cache
def parts() -> tuple[Any, Any]:
    template = config.load(FILES)
    return template, environment.make(template, FILES)


def settling() -> Callable[[Ask], SettledAnswers]:
    template, made = parts()
    around = Surroundings(destination=Path("/service"), source=Path("/road"), ref=None, commit=None)
    return lambda ask: settle(template, made, around, AnswerSources(), ask=ask)


def topic(*first: str) -> Topic:
    return Topic(
        destination=Path("/service"), road="r", template="t", questions=NAMES, required=frozenset({"need"}),
        secret=frozenset(), first=first, cache=Path("/nowhere"),
    )  # fmt: skip


class Scripted:
    """A person who knows some answers by name and takes the default for all else, after trying what is written."""

    def __init__(self, answers: dict[str, Any], *, others: bool = True, script: Sequence[Any] = ()) -> None:
        self.answers, self.others, self.script = answers, others, list(script)
        self.asked: list[str] = []
        self.places: list[str] = []
        self.rows: list[Row] = []

    def ask(self, question: Question) -> Any:
        prompt = question.prompt
        self.asked.append(prompt.name or prompt.help)
        self.places.append(question.place)
        if self.script and self.script[0][0] == (prompt.name or prompt.help):
            _, what = self.script.pop(0)
            if what is Back:
                raise Back
            return prompt.accept(what)
        if not prompt.name:
            return self.others if prompt.type == "bool" else prompt.accept("")
        for value in (self.answers.get(prompt.name, prompt.typed), prompt.typed, "1"):
            try:
                return prompt.accept(value)
            except AnswerError:
                continue
        raise AssertionError(f"no answer to {prompt.name}")

    def show(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)


ANSWERS = st.fixed_dictionaries(
    {"need": st.sampled_from(["n", "m"])},
    optional={
        "name": st.sampled_from(["a", "bb", "long"]),
        "package": st.sampled_from(["p", "q"]),
        "deploy": st.sampled_from(["cloud", "none"]),
        "rollout": st.just("fast"),
        "size": st.just("3"),  # none of its defaults: an answer that is the default follows it
        "flags": st.sampled_from([[], ["y"], ["x", "y"]]),
    },
)


@given(answers=ANSWERS, first=st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
def test_what_comes_first_changes_no_answer(answers: dict[str, Any], first: list[str]) -> None:
    in_order = Talk(topic(), Scripted(answers), AnswersSoFar()).hold(settling())
    few_first = Talk(topic(*first), Scripted(answers), AnswersSoFar()).hold(settling(), review="Write it?")
    assert few_first.answered == in_order.answered
    assert few_first.hidden == in_order.hidden


@given(answers=ANSWERS, steps=st.lists(st.sampled_from(NAMES[1:]), max_size=4))
def test_going_back_changes_no_answer(answers: dict[str, Any], steps: list[str]) -> None:
    plain = Talk(topic(), Scripted(answers), AnswersSoFar()).hold(settling())
    script = [(name, Back) for name in sorted(steps, key=NAMES.index)]
    again = Talk(topic(), Scripted(answers, script=script), AnswersSoFar()).hold(settling())
    assert again.answered == plain.answered


@given(answers=ANSWERS, first=st.lists(st.sampled_from(NAMES), unique=True), others=st.booleans())
def test_answers_that_are_kept_are_not_asked_again(answers: dict[str, Any], first: list[str], others: bool) -> None:
    before = Talk(topic(*first), Scripted(answers, others=others), AnswersSoFar())
    settled = before.hold(settling())
    person = Scripted({}, others=not others)
    assert Talk(topic(*first), person, before.everything()).hold(settling()).answered == settled.answered
    assert person.asked == []


def test_without_customising_the_others_have_the_defaults_that_copier_gives() -> None:
    person = Scripted({"name": "bb", "need": "n"}, others=False)
    settled = Talk(topic("name"), person, AnswersSoFar()).hold(settling(), review="Write it?")
    assert person.asked == ["name", "need", "Customise the other five?", "Write it?"]
    assert person.places == ["1/2", "2/2", "", ""]
    assert settled.answered == settle(
        *parts(), Surroundings(destination=Path("/service"), source=Path("/road"), ref=None, commit=None),
        AnswerSources(given={"name": "bb", "need": "n"}),
    ).answered  # fmt: skip
    assert settled.asked == {"name", "need"}, "what nobody was asked is a default"


def test_a_default_that_an_answer_makes_invalid_is_asked_for() -> None:
    person = Scripted({"name": "long", "need": "n"}, others=False)
    settled = Talk(topic("name"), person, AnswersSoFar()).hold(settling())
    assert person.asked == ["name", "size", "need", "Customise the other four?"]
    assert settled.answered["size"] == 1


def test_a_change_in_the_review_recomputes_what_was_a_default_and_keeps_what_was_typed() -> None:
    person = Scripted({"rollout": "fast", "need": "n"}, script=[("Write it?", "name"), ("name", "bb")])
    settled = Talk(topic(), person, AnswersSoFar()).hold(settling(), review="Write it?")
    assert (settled.answered["name"], settled.answered["package"], settled.answered["rollout"]) == (
        "bb",
        "bb_p",
        "fast",
    )
    assert [row.answer for row in person.rows] == ["bb", "bb_p", "cloud", "fast", "2", "x", "n"]


def test_who_goes_back_twice_is_offered_the_new_default_and_what_was_typed() -> None:
    script = [
        ("name", "a"), ("package", "a_p"), ("deploy", "none"), ("size", Back), ("deploy", Back), ("package", Back),
        ("name", "bb"),
    ]  # fmt: skip
    settled = Talk(topic(), Scripted({"need": "n"}, script=script), AnswersSoFar()).hold(settling())
    assert (settled.answered["name"], settled.answered["package"], settled.answered["deploy"]) == ("bb", "bb_p", "none")


def test_a_default_can_be_changed_in_the_review() -> None:
    script = [("Write it?", "2"), ("package", "mine")]
    person = Scripted({"need": "n"}, others=False, script=script)
    settled = Talk(topic("name"), person, AnswersSoFar()).hold(settling(), review="Write it?")
    assert settled.answered["package"] == "mine"


def test_no_in_the_review_ends_it() -> None:
    with pytest.raises(Declined):
        Talk(topic(), Scripted({"need": "n"}, script=[("Write it?", "no")]), AnswersSoFar()).hold(
            settling(), review="Write it?"
        )
