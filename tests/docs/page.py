"""A page of the documentation as the steps of somebody who follows it.

A block of the language `console` is typed: the lines that begin with `$ `, or all of them where none does. What stands
below a command is what it shows; a command without that only has to succeed. A line of `...` stands for any lines, and
`...` within a line for any text.

What a reader needs no word for stands in comments of the form `<!-- run: ... -->`. These are about the next block:

    exit 1            it ends with this code (`exit 0 1`: one for each of its commands)
    skip REASON       it is not run
    terminal NAME     its command keeps running in a terminal of its own
    answer TEXT KEYS  when TEXT is shown type KEYS (as Python writes them: '\\r'); several pairs, one per comment
    write FILE        it is what FILE holds from now on; also for blocks in other languages
    append FILE       it is added to the end of FILE
    change FILE       it is a difference (`diff`) of FILE without numbers; a line of `@@` parts its places

These are steps of their own:

    hidden COMMANDS   typed as well, one a line: what the page takes for granted
    interrupt NAME    Control-C in that terminal
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

_PARTS = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<block>.*?)^(?P=indent)```$|<!-- run: (?P<note>.*?) *-->",
    re.MULTILINE | re.DOTALL,
)


class How(StrEnum):
    """What is done with a file."""

    write = "write"
    append = "append"
    change = "change"


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command to type, what the page shows of its output, and the exit code it ends with."""

    line: int
    typed: str
    shown: str = ""
    code: int = 0
    answers: tuple[tuple[str, str], ...] = ()
    terminal: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A file to write, or to add to."""

    line: int
    how: How
    path: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Interrupt:
    """Control-C in a terminal."""

    line: int
    terminal: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """A block that is not run, and why."""

    line: int
    first: str
    reason: str


Step = Command | Edit | Interrupt | Skipped


@dataclass(slots=True)
class _Notes:
    """What the comments say about the next block."""

    codes: list[int] = field(default_factory=list)
    skip: str = ""
    terminal: str = ""
    answers: list[tuple[str, str]] = field(default_factory=list)
    edit: tuple[How, str] | None = None


def steps(text: str) -> Iterator[Step]:
    """What a reader of this page does, in order.

    Raises:
        ValueError: a comment that is not understood.
    """
    notes = _Notes()
    for part in _PARTS.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        if part["note"] is not None:
            yield from _note(part["note"], line, notes)
            continue
        block = re.sub(rf"^{part['indent']}", "", part["block"], flags=re.MULTILINE)
        yield from _block(part["language"], block, line, notes)
        notes = _Notes()


def _note(note: str, line: int, notes: _Notes) -> Iterator[Step]:
    verb, _, rest = note.partition("\n" if note.startswith("hidden\n") else " ")
    match verb:
        case "hidden":
            yield from (Command(line=line, typed=one) for one in rest.splitlines() if one)
        case "interrupt":
            yield Interrupt(line=line, terminal=rest)
        case "exit":
            notes.codes = [int(code) for code in rest.split()]
        case "skip":
            notes.skip = rest
        case "terminal":
            notes.terminal = rest
        case "answer":
            text, keys = shlex.split(rest)
            notes.answers.append((text, keys.encode().decode("unicode_escape")))
        case "write" | "append" | "change":
            notes.edit = (How(verb), rest)
        case _:
            raise ValueError(f"line {line}: no such comment: {note}")


def _block(language: str, block: str, line: int, notes: _Notes) -> Iterator[Step]:
    if notes.skip:
        yield Skipped(line=line, first=block.split("\n", 1)[0], reason=notes.skip)
    elif notes.edit:
        how, path = notes.edit
        yield Edit(line=line, how=how, path=path, text=block)
    elif language == "console":
        typed = list(_commands(block.splitlines()))
        codes = [0] * (len(typed) - len(notes.codes)) + notes.codes
        for (offset, command, shown), code in zip(typed, codes, strict=True):
            yield Command(
                line=line + 1 + offset, typed=command, shown="\n".join(shown), code=code,
                answers=tuple(notes.answers), terminal=notes.terminal,
            )  # fmt: skip


def _commands(lines: list[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Each command of a block with its place in it and the lines that it shows."""
    prompted = any(line.startswith("$ ") for line in lines)
    found: list[tuple[int, str, list[str]]] = []
    for offset, line in enumerate(lines):
        if line.startswith("$ ") or (line and not prompted):
            found.append((offset, line.removeprefix("$ "), []))
        elif found:
            found[-1][2].append(line)
    yield from found
