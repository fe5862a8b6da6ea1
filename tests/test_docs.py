"""The documentation holds: it builds, it covers every command, and what it tells people to type exists."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from paved_road.cli import app
from paved_road.testing import run

PROJECT = Path(__file__).parent.parent
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").rglob("*.md"))]


def test_the_site_builds_without_a_warning_and_knows_every_command(tmp_path: Path) -> None:
    done = run(
        sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path, cwd=PROJECT,
        env={"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "reference" / "cli.html").read_text()
    for name in _names(_root(), "paved"):
        assert f'id="{name.replace(" ", "-")}"' in reference, name


def test_the_site_fetches_nothing(tmp_path: Path) -> None:
    run(sys.executable, "-m", "mkdocs", "build", "--site-dir", tmp_path, cwd=PROJECT, env={"NO_MKDOCS_2_WARNING": "1"})
    page = (tmp_path / "index.html").read_text()
    fetched = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(https?:[^"]*)"', page)
    assert fetched == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_what_a_page_tells_people_to_type_exists(page: Path) -> None:
    for line in _typed(page.read_text()):
        words = shlex.split(line, comments=True)
        for command in _split(words):
            if command[:1] == ["paved"]:
                assert _unknown(command) == [], line
            if command[:1] == ["make"] and page.parent == PROJECT:
                assert re.search(rf"^{command[1]}:", (PROJECT / "Makefile").read_text(), re.MULTILINE), line


def test_a_command_that_does_not_exist_is_found() -> None:
    assert _unknown(["paved", "new", "orders", "--nonsense"]) == ["--nonsense"]
    assert _unknown(["paved", "nonsense"]) == ["nonsense"]
    assert _unknown(["paved", "config", "nonsense"]) == ["nonsense"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    generated = {"cli.md", "copier.md", "errors.md", "paved-road-yml.md", "paved-road.schema.json"}
    generated |= {"off-road-record.md", "off-road-record.schema.json"}
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text()):
        assert Path(target).name in generated or (page.parent / target).exists(), target


def _typed(text: str) -> list[str]:
    """The lines of console blocks that a person types, after the prompt where one is shown."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        lines = block.splitlines()
        prompted = any(line.startswith("$ ") for line in lines)
        found += [line.removeprefix("$ ") for line in lines if line.startswith("$ ") or not prompted]
    return found


def _split(words: list[str]) -> list[list[str]]:
    """The commands of a line."""
    commands: list[list[str]] = [[]]
    for word in words:
        if word in ("&&", "&", "|", ";"):
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def _unknown(words: list[str]) -> list[str]:
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


def _names(command: Any, name: str) -> list[str]:
    below = getattr(command, "commands", {})
    return [name, *(found for word, inner in below.items() for found in _names(inner, f"{name} {word}"))]
