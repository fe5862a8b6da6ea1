"""Measures how late the event loop is, and names the code that blocks it.

A thread asks the loop ten times a second to call it back. While the loop does not, the stack of the loop's
thread says what it is doing instead.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Literal

from prometheus_client import Histogram

from .logs import get_logger

PAUSE = 0.1  # seconds between two measurements
BLOCKED = 0.25  # seconds without an answer, after which the loop's thread is looked at
QUIET = 10.0  # seconds between two log lines
ROAD = Path(__file__).parent
LOOP = ("asyncio", "selectors", "uvicorn")  # where the loop's thread is while it has nothing to do

log = get_logger()


class Watchdog:
    """Watches the loop of the thread that enters `watching`."""

    def __init__(self, lag: Histogram) -> None:
        self._lag = lag
        self._stop = threading.Event()
        self._tell_at = 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._loop = asyncio.get_running_loop()
        self._thread, self._native = threading.get_ident(), threading.get_native_id()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        try:
            yield
        finally:
            self._stop.set()

    def _watch(self) -> None:
        answered = threading.Event()
        while not self._stop.wait(PAUSE):
            answered.clear()
            asked, before = time.perf_counter(), self._usage()

            def answer(asked: float = asked) -> None:
                self._lag.observe(time.perf_counter() - asked)
                answered.set()

            try:
                self._loop.call_soon_threadsafe(answer)
            except RuntimeError:  # it has been closed meanwhile
                return
            if not answered.wait(BLOCKED):
                self._tell(time.perf_counter() - asked, before)
            while not answered.wait(PAUSE) and not self._stop.is_set():
                pass

    def _tell(self, waited: float, before: tuple[float, float]) -> None:
        stack = _stack(sys._current_frames().get(self._thread))
        computed, starved = (now - then for now, then in zip(self._usage(), before, strict=True))
        if self._stop.is_set() or time.monotonic() < self._tell_at:
            return
        self._tell_at = time.monotonic() + QUIET
        spent = {"blocked_ms": waited, "cpu_ms": computed, "starved_ms": starved}
        fields: dict[str, object] = {name: round(seconds * 1000) for name, seconds in spent.items()}
        if not stack or not (blame := blames(waited, computed, starved)):
            log.warning("event loop not run: the machine gave it too little CPU", **fields)
            return
        team = [frame for frame in stack if _is_the_teams(frame)]
        places = {"code": _place((team or stack)[0]), "within": _place(stack[0])}
        log.warning("event loop blocked", **fields, **places, blame=blame)

    def _usage(self) -> tuple[float, float]:
        """Seconds that the loop's thread has computed, and that it has waited for a CPU (0 but on Linux)."""
        try:
            used, waited, _ = Path(f"/proc/self/task/{self._native}/schedstat").read_text().split()
        except OSError:
            return time.process_time(), 0.0
        return int(used) / 1e9, int(waited) / 1e9


def blames(waited: float, computed: float, starved: float) -> Literal["sure", "likely"] | None:
    """Whether the code that the loop's thread runs after `waited` seconds is at fault; None: the machine is.

    On a busy machine the thread waits for a CPU (`starved`). In a process that was stopped the watchdog, too,
    wakes late, and nothing was `computed`. If it was, the code held the interpreter's lock all the time, and
    may be a line further on by now. All in seconds.
    """
    if starved > waited / 2:
        return None
    if waited < 2 * BLOCKED:
        return "sure"
    return "likely" if computed > waited / 2 else None


def _stack(frame: FrameType | None) -> list[FrameType]:
    """From the innermost frame; empty while the loop waits for something to do."""
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    idle = frames and str(frames[0].f_globals.get("__name__")).startswith(LOOP)
    return [] if idle else frames


def _is_the_teams(frame: FrameType) -> bool:
    path = Path(frame.f_code.co_filename)
    return path.is_relative_to(ROAD.parent) and not path.is_relative_to(ROAD) and path.name != "__main__.py"


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"
