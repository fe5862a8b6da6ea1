"""The only code that prints. Standard output is data, standard error is talk.

What is printed may hold what strangers wrote, so every character that a terminal or a CI server would obey is shown
as an escape (see `paved_road.text.escape`). Only `--json` is exact: JSON has escapes of its own.

Colour marks meaning that the words already carry, and only on a terminal. What draws is imported by the function that
needs it, because most commands print three lines.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from paved_road.errors import PavedError
from paved_road.text.escape import in_a_runner, inert, visible, visible_lines

if TYPE_CHECKING:
    from rich.console import Console

SCHEMA = "paved/1"
"""The version of the JSON envelope."""

_LONGEST_WORD = 500
"""Letters of a word, which may well be a path, in a message."""

_GREEN, _YELLOW, _CYAN, _RED = "32", "33", "36", "1;31"


class Paint(StrEnum):
    """The colours of a part of a line, as codes of a terminal."""

    NONE = ""
    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = _GREEN
    YELLOW = _YELLOW
    CYAN = _CYAN
    ERROR = _RED


# -- the streams -----------------------------------------------------------------------------------------------------

_lost: list[OSError] = []
"""Why standard output could not be written; empty while it could."""


_is_quiet = False
"""Whether notes and talk are left out."""


def begin() -> None:
    """Make both streams take every letter: one that their encoding does not have is written as an escape."""
    global _is_quiet  # noqa: PLW0603 - what a command line said holds until the next one begins
    _is_quiet = False
    _lost.clear()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def hush() -> None:
    """From now on print the result and errors only."""
    global _is_quiet  # noqa: PLW0603
    _is_quiet = True


def lost() -> OSError | None:
    """The error for which some of the result did not reach standard output; None when all of it did."""
    return _lost[0] if _lost else None


def _print(text: str, stream: TextIO | None, *, obeyed: bool = False) -> None:
    """Write one line, without commands to a CI server unless they are to be `obeyed`.

    A reader that went away (`paved templates | head`) is no failure: the command ends as it would have.
    """
    if stream is None:  # closed by whoever started us
        return
    try:
        stream.write((inert(text) if in_a_runner() and not obeyed else text) + "\n")
        stream.flush()
    except OSError as error:
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            _lost.append(error)
        _discard(stream)


def _discard(stream: TextIO) -> None:
    """From now on the stream goes nowhere, also what is still in its buffer when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _painted(text: str, colour: str, stream: TextIO | None) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if is_coloured(stream) else text


def is_coloured(stream: TextIO | None) -> bool:
    """Whether colour may be written: NO_COLOR forbids it, FORCE_COLOR and CLICOLOR_FORCE demand it, else a terminal."""
    if stream is None or os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0", "false") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def interactive() -> bool:
    """Whether a person is there to be asked."""
    there = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    return there and not os.environ.get("CI")


# -- text ------------------------------------------------------------------------------------------------------------


def data(text: str = "") -> None:
    """A line of the command's result."""
    _print(visible(text), sys.stdout)


def spans(*parts: tuple[str, Paint], tabs: bool = False) -> None:
    """A line of the result in parts, each with its colour; with `tabs` those in it stay."""
    out = sys.stdout
    shown = ((visible_lines(text.replace("\n", "\\n"))[0] if tabs else visible(text), paint) for text, paint in parts)
    _print("".join(_painted(text, paint, out) if text and paint else text for text, paint in shown), out)


def width() -> int | None:
    """The columns of the terminal that shows the result; None where no terminal does."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


def block(text: str) -> None:
    """Several lines of the result: a diff, a changelog, a document."""
    for line in visible_lines(text):
        _print(line, sys.stdout)


def workflow_commands(text: str) -> None:
    """Commands to GitHub's runner, one on a line."""
    for line in visible_lines(text):
        _print(line, sys.stdout, obeyed=True)


def good(text: str) -> None:
    """A line of the result that says that all is well."""
    _print(_painted(visible(text), _GREEN, sys.stdout), sys.stdout)


