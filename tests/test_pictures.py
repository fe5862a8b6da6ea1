"""The pictures of a terminal in the documentation show what paved prints today: `make pictures` draws them again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import pictures

SHOWN_IN = [Path(__file__).parent.parent / "README.md", *pictures.PICTURES.parent.rglob("*.md")]


@pytest.mark.parametrize("name", pictures.SCENES)
def test_a_picture_shows_what_paved_prints_today(name: str) -> None:
    committed = (pictures.PICTURES / f"terminal-{name}.svg").read_text()
    assert _without_numbers(pictures.text_of(committed)) == _without_numbers(pictures.text_of(pictures.picture(name)))


@pytest.mark.parametrize("name", pictures.SCENES)
def test_a_picture_shows_every_command_of_its_scene_and_is_shown_somewhere(name: str) -> None:
    path = pictures.PICTURES / f"terminal-{name}.svg"
    prompts = [line.removeprefix("$ ") for line in pictures.text_of(path.read_text()) if line.startswith("$ ")]
    assert prompts == [command.split(" && ")[-1] for command in pictures.SCENES[name].commands]
    assert any(f"/{path.name})" in page.read_text() for page in SHOWN_IN)


def _without_numbers(lines: list[str]) -> list[str]:
    """Versions and numbers of files change with every release of the template."""
    return [re.sub(r"\d+", "N", line) for line in lines]
