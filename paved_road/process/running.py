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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import psutil


class RunningProgram:
    """A started program. `start` makes one."""

    def __init__(self, process: asyncio.subprocess.Process, output: BinaryIO, errors: BinaryIO) -> None:
        self._process, self._output, self._errors = process, output, errors

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
        return _content(self._output)

    @property
    def errors(self) -> str:
        """What it has written to its standard error so far."""
        return _content(self._errors)

    @property
    def said(self) -> str:
        """Both of its outputs."""
        return self.output + self.errors

    def signal(self, number: int) -> None:
        """Send a signal to the command alone, as a platform does to a container's first process."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill the whole group at once, as a lost machine does."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def wait(self, within: float) -> int | None:
        """Wait until it has ended, for at most so many seconds. The exit code, or None if it still runs."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._process.wait()), within)
        return self.code

    async def stop(self) -> None:
        """End the whole group, and let go of its output."""
        self.kill()
        await self._process.wait()
        self._output.close()
        self._errors.close()

    def processes(self) -> list[psutil.Process]:
        """The command's process and all below it, as far as they still exist."""
        with contextlib.suppress(psutil.Error):
            first = psutil.Process(self.pid)
            return [first, *first.children(recursive=True)]
        return []

    def memory(self) -> int:
        """Bytes that the whole group holds in memory."""
        total = 0
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def pids(self) -> list[int]:
        """The ids of its processes."""
        return [process.pid for process in self.processes()]


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


def _content(file: BinaryIO) -> str:
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), size, 0).decode(errors="replace")
