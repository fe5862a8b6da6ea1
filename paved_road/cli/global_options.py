"""The global options, which every command has: -C, --verbose and --quiet.

They are declared once, as parameters of `paved` itself. Every group and command inherits them (see `commands`), so you
can write them before or after a command's name. -C changes the current folder, as it does for git and make, so no
command needs to know about it. `session` changes it back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from paved_road import debug, ui
from paved_road.errors import UsageError

_NAMES = frozenset({"-C", "--verbose", "--quiet"})

_left = contextlib.ExitStack()
"""The folders that -C left; closing the stack returns to the first of them."""

_typed_in: list[Path] = []
"""The same folders, oldest first; empty without -C."""


@contextlib.contextmanager
def session() -> Iterator[None]:
    """Within the block, the global options of one command line are in force."""
    _typed_in.clear()
    debug.stop()
    with _left:
        yield


def typed_in() -> Path:
    """Return the folder in which the command line was typed, whatever -C says."""
    return _typed_in[0] if _typed_in else Path()


def inherited(ctx: Any) -> list[Any]:
    """Return the parameters that a command or group inherits from `paved` itself."""
    return [] if ctx.parent is None else [each for each in ctx.find_root().command.params if is_global(each)]


def is_global(parameter: Any) -> bool:
    """Whether every command has this parameter."""
    return not _NAMES.isdisjoint(parameter.opts)


def _enter(folders: list[str] | None) -> None:
    """Change to each folder in turn; a second -C is relative to the first."""
    for folder in folders or []:
        _typed_in.append(Path.cwd())
        try:
            _left.enter_context(contextlib.chdir(folder))
        except OSError as error:
            message = {
                FileNotFoundError: f"-C {folder}: no such folder",
                NotADirectoryError: f"-C {folder}: not a folder",
            }.get(type(error), f"-C {folder}: cannot change to this folder")
            raise UsageError(message, cause=error.strerror or str(error), hint=_hint(Path(folder))) from error


def _hint(folder: Path) -> str:
    """Suggest the nearest parent folder that exists."""
    existing = next((parent for parent in folder.parents if parent.is_dir()), None)
    return f"name a folder that exists, for example: -C {existing}" if existing else "name a folder that exists"


def _show_debug_lines(ctx: typer.Context, is_set: bool) -> None:
    if is_set and not ctx.resilient_parsing:  # not while a shell completes a word
        debug.send_to(ui.debug)


def _hide_notes(is_set: bool) -> None:
    if is_set:
        ui.hide_notes()


Folders = Annotated[
    list[str] | None,
    typer.Option(
        "-C", metavar="DIR", callback=_enter, is_eager=True, expose_value=False, help="Run as if you were in DIR."
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", "--debug", envvar="PAVED_DEBUG", callback=_show_debug_lines, is_eager=True,
        expose_value=False,
        help="Show each git command and the renderer on standard error.",
    ),
]  # fmt: skip
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        callback=_hide_notes,
        is_eager=True,
        expose_value=False,
        help="Print only the result and errors.",
    ),
]
