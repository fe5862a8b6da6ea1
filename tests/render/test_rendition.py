"""A rendition computes nothing before it is asked for, and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.errors import AnswerError
from paved_road.render import prepare
from paved_road.render.context import SettledAnswers
from paved_road.render.rendition import Rendition
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.templates import find_template
from paved_road.settings.config import load_config
from paved_road.testing import make_road

TEMPLATE = {
    "copier.yml": "_subdirectory: template\nname: {type: str, default: world}\n",
    "template/{{ name }}.txt.jinja": "hello {{ name }}\n",
}


@pytest.fixture
def asked() -> list[str]:
    """What was settled so far."""
    return []


@pytest.fixture
def rendition(tmp_path: Path, asked: list[str]) -> Rendition:
    config = load_config({"road": str(make_road(tmp_path / "road", TEMPLATE))})
    template = prepare(release(find_template(open_road(config), None)), cache=tmp_path / "cache")

    def settle() -> SettledAnswers:
        asked.append("settled")
        return template.settle(tmp_path / "hello", given={"name": "ann"})

    return Rendition(template=template, settle=settle, destination=tmp_path / "hello")


def test_answers_are_settled_when_first_needed_and_once(rendition: Rendition, asked: list[str]) -> None:
    assert asked == []
    assert rendition.tree["ann.txt"].data == b"hello ann\n"
    assert rendition.sources["ann.txt"] == "template/{{ name }}.txt.jinja"
    assert rendition.answers_place == ".copier-answers.yml"
    assert rendition.for_operation(rendition.operation, tasks=True).answers is rendition.answers
    assert asked == ["settled"]


def test_files_are_rendered_once(rendition: Rendition) -> None:
    assert rendition.pristine is rendition.pristine
    assert rendition.for_operation(rendition.operation) is rendition


def test_other_answers_make_another_rendition(rendition: Rendition) -> None:
    assert "bob.txt" in rendition.answered({"name": "bob"}).tree
    assert "eve.txt" in rendition.answered({"name": "bob"}, given={"name": "eve"}).tree
    assert "zoe.txt" in rendition.answered({}, defaults={"name": "zoe"}).tree
    assert "ann.txt" in rendition.tree


def test_a_release_that_does_not_take_the_answers_has_no_files(rendition: Rendition) -> None:
    refused = rendition.answered({}, given={"nam": "ann"})
    with pytest.raises(AnswerError):
        _ = refused.pristine
    assert refused.if_renderable() is None
