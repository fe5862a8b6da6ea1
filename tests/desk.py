"""A person at a desk: shells on pseudo-terminals, what is typed into them, and what they show."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

PATIENCE = 300.0
"""Seconds for which a command may be silent about its end; only one that hangs takes so long."""
ROWS, COLUMNS = 40, 120

_END = re.compile(r"\x1e(\d+)\x1e")
_PARTS = re.compile(
    r"\x1b\[(?P<times>\d*)(?P<move>[ABCDGJK])"
    r"|\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>])"
    r"|(?P<text>.)",
    re.DOTALL,
)
_WHERE_IS_THE_CURSOR, _AT_THE_TOP = "\x1b[6n", b"\x1b[1;1R"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a command showed, without colours, and its exit code."""

    code: int
    text: str


@dataclass(kw_only=True, slots=True)
class _Shell:
    pid: int
    end: int
    """Our end of its terminal."""
    unread: str = ""
    alive: bool = True


class Desk:
    """Terminals side by side, each with a shell that lives until the desk is cleared.

    While one is waited for the others are read, too: a service that logs is never held up.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = dict(env)
        self._shells: dict[str, _Shell] = {}

    def run(self, command: str, *, answers: Sequence[tuple[str, str]] = (), terminal: str = "") -> Shown:
        """Type a command and wait for its end. `answers` are texts to wait for, and the keys to type then."""
        self.start(command, terminal=terminal)
        shell = self._shells[terminal]
        before = ""
        for text, keys in answers:
            before += self._read(shell, partial(_asked, text))
            os.write(shell.end, keys.encode())
        return self._finish(shell, before)

    def start(self, command: str, *, terminal: str) -> None:
        """Type a command into a terminal and leave it running there."""
        if terminal not in self._shells:
            self._shells[terminal] = _open(self._folder, self._env)
            self._finish(self._shells[terminal])
        os.write(self._shells[terminal].end, command.encode() + b"\n")

    def interrupt(self, terminal: str) -> Shown:
        """Type Control-C, and wait for the end of what runs there."""
        os.write(self._shells[terminal].end, b"\x03")
        return self._finish(self._shells[terminal])

    def clear(self) -> None:
        """Close the terminals: the kernel and each shell hang up on what runs there, in the background, too."""
        for shell in self._shells.values():
            os.close(shell.end)
        for shell in self._shells.values():
            os.waitpid(shell.pid, 0)
        self._shells.clear()

    def _finish(self, shell: _Shell, before: str = "") -> Shown:
        def end(unread: str) -> int | None:
            found = _END.search(unread)
            return found.end() if found else None

        raw = before + self._read(shell, end)
        found = _END.search(raw)
        if not found:
            raise AssertionError(f"the shell has ended; it shows\n{plain(raw)}")
        return Shown(code=int(found[1]), text=plain(raw[: found.start()]))

    def _read(self, shell: _Shell, enough: Callable[[str], int | None]) -> str:
        """What the terminal shows, as far as `enough` says; all of it when the shell has ended."""
        deadline = time.monotonic() + PATIENCE
        while (length := enough(shell.unread)) is None and shell.alive:
            if time.monotonic() > deadline:
                raise AssertionError(f"no end after {PATIENCE:.0f} s; it shows\n{plain(shell.unread)}")
            self._listen()
        length = len(shell.unread) if length is None else length
        read, shell.unread = shell.unread[:length], shell.unread[length:]
        return read

    def _listen(self) -> None:
        """Take what the terminals show, and tell who asks where the cursor is, as a terminal does."""
        shells = {shell.end: shell for shell in self._shells.values() if shell.alive}
        for end in select.select(list(shells), [], [], 1)[0]:
            shell = shells[end]
            try:
                chunk = os.read(end, 65536).decode(errors="replace")
            except OSError:  # Linux: nobody is at the other end
                chunk = ""
            shell.alive = bool(chunk)
            asked = (shell.unread[-3:] + chunk).count(_WHERE_IS_THE_CURSOR)
            shell.unread += chunk
            os.write(end, _AT_THE_TOP * asked)


def plain(raw: str) -> str:
    """What stands on the screen after all of this was shown, as text: what was erased is gone, colours are, too."""
    screen = _Screen()
    for part in _PARTS.finditer(raw):
        screen.show(part)
    return "\n".join("".join(line).rstrip() for line in screen.lines)


@dataclass(slots=True)
class _Screen:
    """Lines of characters without an end, and the cursor."""

    lines: list[list[str]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0

    def show(self, part: re.Match[str]) -> None:
        """One character, or one sequence that moves the cursor or erases; others change nothing that is text."""
        if part["move"]:
            self._move(part["move"], int(part["times"] or 0))
        elif part["text"] == "\n":
            self.row += 1
        elif part["text"] == "\r":
            self.column = 0
        elif part["text"] == "\b":
            self.column = max(0, self.column - 1)
        elif part["text"] and part["text"].isprintable():
            line = self._line()
            line[self.column : self.column + 1] = part["text"]
            self.column += 1

    def _move(self, move: str, times: int) -> None:
        match move:
            case "A":
                self.row = max(0, self.row - max(1, times))
            case "B":
                self.row += max(1, times)
            case "C":
                self.column += max(1, times)
            case "D":
                self.column = max(0, self.column - max(1, times))
            case "G":
                self.column = max(0, times - 1)
            case "J":
                del self._line()[self.column :]
                del self.lines[self.row + 1 :]
            case "K":
                del self._line()[self.column if times == 0 else 0 :]

    def _line(self) -> list[str]:
        """The line with the cursor, filled up to it."""
        self.lines += [[] for _ in range(self.row + 1 - len(self.lines))]
        line = self.lines[self.row]
        line += " " * (self.column - len(line))
        return line


def _asked(text: str, unread: str) -> int | None:
    """All of it, when the text stands on the screen."""
    return len(unread) if text in plain(unread) else None


def _open(folder: Path, env: Mapping[str, str]) -> _Shell:
    """A shell that echoes nothing and says when a command is over, and how it ended."""
    bash = shutil.which("bash")
    assert bash, "bash is not installed"
    own = {**env, "PS1": "", "PS2": "", "PROMPT_COMMAND": r"printf '\036%d\036' $?", "HISTFILE": ""}
    pid, end = pty.fork()
    if pid == 0:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)  # what the tests' own parent ignores, a person's shell does not
        os.chdir(folder)
        os.execve(bash, ["bash", "--norc", "--noprofile", "--noediting", "-i"], own)
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    settings = termios.tcgetattr(end)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(end, termios.TCSANOW, settings)
    return _Shell(pid=pid, end=end)