def note(text: str) -> None:
    """Something the person should know; not part of the result."""
    if not _is_quiet:
        _print(_painted(f"note: {visible(_joined(text))}", _YELLOW, sys.stderr), sys.stderr)


def talk(text: str) -> None:
    """A line of what a command says while it runs."""
    if not _is_quiet:
        _print(visible(text), sys.stderr)


def question(text: str) -> None:
    """A line of a question, which `--quiet` does not leave out."""
    _print(visible(text), sys.stderr)


def greet(text: str) -> None:
    """What a template says before it asks anything."""
    for line in text.splitlines():
        talk(line)


def debug(text: str) -> None:
    """For those who look into paved itself."""
    _print(f"debug: {visible(text)}", sys.stderr)


def failure(error: PavedError) -> None:
    """An error as three lines: what, why, what next."""
    said = (("error", error.message, _RED), ("cause", error.cause, _CYAN), ("hint", error.hint, _CYAN))
    for label, text, colour in said:
        if text or label == "error":
            _print(f"{_painted(f'{label}:', colour, sys.stderr)} {visible(_joined(text))}", sys.stderr)


def _joined(text: str) -> str:
    """On one line: what git says has several. A word longer than anybody reads is cut."""
    words = (word if len(word) <= _LONGEST_WORD else f"{word[:100]}...{word[-20:]}" for word in text.split())
    return " ".join(words)


# -- JSON ------------------------------------------------------------------------------------------------------------


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
    json_text(_json(document, sys.stdout))


def json_text(text: str) -> None:
    """A JSON document. Its control characters are escaped; so is, for a CI server, what would begin a command."""
    # A number sign is only ever inside a string, where the escape means the same.
    _print(text.replace("##", "\\u0023#") if in_a_runner() else text, sys.stdout, obeyed=True)


def _json(document: Any, stream: TextIO | None) -> str:
    """In UTF-8, as JSON is written (RFC 8259); in ASCII where the stream has another encoding, and on a terminal."""
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-")
    text = _dumped(document)
    if encoding not in ("utf-8", "utf8") or _has_surrogates(text) or (stream is not None and stream.isatty()):
        text = _dumped(document, ascii_only=True)
    return text


def _dumped(document: Any, *, ascii_only: bool = False) -> str:
    try:
        return json.dumps(document, indent=2, ensure_ascii=ascii_only, default=_plain, allow_nan=False)
    except (TypeError, ValueError):  # an answer is YAML, which has keys and numbers that JSON has not
        return json.dumps(_portable(document), indent=2, ensure_ascii=ascii_only, default=_plain)


def _plain(value: Any) -> Any:
    """What JSON has no type for: facts as a mapping, anything else as text."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def _portable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _portable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_portable(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


# -- drawings --------------------------------------------------------------------------------------------------------


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under headings: as wide as the terminal is, and a line for each row where nobody looks."""
    from paved_road.text import tables

    is_seen = sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_seen else None
    for line in tables.table(columns, [[*map(visible, row)] for row in rows], width):
        _print(line, sys.stdout)


def files(paths: Mapping[str, str], root: str) -> None:
    """Files as a tree of folders. `paths` maps a path to a remark shown after it."""
    from paved_road.text import tables

    shown = {visible(path): visible(remark) for path, remark in paths.items()}
    for line in tables.tree(shown, visible(root)):
        _print(line, sys.stdout)


def _console(**options: Any) -> Console:
    from rich.console import Console

    return Console(highlight=False, **options)


def working(text: str) -> AbstractContextManager[object]:
    """A spinner while something slow happens; nothing when nobody looks."""
    moves = interactive() and not _is_quiet and os.environ.get("TERM") != "dumb"
    return _console(stderr=True).status(text) if moves else nullcontext()


def edit(files: Sequence[Path]) -> None:
    """Open the person's editor, if they have one."""
    named = (os.environ.get(variable, "").strip() for variable in ("VISUAL", "EDITOR"))
    if editor := next(filter(None, named), ""):
        try:
            subprocess.run([*shlex.split(editor), *map(str, files)], check=False)
        except (OSError, ValueError) as error:
            note(f"cannot start your editor, {editor}: {error}")
