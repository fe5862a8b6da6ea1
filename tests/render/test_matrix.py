"""Both renderers make the same of every template, byte for byte and mode for mode; or ours says that it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.errors import PavedError, UnsupportedTemplate
from paved_road.testing import make_road
from tests.render.conftest import copiers, ours, write
from tests.render.matrix import CASES, WRONG


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.ours])
def test_both_renderers_make_the_same(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    template = write(case, tmp_path / "template")
    for number, answers in enumerate(case.answers):
        reference = copiers(template, answers, tmp_path / str(number) / "service")
        mine = ours(template, answers, tmp_path / "mine" / "service")
        if not any(path.endswith("answers.yml") for path in reference):
            mine.pop(".copier-answers.yml", None)
        assert {path: (file.mode, file.data) for path, file in mine.items()} == {
            path: (file.mode, file.data) for path, file in reference.items()
        }


@pytest.mark.parametrize("name", ["facts", "modes", "symlink-followed", "symlink-executable", "symlink-kept"])
def test_both_renderers_make_the_same_of_a_tagged_release(name: str, tmp_path: Path) -> None:
    template = write(CASES[name], tmp_path / "template")
    make_road(template, {})
    reference = copiers(template, {}, tmp_path / "reference" / "service")
    assert ours(template, {}, tmp_path / "mine" / "service") == reference


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.ours])
def test_what_ours_does_not_cover_it_refuses(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    template = write(case, tmp_path / "template")
    with pytest.raises(UnsupportedTemplate):
        ours(template, case.answers[0], tmp_path / "service")
    assert copiers(template, case.answers[0], tmp_path / "service")


@pytest.mark.parametrize("name", WRONG)
def test_both_renderers_refuse_the_same(name: str, tmp_path: Path) -> None:
    case = WRONG[name]
    template = write(case, tmp_path / "template")
    with pytest.raises(PavedError):
        ours(template, case.answers[0], tmp_path / "service")
    with pytest.raises(Exception):  # noqa: B017, PT011 - Copier raises this and that
        copiers(template, case.answers[0], tmp_path / "service")
