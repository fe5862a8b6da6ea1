"""Giving a program a share of one core, so that a load that this machine can make is too much for it.

The whole process group is stopped (SIGSTOP) as soon as it has used more than its share of the time, and goes on
(SIGCONT) when it has not. A process of its own does that, so neither a busy caller nor its interpreter delays it; it
ends with its caller. The share is one of CPU time, so it is the same on a busy machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil

from paved_road.process.running import RunningProgram

STEP = 0.002
"""Seconds between two looks at what the program has used."""
BURST = 0.004
"""Seconds of CPU time that it may use ahead of its share."""


@contextlib.asynccontextmanager
async def throttled(program: RunningProgram, share: float) -> AsyncIterator[None]:
    """Let a program use at most this share of one core during the block."""
    command = [sys.executable, "-m", "paved_road.process.throttle", str(program.pid), str(share)]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is not None:
            await process.stdout.readline()
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, signal.SIGCONT)


def hold(group: int, share: float) -> None:
    """Hold a process group to its share until it, or the process that asked for this, has ended."""
    caller, credit, stopped = os.getppid(), 0.0, False
    then, before = time.monotonic(), used(group)
    print(flush=True)  # noqa: T201 (it tells the caller that the share holds)
    while os.getppid() == caller:
        now, spent = time.monotonic(), used(group)
        credit = min(credit + share * (now - then), BURST) - (spent - before)  # a token bucket of CPU time
        then, before = now, spent
        if (credit < 0) is not stopped:
            try:
                os.killpg(group, signal.SIGCONT if stopped else signal.SIGSTOP)
            except ProcessLookupError:
                return
            stopped = not stopped
        time.sleep(STEP)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGCONT)


def used(group: int) -> float:
    """Seconds of CPU time that the processes of a group have used so far."""
    try:
        first = psutil.Process(group)
        return sum(map(_used, [first, *first.children(recursive=True)]))
    except psutil.Error:
        return 0.0


def _used(process: psutil.Process) -> float:
    """Linux tells nanoseconds per thread (the first number of schedstat); psutil's times there have steps of 10 ms."""
    total, found = 0.0, False
    for file in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            total, found = total + int(file.read_text().split()[0]) / 1e9, True
    if found:
        return total
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


if __name__ == "__main__":
    hold(int(sys.argv[1]), float(sys.argv[2]))
