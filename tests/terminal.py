"""A person at a real pseudo-terminal: what is on the screen, and the keys that are pressed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyte

from paved_road import git

ENTER: Final = "\r"
UP, DOWN, LEFT, HOME = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[H"
BACK: Final = "\x1b[Z"
"""Shift-Tab."""
CTRL_C, CTRL_D, CTRL_U = "\x03", "\x04", "\x15"
BACKSPACE: Final = "\x7f"
ESCAPE_ENTER: Final = "\x1b\r"

_PATIENCE = 300
"""Seconds after which a screen that never shows what is waited for fails the test; no test waits that long to pass."""


def pasted(text: str) -> str:
    """Text as a terminal hands it over that tells pasting from typing."""
    return f"\x1b[200~{text}\x1b[201~"


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, pid: int, line: int, columns: int, rows: int) -> None:
        self._pid, self._line = pid, line
        self._screen = pyte.HistoryScreen(columns, rows, history=1000)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        """All that was written to it."""
        self.code: int | None = None

    @property
    def screen(self) -> str:
        """What is to be seen."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    @property
    def text(self) -> str:
        """What is to be seen, and what has scrolled away above it; on one line, as it reads."""
        above = ["".join(line[at].data for at in range(self._screen.columns)) for line in self._screen.history.top]
        return " ".join(" ".join([*above, *self._screen.display]).split())

    def see(self, *wanted: str) -> str:
        """Wait until all of this is on the screen, in whatever lines; the screen."""
        self.wait(lambda: all(" ".join(one.split()) in self.text for one in wanted), f"to see {wanted}")
        return self.screen

    def press(self, *keys: str) -> None:
        """Press keys, or type text."""
        os.write(self._line, "".join(keys).encode())

    def answer(self, question: str, *keys: str) -> None:
        """Wait for a question, and answer it."""
        self.see(question)
        self.press(*keys)

    def send(self, number: int) -> None:
        """Send a signal to the command."""
        os.kill(self._pid, number)

    def end(self) -> int:
        """Wait for the end; the exit code."""
        self.wait(lambda: self.code is not None, "its end")
        return self.code if self.code is not None else -1

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until this holds; what is waited for is told where it never does."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if self.code is not None or time.monotonic() > deadline:
                raise AssertionError(f"waited for {what}; exit code {self.code}; on the screen:\n{self.screen}")
            self._read()

    def _read(self) -> None:
        ready, _, _ = select.select([self._line], [], [], 0.2)
        if not ready:
            return
        try:
            chunk = os.read(self._line, 65536)
        except OSError:  # Linux says so when the last process has closed its side
            chunk = b""
        if not chunk:
            self.code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        self.raw += chunk
        self._stream.feed(chunk)

    def close(self) -> None:
        """End what still runs."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._line)


@contextlib.contextmanager
def terminal(
    command: Sequence[str | Path], cwd: Path, *, columns: int = 80, rows: int = 40, **environment: str
) -> Iterator[Terminal]:
    """A command on a pseudo-terminal that can do what terminals do."""
    pid, line = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.chdir(cwd)
        words = [str(word) for word in command]
        own = {"TERM": "xterm-256color"} | environment
        os.execvpe(words[0], words, git.environment() | own)
    found = Terminal(pid, line, columns, rows)
    try:
        yield found
    finally:
        found.close()


def paved(*words: str | Path) -> list[str | Path]:
    """A command line of paved."""
    return [sys.executable, "-m", "paved_road", *words]


def on_a_terminal(
    command: Sequence[str | Path], cwd: Path, typed: Iterable[str], env: Mapping[str, str] = {}
) -> tuple[int, str]:
    """Run a command on a terminal that cannot move its cursor, typing one line whenever it waits after a colon.

    Returns its exit code and what it showed.
    """
    own: Any = {"TERM": "dumb", "COLUMNS": "200", **env}
    with terminal(command, cwd, columns=200, **own) as shown:
        for line in typed:
            seen = len(shown.raw)
            shown.wait(lambda seen=seen: shown.code is not None or shown.raw[seen:].endswith(b": "), "a question")  # type: ignore[misc]
            if shown.code is not None:
                break
            shown.press(line + "\n")
        code = shown.end()
    return code, shown.raw.decode(errors="replace")
