"""The documentation holds: what it tells people to type exists, and its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from paved_road.cli import app

PROJECT = Path(__file__).parent.parent
MAKEFILES = ("Makefile", "templates/service/template/Makefile.jinja")
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_what_a_page_tells_people_to_type_exists(page: Path) -> None:
    makefiles = "".join((PROJECT / path).read_text() for path in MAKEFILES)
    for line in _typed(page.read_text()):
        words = shlex.split(line, comments=True)
        for command in split_commands(words):
            if command[:1] == ["paved"]:
                assert unknown_words(command) == [], line
            if command[:1] == ["make"] and page.parent == PROJECT:
                assert re.search(rf"^{command[1]}:", makefiles, re.MULTILINE), line


def test_a_command_that_does_not_exist_is_found() -> None:
    assert unknown_words(["paved", "new", "orders", "--nonsense"]) == ["--nonsense"]
    assert unknown_words(["paved", "nonsense"]) == ["nonsense"]
    assert unknown_words(["paved", "config", "nonsense"]) == ["nonsense"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def _typed(text: str) -> list[str]:
    """The lines of console blocks that a person types, after the prompt where one is shown."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        lines = block.splitlines()
        prompted = any(line.startswith("$ ") for line in lines)
        found += [line.removeprefix("$ ") for line in lines if line.startswith("$ ") or not prompted]
    return found


def split_commands(words: list[str]) -> list[list[str]]:
    """The commands of a line."""
    commands: list[list[str]] = [[]]
    for word in words:
        if word in ("&&", "&", "|", ";"):
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def unknown_words(words: list[str]) -> list[str]:
    """Commands and options among the words that paved does not have."""
    command: Any = _root()
    rest = words[1:]
    while rest and hasattr(command, "commands"):
        if rest[0].startswith("-"):
            break
        if rest[0] not in command.commands:
            return [rest[0]]
        command, rest = command.commands[rest[0]], rest[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    given = {word.split("=")[0] for word in rest if word.startswith("-") and word != "-"}
    return sorted(given - options - {"--help"})


def _root() -> Any:
    return typer.main.get_command(app)
