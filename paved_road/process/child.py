"""Running a command of a template's: it ends with the call, and what it said is known, however it ends."""

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
"""Takes one line of what a command says, as soon as it is said."""

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
        """Why it failed, in its own words; its exit status when it said nothing."""
        return "\n".join(self.last_lines) or f"exit status {self.code}"


def run(
    command: str | list[str], *, cwd: Path, env: Mapping[str, str], line: bytes | None = None,
    seconds: float | None = None, tell: Tell | None = None,
) -> CommandResult:  # fmt: skip
    """Run a command (a text by the shell) in a process group of its own, and wait for it.

    Whatever interrupts the wait, a signal's exception or `OutOfTime` after `seconds`, ends the whole
    group. With `line`, that is what its standard input holds, and the input ends when this process does: a child that
    reads on learns of a parent that was killed. Output goes to a file, not to a pipe, so that a process that the
    command leaves behind does not make anybody wait. Raises `OSError` for a command that cannot be started.
    """
    process: subprocess.Popen[bytes] | None = None
    with tempfile.TemporaryFile() as output:
        try:
            with _signals_deferred():  # one that came while it starts would leave a process that nobody knows
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
    """In the block, signals that Python handles wait for its end."""
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
    """Until it has ended; its lines are told on the way."""
    if tell is None:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise OutOfTime from None
        return
    deadline = None if seconds is None else time.monotonic() + seconds
    told = 0
    while True:
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            if deadline is not None and time.monotonic() > deadline:
                raise OutOfTime from None
        written = os.pread(output.fileno(), 1 << 20, told)
        whole = written if process.returncode is not None else written[: written.rfind(b"\n") + 1]
        for said in whole.decode(errors="replace").splitlines():
            tell(said)
        told += len(whole)
        if process.returncode is not None and not written:
            return


def _last_lines(output: BinaryIO, lines: int = 5) -> list[str]:
    """The last lines of the output that are not empty."""
    size = os.fstat(output.fileno()).st_size
    text = os.pread(output.fileno(), 1 << 16, max(0, size - (1 << 16))).decode(errors="replace")
    return [line for written in text.splitlines() if (line := written.strip())][-lines:]


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole group, gently first."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
            if number == signal.SIGKILL:
                return
