"""Running one command to its end: a task, a migration, the maker of a derived file.

Its whole process group ends with the call, however that ends, and its last lines are known.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

Tell = Callable[[str], None]
"""Takes one line of a command's output as soon as it is written."""

_PATIENCE = 3.0
"""Seconds that a process has to end after SIGTERM."""


class OutOfTime(Exception):
    """A command was ended because it took longer than it may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandResult:
    """How a command ended, and the last lines it wrote to either of its outputs."""

    code: int
    """The exit status; minus the number of the signal that ended it."""
    last_lines: tuple[str, ...]

    @property
    def why(self) -> str:
        """Why the command failed, in its own words; its exit status if it wrote nothing."""
        return "\n".join(self.last_lines) or f"exit status {self.code}"


def run(
    command: str | list[str], *, cwd: Path, env: Mapping[str, str], line: bytes | None = None,
    seconds: float | None = None, tell: Tell | None = None,
) -> CommandResult:  # fmt: skip
    """Run a command in a process group of its own, and wait for it. A text is run by the shell.

    Whatever interrupts the wait also ends the whole group: the exception of a signal, or `OutOfTime` after `seconds`.
    `line` is written to its standard input, which stays open until this process ends: a child that reads on notices
    that its parent was killed. Output goes to a file, not to a pipe, so that a process that the command leaves behind
    blocks nobody. Raises `OSError` if the command cannot be started.
    """
    process: subprocess.Popen[bytes] | None = None
    with tempfile.TemporaryFile() as output:
        try:
            with _signals_deferred():  # a signal between the start and the assignment would leave a process running
                process = subprocess.Popen(
                    command, shell=isinstance(command, str), cwd=cwd, env=dict(env), start_new_session=True,
                    stdin=subprocess.DEVNULL if line is None else subprocess.PIPE, stdout=output,
                    stderr=subprocess.STDOUT,
                )  # fmt: skip
            if process.stdin is not None and line is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(line + b"\n")
                    process.stdin.flush()
            _wait(process, output, seconds, tell)
        except BaseException:
            if process is not None:
                _end(process)
            raise
        finally:
            if process is not None and process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
        return CommandResult(code=process.returncode, last_lines=tuple(_last_lines(output)))


@contextlib.contextmanager
def _signals_deferred() -> Iterator[None]:
    """Delay signals that Python handles until the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: handler for number in ending if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for first in came[:1]:
        signal.raise_signal(first)


def _wait(process: subprocess.Popen[bytes], output: BinaryIO, seconds: float | None, tell: Tell | None) -> None:
    """Wait until the process has ended, and pass its lines to `tell`. Raises `OutOfTime` after `seconds`."""
    if tell is None:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise OutOfTime from None
        return
    deadline = None if seconds is None else time.monotonic() + seconds
    position = 0
    while True:
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            if deadline is not None and time.monotonic() > deadline:
                raise OutOfTime from None
        written = os.pread(output.fileno(), 1 << 20, position)
        whole = written if process.returncode is not None else written[: written.rfind(b"\n") + 1]
        for said in whole.decode(errors="replace").splitlines():
            tell(said)
        position += len(whole)
        if process.returncode is not None and not written:
            return


def _last_lines(output: BinaryIO, lines: int = 5) -> list[str]:
    """The last lines of the output that are not empty."""
    size = os.fstat(output.fileno()).st_size
    text = os.pread(output.fileno(), 1 << 16, max(0, size - (1 << 16))).decode(errors="replace")
    return [line for written in text.splitlines() if (line := written.strip())][-lines:]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group, with SIGTERM first."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
            if number == signal.SIGKILL:
                return
