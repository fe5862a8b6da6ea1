"""The only code that prints. Standard output is data, standard error is talk.

Colour marks meaning that the words already carry, and only on a terminal. Rich draws tables and asks questions; it
is imported by the function that needs it, because most commands print three lines.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from paved_road.errors import AnswerError, PavedError

if TYPE_CHECKING:
    from paved_road.render.questions import Ask, Prompt

SCHEMA = "paved/1"
"""The version of the JSON envelope."""


def interactive() -> bool:
    """Whether a person is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def data(text: str = "") -> None:
    """A line of the command's result."""
    typer.secho(text)


def good(text: str) -> None:
    """A line of the result that says that all is well."""
    typer.secho(text, fg=_colour("green"))


def note(text: str) -> None:
    """Something the person should know; not part of the result."""
    typer.secho(f"note: {text}", fg=_colour("yellow"), err=True)


def debug(text: str) -> None:
    """For those who look into paved itself."""
    typer.secho(f"debug: {text}", err=True)


def _colour(name: str) -> str | None:
    return None if os.environ.get("NO_COLOR") else name


def failure(error: PavedError) -> None:
    """An error as three lines: what, why, what next."""
    typer.secho("error: ", fg=_colour("red"), bold=not os.environ.get("NO_COLOR"), nl=False, err=True)
    typer.secho(_one_line(error.message), err=True)
    for label, said in (("cause", error.cause), ("hint", error.hint)):
        if said:
            typer.secho(f"{label}: ", fg=_colour("cyan"), nl=False, err=True)
            typer.secho(_one_line(said), err=True)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def envelope(
    command: str,
    exit_code: int,
    result: Any = None,
    *,
    error: PavedError | None = None,
    notes: Iterable[str] = (),
) -> None:
    """The JSON that every command prints with `--json`, for success and failure alike."""
    fault = None
    if error is not None:
        fault = {"code": error.code, "message": error.message, "cause": error.cause, "hint": error.hint}
    document = {
        "schema": SCHEMA,
        "command": command,
        "exit_code": exit_code,
        "result": result,
        "notes": list(notes),
        "error": fault,
    }
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under headings; as wide as they need to be when nobody looks."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        drawn.add_row(*(Text(cell, overflow="fold") for cell in row))
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    with console.capture() as captured:
        console.print(drawn)
    for line in captured.get().splitlines():
        print(line.rstrip())


def files(paths: Mapping[str, str], root: str) -> None:
    """Files as a tree of folders. `paths` maps a path to a remark shown after it."""
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    drawn = Tree(Text(root))
    folders: dict[str, Tree] = {"": drawn}
    for path, remark in sorted(paths.items()):
        *parents, name = path.split("/")
        for depth in range(len(parents)):
            folder = "/".join(parents[: depth + 1])
            if folder not in folders:
                folders[folder] = folders["/".join(parents[:depth])].add(Text(f"{parents[depth]}/"))
        folders["/".join(parents)].add(Text.assemble(name, (f"  {remark}" if remark else "", "dim")))
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(drawn)


def working(text: str) -> AbstractContextManager[object]:
    """A spinner while something slow happens; nothing when nobody looks."""
    if not interactive():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(text)


def edit(files: Sequence[Path]) -> None:
    """Open the person's editor, if they have one."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if editor:
        subprocess.run([*shlex.split(editor), *map(str, files)], check=False)


def asker() -> Ask | None:
    """The function that puts a question to the person; None when nobody is there."""
    return _ask if interactive() else None


def _ask(prompt: Prompt) -> Any:
    """Ask until the answer is one."""
    from rich.console import Console
    from rich.prompt import Prompt as RichPrompt

    console = Console(stderr=True, highlight=False)
    label = prompt.help or prompt.name
    for number, choice in enumerate(prompt.choices, 1):
        console.print(
            f"  {number}. {choice.label}" + (f" (not available: {choice.refused})" if choice.refused else ""),
            markup=False,
        )
    while True:
        typed = RichPrompt.ask(
            _escaped(label),
            console=console,
            password=prompt.secret,
            default=_shown(prompt),
            show_default=not prompt.secret,
        )
        try:
            return prompt.accept(_meant(prompt, typed))
        except AnswerError as error:
            console.print(f"  {error.cause or error.message}", style="red", markup=False)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _shown(prompt: Prompt) -> Any:
    """The default as the person would type it; an ellipsis makes Rich insist on an answer."""
    for number, choice in enumerate(prompt.choices, 1):
        if not prompt.multiselect and choice.value == prompt.default:
            return str(number)
    if isinstance(prompt.default, str | int | float) and not isinstance(prompt.default, bool):
        return str(prompt.default)
    if isinstance(prompt.default, bool):
        return "yes" if prompt.default else "no"
    if isinstance(prompt.default, list | dict) or prompt.default is None:
        return json.dumps(prompt.default)
    return ...


def _meant(prompt: Prompt, typed: str) -> Any:
    """A number stands for the choice it was shown with."""
    if not prompt.choices:
        return typed
    if prompt.multiselect:
        return [_numbered(prompt, item.strip()) for item in typed.strip("[]").split(",") if item.strip()]
    return _numbered(prompt, typed)


def _numbered(prompt: Prompt, typed: str) -> Any:
    if typed.isdigit() and 1 <= int(typed) <= len(prompt.choices):
        return prompt.choices[int(typed) - 1].value
    return typed.strip("\"'")
