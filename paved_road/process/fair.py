"""Time as a program could use it: without the time in which it was ready to run, and the machine had no core for it.

A time limit that is measured so says something about the program, and not about what else the machine does. Linux tells
how long a thread has waited for a core (`/proc/PID/task/TID/schedstat`, the second number, nanoseconds; see
`Documentation/scheduler/sched-stats.rst` of the kernel). Elsewhere, this is the time of the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path


class Stopwatch:
    """Measures from its creation. `pids` tells which processes the measured program has at any moment."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids
        self._waited = _waits(pids())
        self._own = _waits(["self"])
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the creation, without those in which the program, or this process, waited for a core."""
        passed = time.monotonic() - self._began
        program = _longest_wait(self._waited, _waits(self._pids()))
        own = _longest_wait(self._own, _waits(["self"]))
        return max(0.0, passed - program - own)


def _waits(pids: Iterable[int | str]) -> dict[str, float]:
    """Seconds that each thread of the processes has waited for a core so far."""
    waits = {}
    for pid in pids:
        for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                waits[file.parent.name] = int(file.read_text().split()[1]) / 1e9
            except (OSError, IndexError, ValueError):  # it has just ended, or the kernel keeps no such numbers
                continue
    return waits


def _longest_wait(before: dict[str, float], after: dict[str, float]) -> float:
    return max((waited - before.get(thread, 0.0) for thread, waited in after.items()), default=0.0)
