"""Measures how late the event loop is, and names the code that blocks it.

A thread asks the loop ten times a second to call it back. While the loop does not, the stack of the loop's
thread says what it is doing instead.
"""

import asyncio
import math
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import Histogram

from .logs import get_logger

PAUSE = 0.1  # seconds between two measurements
BLOCKED = 0.25  # seconds without an answer, after which the thread's stack is looked at
QUIET = 10.0  # seconds between two log lines
ROAD = Path(__file__).parent

log = get_logger()


@contextmanager
def watching(lag: Histogram) -> Iterator[None]:
    """Watch the event loop that runs this, and observe in `lag` by how many seconds it is late."""
    stop, loop = threading.Event(), asyncio.get_running_loop()
    ids = threading.get_ident(), threading.get_native_id()
    threading.Thread(target=_watch, args=(loop, *ids, lag, stop), name="watchdog", daemon=True).start()
    try:
        yield
    finally:
        stop.set()


def _watch(
    loop: asyncio.AbstractEventLoop, thread: int, native: int, lag: Histogram, stop: threading.Event
) -> None:
    answered, tell_at = threading.Event(), -math.inf

    def answer(asked: float) -> None:
        lag.observe(time.perf_counter() - asked)
        answered.set()

    while not stop.wait(PAUSE):
        answered.clear()
        asked, before = time.perf_counter(), _usage(native)
        try:
            loop.call_soon_threadsafe(answer, asked)
        except RuntimeError:  # it has been closed meanwhile
            return
        if not answered.wait(BLOCKED) and asked >= tell_at and not stop.is_set():
            tell_at = asked + QUIET
            code, now = _code(thread), _usage(native)
            _tell(code, time.perf_counter() - asked, now[0] - before[0], now[1] - before[1])
        while not answered.wait(PAUSE) and not stop.is_set():
            pass


def _tell(code: str | None, waited: float, computed: float, starved: float) -> None:
    spent = {"blocked_ms": waited, "cpu_ms": computed, "starved_ms": starved}
    fields = {name: round(seconds * 1000) for name, seconds in spent.items()}
    if code and (blame := blames(waited, computed, starved)):
        log.warning("event loop blocked", code=code, blame=blame, **fields)
    else:
        log.warning("event loop starved: the machine gave the process too little CPU", **fields)


def blames(waited: float, computed: float, starved: float) -> str | None:
    """How sure it is that the code of the loop's thread is at fault; None if the machine is. All in seconds.

    On a busy machine the thread is `starved`: it waits for a CPU. If the process was stopped, the watchdog
    wakes late, too, and the thread has not `computed`. If the watchdog is late and the thread has computed,
    its code held the interpreter's lock all the time, and may have gone on by a line.
    """
    late = waited > 2 * BLOCKED
    if starved > waited / 2 or (late and computed < waited / 2):
        return None
    return "likely" if late else "sure"


def _usage(thread: int) -> tuple[float, float]:
    """Seconds that a thread has computed, and that it has waited for a CPU (0 but on Linux)."""
    try:
        computed, starved, _ = Path(f"/proc/self/task/{thread}/schedstat").read_text().split()
    except OSError:
        return time.process_time(), 0.0
    return int(computed) / 1e9, int(starved) / 1e9


def _code(thread: int) -> str | None:
    """What runs: the team's innermost frame, or the innermost of all; None while the loop waits for work."""
    frames = traceback.extract_stack(sys._current_frames()[thread])[::-1]
    file = Path(frames[0].filename)
    if {"asyncio", "selectors", "uvicorn"} & {file.parent.name, file.stem}:
        return None
    team = [frame for frame in frames if _is_the_teams(Path(frame.filename))]
    frame = (team or frames)[0]
    return f"{frame.filename}:{frame.lineno} {frame.name}"


def _is_the_teams(file: Path) -> bool:
    return file.is_relative_to(ROAD.parent) and not file.is_relative_to(ROAD) and file.name != "__main__.py"
