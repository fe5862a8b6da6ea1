"""Time as a program could use it: without the time in which it was ready to run, and the machine had no core for it.

A time limit that is measured so says something about the program, and not about what else the machine does. Linux tells
how long a thread has waited for a core (`/proc/PID/task/TID/schedstat`, the second number, nanoseconds; see
`Documentation/scheduler/sched-stats.rst` of the kernel). Elsewhere, this is the time of the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

LEAST = 0.1
"""The share of the clock's time that always counts, so that a wait for fair seconds comes to an end."""


class Stopwatch:
    """Measures from its creation. `pids` tells which processes the measured program has at any moment."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids
        self._before = {pid: _waits(pid) for pid in pids()}
        self._lost: dict[int, float] = {}
        self._own = own_wait()
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the creation, without those in which the program, or this thread, waited for a core."""
        passed = time.monotonic() - self._began
        return max(LEAST * passed, passed - self.waited)

    @property
    def waited(self) -> float:
        """Seconds that the program and this thread have waited for a core since the creation.

        One process may wait for another (a launcher for the service), so their times add up; of one process's threads
        the one that waited longest counts. What a process that has ended had waited counts as last seen.
        """
        for pid in self._pids():
            before = self._before.setdefault(pid, {})
            now = _waits(pid)
            longest = max((waited - before.get(thread, 0.0) for thread, waited in now.items()), default=0.0)
            self._lost[pid] = max(longest, self._lost.get(pid, 0.0))
        return sum(self._lost.values()) + own_wait() - self._own


def own_wait() -> float:
    """Seconds that this thread has waited for a core so far; always 0 where the system does not tell."""
    return _waited("/proc/thread-self/schedstat") or 0.0


def _waits(pid: int) -> dict[str, float]:
    """Seconds that each thread of a process has waited for a core so far."""
    try:
        threads = [folder.name for folder in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # it has ended, or there is no /proc
        return {}
    found = {thread: _waited(f"/proc/{pid}/task/{thread}/schedstat") for thread in threads}
    return {thread: waited for thread, waited in found.items() if waited is not None}


def _waited(file: str) -> float | None:
    try:
        return int(Path(file).read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):  # it has just ended, or the kernel keeps no such numbers
        return None
