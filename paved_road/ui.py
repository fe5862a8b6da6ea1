"""The only code that prints: results to standard output, messages to standard error.

The text may come from strangers, so each character that a terminal or a CI server would obey is printed as an escape
(see `paved_road.text.escape`). Only `--json` is exact, because JSON has its own escapes.

Output is coloured only on a terminal, and is understandable without colour. Functions import what draws (Rich, tables)
themselves, because most commands print three lines.
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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
"""In characters, for a word in a message; it is often a path."""

_GREEN, _YELLOW, _CYAN, _RED = "32", "33", "36", "1;31"


class Paint(StrEnum):
    """The colours of a part of a line, as terminal codes."""

    NONE = ""
    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = _GREEN
    YELLOW = _YELLOW
    CYAN = _CYAN
    ERROR = _RED


# -- the streams -----------------------------------------------------------------------------------------------------

_output_errors: list[OSError] = []
"""The errors while writing to standard output."""


_is_quiet = False
"""Whether notes and progress messages are hidden."""


def start() -> None:
    """Prepare for one command line. Characters that a stream's encoding does not have are printed as escapes."""
    global _is_quiet  # noqa: PLW0603 - a process can run several command lines, as the tests do
    _is_quiet = False
    _output_errors.clear()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def hide_notes() -> None:
    """Print only the result and errors from now on."""
    global _is_quiet  # noqa: PLW0603
    _is_quiet = True


def output_error() -> OSError | None:
    """Return the first error while writing to standard output; None if all of the result was written."""
    return _output_errors[0] if _output_errors else None


def _print(text: str, stream: TextIO | None, *, obeyed: bool = False) -> None:
    """Write one line. Commands to a CI server are escaped, unless it should obey them.

    If the reader has gone (`paved templates | head`), the command still ends as it would have.
    """
    if stream is None:  # the parent process closed it
        return
    try:
        stream.write((inert(text) if in_a_runner() and not obeyed else text) + "\n")
        stream.flush()
    except OSError as error:
        if stream is sys.stdout and not isinstance(error, BrokenPipeError):
            _output_errors.append(error)
        _discard(stream)


def _discard(stream: TextIO) -> None:
    """Discard what is written to the stream from now on, and what is still in its buffer when Python exits."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _painted(text: str, colour: str, stream: TextIO | None) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if is_coloured(stream) else text


def is_coloured(stream: TextIO | None) -> bool:
    """Whether to write colour: never with NO_COLOR, always with FORCE_COLOR or CLICOLOR_FORCE, else on a terminal."""
    if stream is None or os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0", "false") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def interactive() -> bool:
    """Whether a person can answer questions."""
    there = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    return there and not os.environ.get("CI")


# -- text ------------------------------------------------------------------------------------------------------------


def data(text: str = "") -> None:
    """Print a line of the result."""
    _print(visible(text), sys.stdout)


def spans(*parts: tuple[str, Paint], tabs: bool = False) -> None:
    """Print a line of the result in parts, each with its colour; `tabs` keeps the tabs in it."""
    out = sys.stdout
    shown = ((visible_lines(text.replace("\n", "\\n"))[0] if tabs else visible(text), paint) for text, paint in parts)
    _print("".join(_painted(text, paint, out) if text and paint else text for text, paint in shown), out)


def width() -> int | None:
    """Return the columns of the terminal that shows the result; None if it is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


def block(text: str) -> None:
    """Print several lines of the result, such as a diff, a changelog or a document."""
    for line in visible_lines(text):
        _print(line, sys.stdout)


def workflow_commands(text: str) -> None:
    """Print commands for GitHub's runner, one on a line."""
    for line in visible_lines(text):
        _print(line, sys.stdout, obeyed=True)


def good(text: str) -> None:
    """Print a line of the result that reports success."""
    _print(_painted(visible(text), _GREEN, sys.stdout), sys.stdout)


def bad(text: str) -> None:
    """Print a line of the result that reports failure."""
    _print(_painted(visible(text), _RED, sys.stdout), sys.stdout)


def note(text: str) -> None:
    """Print something that the user should know and that is not part of the result."""
    if not _is_quiet:
        _print(_painted(f"note: {visible(_joined(text))}", _YELLOW, sys.stderr), sys.stderr)


