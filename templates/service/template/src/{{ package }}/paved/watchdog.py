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
from pathlib import Path

from prometheus_client import Histogram

from .logs import get_logger

PAUSE = 0.1  # seconds between two measurements
BLOCKED = 0.25  # seconds without an answer, after which the thread's stack is looked at
QUIET = 10.0  # seconds between two log lines
ROAD = Path(__file__).parent

log = get_logger()


def watch(lag: Histogram) -> None:
    """Watch the event loop that runs this until it is closed, and observe in `lag` how late it is."""
    arguments = asyncio.get_running_loop(), threading.get_ident(), lag
    threading.Thread(target=_watch, args=arguments, name="watchdog", daemon=True).start()


def _watch(loop: asyncio.AbstractEventLoop, thread: int, lag: Histogram) -> None:
    answered, tell_at = threading.Event(), -math.inf

    def answer(asked: float) -> None:
        lag.observe(time.perf_counter() - asked)
        answered.set()

    while not loop.is_closed():
        time.sleep(PAUSE)
        answered.clear()
        asked, before = time.perf_counter(), time.process_time()
        try:
            loop.call_soon_threadsafe(answer, asked)
        except RuntimeError:  # it has been closed meanwhile
            return
        if not answered.wait(BLOCKED) and asked >= tell_at:
            tell_at = asked + QUIET
            code = _code(thread)
            _tell(code, waited=time.perf_counter() - asked, computed=time.process_time() - before)
        while not (answered.wait(PAUSE) or loop.is_closed()):
            pass


def _tell(code: str | None, *, waited: float, computed: float) -> None:
    fields = {"blocked_ms": round(waited * 1000), "cpu_ms": round(computed * 1000)}
    if code and is_blamed(waited, computed):
        log.warning("event loop blocked", code=code, **fields)
    else:
        log.warning("event loop starved: the machine gave the process too little CPU", **fields)


def is_blamed(waited: float, computed: float) -> bool:
    """Whether the loop's thread kept the loop waiting, or the machine the whole process. All in seconds.

    A watchdog that is late itself did not run either. If the process has computed meanwhile, C code held the
    interpreter's lock; otherwise the process was stopped, or got no CPU.
    """
    return waited <= 2 * BLOCKED or computed >= waited / 2


def _code(thread: int) -> str | None:
    """What runs: the team's innermost frame, or the innermost of all; None while the loop waits for work."""
    frames = traceback.extract_stack(sys._current_frames()[thread])[::-1]
    file = Path(frames[0].filename)
    if {"asyncio", "selectors", "uvicorn"} & {file.parent.name, file.stem}:
        return None
    frame = next((each for each in frames if _is_the_teams(Path(each.filename))), frames[0])
    return f"{frame.filename}:{frame.lineno} {frame.name}"


def _is_the_teams(file: Path) -> bool:
    return file.is_relative_to(ROAD.parent) and not file.is_relative_to(ROAD) and file.name != "__main__.py"
