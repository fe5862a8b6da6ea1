"""The options of every command: -C, --verbose and --quiet.

They are declared once, as parameters of `paved` itself; every group and command below it takes them over (see
`commands`), so that each may be written before or after a command's name. -C changes the current folder, as in git and
make: each other path on the command line is then below it, and no command has to know. `session` changes it back.
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
"""The folders that -C left: closing it goes back."""

_typed_in: list[Path] = []
"""The first of them: the folder that the command line was typed in."""


@contextlib.contextmanager
def session() -> Iterator[None]:
    """In the block the options of one command line hold."""
    _typed_in.clear()
    debug.silence()
    with _left:
        yield


def typed_in() -> Path:
    """The folder that the person is in, whatever -C says."""
    return _typed_in[0] if _typed_in else Path()


def shared(ctx: Any) -> list[Any]:
    """The parameters that a command or group takes over from `paved` itself."""
    return [] if ctx.parent is None else [one for one in ctx.find_root().command.params if is_shared(one)]


def is_shared(parameter: Any) -> bool:
    """Whether every command has this parameter."""
    return not _NAMES.isdisjoint(parameter.opts)


def _enter(folders: list[str] | None) -> None:
    """Go to each folder in turn: a second -C is below the first."""
    for folder in folders or []:
        _typed_in.append(Path.cwd())
        try:
            _left.enter_context(contextlib.chdir(folder))
        except OSError as error:
            message = {
                FileNotFoundError: f"-C {folder}: there is no such folder",
                NotADirectoryError: f"-C {folder}: that is no folder",
            }.get(type(error), f"-C {folder}: cannot go there")
            raise UsageError(message, cause=error.strerror or str(error), hint=_hint(Path(folder))) from error


def _hint(folder: Path) -> str:
    """The folder that was probably meant: the one a file lies in, or that part of the path that exists."""
    existing = next((one for one in folder.parents if one.is_dir()), None)
    return f"name a folder that exists, for example: -C {existing}" if existing else "name a folder that exists"


def _tell(ctx: typer.Context, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:  # a shell that completes a word wants no talk
        debug.listen(ui.debug)


def _hush(asked: bool) -> None:
    if asked:
        ui.hush()


Folders = Annotated[
    list[str] | None,
    typer.Option(
        "-C", metavar="DIR", callback=_enter, is_eager=True, expose_value=False, help="Run in DIR: as if called there."
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", "--debug", envvar="PAVED_DEBUG", callback=_tell, is_eager=True, expose_value=False,
        help="Say on standard error which git commands run and who renders.",
    ),
]  # fmt: skip
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", callback=_hush, is_eager=True, expose_value=False, help="Print the result and errors only."
    ),
]