def talk(text: str) -> None:
    """Print a line about the progress of the command."""
    if not _is_quiet:
        _print(visible(text), sys.stderr)


def question(text: str) -> None:
    """Print a line of a question; `--quiet` does not hide it."""
    _print(visible(text), sys.stderr)


def greet(text: str) -> None:
    """Print the message of a template before its first question."""
    for line in text.splitlines():
        talk(line)


def debug(text: str) -> None:
    """Print a debug line."""
    _print(f"debug: {visible(text)}", sys.stderr)


def failure(error: PavedError) -> None:
    """Print an error in three lines: what failed, why, and what to do next."""
    lines = (("error", error.message, _RED), ("cause", error.cause, _CYAN), ("hint", error.hint, _CYAN))
    for label, text, colour in lines:
        if text or label == "error":
            _print(f"{_painted(f'{label}:', colour, sys.stderr)} {visible(_joined(text))}", sys.stderr)


def _joined(text: str) -> str:
    """Join the lines of a text, such as an error of git's, and shorten the words that nobody would read."""
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
    """Print the JSON envelope that every command prints with `--json`, on success and on failure."""
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
    """Print a JSON document. In a CI server, what would start a command is escaped, too."""
    # In JSON, `#` occurs only inside strings, where the escape means the same.
    _print(text.replace("##", "\\u0023#") if in_a_runner() else text, sys.stdout, obeyed=True)


def _json(document: Any, stream: TextIO | None) -> str:
    """Return the JSON in UTF-8 (RFC 8259); in ASCII on a terminal, and if the stream has another encoding."""
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-")
    text = _dumped(document)
    if encoding not in ("utf-8", "utf8") or _has_surrogates(text) or (stream is not None and stream.isatty()):
        text = _dumped(document, ascii_only=True)
    return text


def _dumped(document: Any, *, ascii_only: bool = False) -> str:
    try:
        return json.dumps(document, indent=2, ensure_ascii=ascii_only, default=_plain, allow_nan=False)
    except (TypeError, ValueError):  # answers are YAML, which has keys and numbers that JSON does not have
        return json.dumps(_portable(document), indent=2, ensure_ascii=ascii_only, default=_plain)


def _plain(value: Any) -> Any:
    """Return a value that JSON has no type for: a dataclass as a mapping, anything else as text."""
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
    """Print rows under headings: as wide as the terminal, or with one line for each row if there is no terminal."""
    from paved_road.text import tables

    for line in tables.table(columns, [[*map(visible, row)] for row in rows], width()):
        _print(line, sys.stdout)


def files(paths: Mapping[str, str], root: str) -> None:
    """Print files as a tree of folders. `paths` maps each path to a remark, which is shown after it."""
    from paved_road.text import tables

    shown = {visible(path): visible(remark) for path, remark in paths.items()}
    for line in tables.tree(shown, visible(root)):
        _print(line, sys.stdout)


def _console(**options: Any) -> Console:
    from rich.console import Console

    return Console(highlight=False, **options)


def working(text: str) -> AbstractContextManager[object]:
    """Show a spinner within the block, if a person is at the terminal."""
    return _console(stderr=True).status(visible(text)) if _moves() else nullcontext()


@contextlib.contextmanager
def telling(text: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner within the block, if a person is at the terminal; what the block gets changes its text."""
    if not _moves():
        yield lambda _: None
        return
    from rich.text import Text

    with _console(stderr=True).status(Text(visible(text))) as status:
        yield lambda now: status.update(Text(visible(now)))


def _moves() -> bool:
    return interactive() and not _is_quiet and os.environ.get("TERM") != "dumb"


def edit(files: Sequence[Path]) -> None:
    """Open the files in the user's editor, if one is set."""
    named = (os.environ.get(variable, "").strip() for variable in ("VISUAL", "EDITOR"))
    if editor := next(filter(None, named), ""):
        try:
            subprocess.run([*shlex.split(editor), *map(str, files)], check=False)
        except (OSError, ValueError) as error:
            note(f"cannot start your editor, {editor}: {error}")
