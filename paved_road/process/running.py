"""A program that runs until it is stopped: a service under a live check, or a stub of one of its dependencies.

Its whole process group ends with it. Everything it writes is kept in files, so a program that writes a lot never waits
for a reader.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import time
import weakref
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import psutil

PASSED_ON = 0.5
"""Seconds that a launcher has to pass a signal on to the process that it started."""
MOST_TEXT = 2**20
"""Bytes of each output that are read back: its end. A program may write gigabytes."""


class RunningProgram:
    """A started program. `start` makes one."""

    def __init__(self, process: asyncio.subprocess.Process, output: BinaryIO, errors: BinaryIO) -> None:
        self._process, self._output, self._errors = process, output, errors
        self._close = weakref.finalize(self, _close, output, errors)
        self._stopped = False
        self._last = "", ""
        """What it had written when it was stopped."""

    @property
    def pid(self) -> int:
        """The process id of the command, which is also its process group."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, minus the number of the signal that ended it; None while it runs."""
        return self._process.returncode

    @property
    def output(self) -> str:
        """What it has written to its standard output so far."""
        return _content(self._output) if not self._stopped else self._last[0]

    @property
    def errors(self) -> str:
        """What it has written to its standard error so far."""
        return _content(self._errors) if not self._stopped else self._last[1]

    @property
    def said(self) -> str:
        """Both of its outputs."""
        return self.output + self.errors

    def signal(self, number: int) -> None:
        """Send a signal to the command alone, as a platform does to a container's first process."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill the whole group at once, as a lost machine does, and what has left the group."""
        if self._stopped:
            return
        below = self.pids()[1:]
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        _send(below, signal.SIGKILL)

    async def end_while_frozen(self, number: int, *, frozen: Callable[[], Awaitable[object]]) -> None:
        """Freeze the processes that do the work, wait for `frozen`, send a signal to the command, and thaw them.

        What others send meanwhile is on its way when the signal arrives. That happens on any busy machine; this way it
        happens every time. A launcher that passes signals on (`uv run`, gunicorn's first process) is not frozen.
        """
        working = [pid for pid in self.pids() if not _children(pid)]
        _send(working, signal.SIGSTOP)
        try:
            await _soon(lambda: all(map(_is_frozen, working)))  # a signal is handled when the process gets a core
            await frozen()
            self.signal(number)
            await _soon(lambda: all(_is_pending(pid, number) for pid in working))
        finally:
            _send(working, signal.SIGCONT)

    async def wait(self, within: float) -> int | None:
        """Wait until it has ended, for at most so many seconds. The exit code, or None if it still runs."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._process.wait()), within)
        return self.code

    async def stop(self) -> None:
        """End the whole group, and let go of its output. A second call does nothing."""
        if self._stopped:
            return
        self.kill()
        self._stopped = True
        try:
            await self._process.wait()
        finally:
            self._last = _content(self._output), _content(self._errors)
            self._close()

    def memory(self) -> int:
        """Bytes that all of its processes hold in memory."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(psutil.Error):
                total += psutil.Process(pid).memory_info().rss
        return total

    def pids(self) -> list[int]:
        """The ids of its processes: the command's first, then all below it."""
        found = [self.pid]
        for pid in found:
            found += _children(pid)
        return found


async def start(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdout: int | None = None,
    stderr: int | None = None,
) -> RunningProgram:
    """Start a program in a process group of its own. Raises `OSError` if it cannot be started.

    `stdout` and `stderr` are file descriptors for its outputs, for a caller that reads or closes them itself.
    """
    output, errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 (`RunningProgram.stop` closes them)
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=cwd, env=dict(env), start_new_session=True, stdin=asyncio.subprocess.DEVNULL,
            stdout=output if stdout is None else stdout, stderr=errors if stderr is None else stderr,
        )  # fmt: skip
    except BaseException:
        output.close()
        errors.close()
        raise
    return RunningProgram(process, output, errors)


def _close(*files: BinaryIO) -> None:
    for file in files:
        file.close()


def _content(file: BinaryIO) -> str:
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), MOST_TEXT, max(0, size - MOST_TEXT)).decode(errors="replace")


def _children(pid: int) -> list[int]:
    """The processes that a process has started, as far as they still run."""
    found: list[int] = []
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text(encoding="ascii").split())
    except OSError:
        if Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists():
            return found  # it has just ended
        with contextlib.suppress(psutil.Error):
            return [child.pid for child in psutil.Process(pid).children()]
    return found


def _send(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


async def _soon(holds: Callable[[], bool]) -> None:
    """Wait until something holds, but not for long: nothing depends on it."""
    until = time.monotonic() + PASSED_ON
    while not holds() and time.monotonic() < until:
        await asyncio.sleep(0.002)


def _is_frozen(pid: int) -> bool:
    """Whether a process is stopped; also when it has ended, and where nobody can tell."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return status.rpartition(")")[2].split()[0] in "TtZX"
    except OSError:
        return True


def _is_pending(pid: int, number: int) -> bool:
    """Whether a signal waits to be handled by a process; also when it has ended. False where nobody can tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return Path("/proc/self/status").exists()
    except OSError:
        return True
    masks = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd:", "ShdPnd:"))]
    return any(mask >> (number - 1) & 1 for mask in masks)
