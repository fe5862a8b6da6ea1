"""Every command line that paved, its documentation and its template tell people to type is one that exists."""

from __future__ import annotations

import ast
import difflib
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main

from paved_road.cli import app

PROJECT = Path(__file__).parent.parent
SOURCES = sorted((PROJECT / "paved_road").rglob("*.py"))
TEXTS = [
    PROJECT / "README.md",
    *sorted((PROJECT / "docs").rglob("*.md")),
    *sorted(path for path in (PROJECT / "templates").rglob("*") if path.is_file()),
]

_COMMAND_LINE = re.compile(r"\bpaved((?: +[^\s,;()`'\"|&]*[^\s,;:.()`'\"|&?])+)")
"""The program's name and the words after it, up to where a clause ends."""

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*(?![\w{-])")

_OTHERS = re.compile(r"\b(git|checkout|rm|wsl|pip|uv|uvx|copier|Copier|make|pre-commit|kubectl|RUN|stub|script|port)\b")
"""Programs whose options a text may name, too."""

_SENTENCE = frozenset({"works", "needs", "cannot", "there", "X"})
"""What may follow `paved` in a hint that is a sentence."""


class Text(NamedTuple):
    """What a module of paved may say."""

    line: int
    text: str
    """A placeholder is an X."""
    is_hint: bool
    """Whether it is what to type next, and no sentence."""


def texts(source: Path) -> Iterator[Text]:
    """The texts of a module, less those that only its readers see."""
    tree = ast.parse(source.read_text())
    skipped = {id(node) for node in ast.walk(tree) if isinstance(node, ast.Expr) for node in ast.walk(node.value)} & {
        id(found) for node in ast.walk(tree) if (found := _docstring(node)) is not None
    }
    if "cli" in source.parts:
        skipped -= {id(_docstring(node)) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    parts = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    named = [word for node in ast.walk(tree) if isinstance(node, ast.Call) for word in node.keywords]
    hints = {id(one) for word in named if word.arg in ("hint", "remedy") for one in ast.walk(word.value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = re.sub(r"(?<=\w)\x00", " X", "".join(map(_piece, node.values))).replace("\x00", "X")
            yield Text(node.lineno, text, id(node) in hints)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | skipped:
            yield Text(node.lineno, node.value, id(node) in hints)


def _docstring(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
        first = node.body[0]
        return first.value if isinstance(first, ast.Expr) else None
    return None


def _piece(value: ast.expr) -> str:
    if isinstance(value, ast.FormattedValue) and ast.unparse(value.value).startswith("git_in("):
        return "git"  # `git -C FOLDER`, whose options are not paved's
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else "\x00"


def faults(text: str, *, is_hint: bool = False) -> list[str]:
    """The command lines in a text that paved does not have. `paved` may begin a sentence where it is no hint."""
    commands = _root().commands
    found = []
    for match in _COMMAND_LINE.finditer(text):
        words = match[1].split()
        is_typed = words[0].startswith("-") or difflib.get_close_matches(words[0], commands, cutoff=0.75)
        if is_typed or (is_hint and words[0] not in _SENTENCE):
            found += [f"paved {' '.join(words)}: {word}" for word in unknown(words)]
    return found


def unknown(words: list[str]) -> list[str]:
    """Those of the words that are neither a command, nor an option of it, nor an argument."""
    command: Any = _root()
    known = _options(command)
    found = []
    rest = iter(words)
    for word in rest:
        below = getattr(command, "commands", None)
        if word == "-C":
            next(rest, None)
        elif word.startswith("-") and word.strip("-"):
            found += [] if word.split("=")[0] in known else [word]
        elif below is not None:
            if word in ("X", "COMMAND", "..."):  # whatever command it is
                return found
            if word not in below:
                return [*found, word]
            command = below[word]
            known = known | _options(command)
    return found


@functools.cache
def _root() -> Any:
    return typer.main.get_command(app)


def _options(command: Any) -> set[str]:
    return {name for one in command.params for name in one.opts} | {"--help", "-h"}


@functools.cache
def every_option() -> set[str]:
    """The options of all commands."""
    command: Any = _root()
    groups = [command, *(one for one in command.commands.values() if hasattr(one, "commands"))]
    return {name for group in groups for one in [group, *group.commands.values()] for name in _options(one)}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_paved_tells_people_to_type_exists(source: Path) -> None:
    found = [(said.line, fault) for said in texts(source) for fault in faults(said.text, is_hint=said.is_hint)]
    assert found == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_an_option_that_a_message_names_exists(source: Path) -> None:
    if source.parent.name == "git" or source.name == "testing.py":
        return
    known, found = every_option(), []
    for said in texts(source):
        for match in _OPTION.finditer(said.text):
            is_ours = not _OTHERS.search(said.text[: match.start()]) and (said.is_hint or " " in said.text)
            is_ours = is_ours and "\\b" not in said.text  # a pattern that finds what others type
            found += [(said.line, said.text)] if is_ours and match[0] not in known else []
    assert found == []


@pytest.mark.parametrize("page", TEXTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_what_a_text_tells_people_to_type_exists(page: Path) -> None:
    text = re.sub(r"\\\n\s*", " ", page.read_text(errors="replace"))
    typed = [
        *re.findall(r"`(paved [^`\n]+)`", text),
        *re.findall(r"^\s*(?:\$ )?((?:uvx .*)?paved [^#\n]+)", text, re.MULTILINE),
    ]
    assert [fault for line in typed for fault in faults(line)] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("run it again: paved update --contineu", "--contineu"),
        ("paved off-road close X --as superseded --by SLUG", "--by"),
        ("see paved updat, then", "updat"),
        ("paved off-raod list", "off-raod"),
        ("paved config shwo", "shwo"),
        ("paved --nonsense status", "--nonsense"),
        ("paved status -x", "-x"),
        ("first `paved drift --all`, then `paved drift --al`", "--al"),
    ],
)
def test_what_does_not_exist_is_found(text: str, fault: str) -> None:
    assert [one.rsplit(": ", 1)[1] for one in faults(text)] == [fault]
    assert faults("paved reads both; paved -C X status --json, paved help off-road: paved cannot") == []
    assert faults("the paved road; paved made it") == []
    assert faults("paved mend", is_hint=True) == ["paved mend: mend"]
