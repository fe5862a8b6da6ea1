"""Event loops whose verdict does not depend on how fast the machine is.

In the loop of virtual time waiting for a timer takes no time, so that a test of hours ends at once.

Time stands still while a thread works for the loop (`asyncio.to_thread`, `anyio.to_thread`, the look-up of a
name): the thread takes real time, and the timers would run out meanwhile. A process that is asked over a
connection takes real time, too, and the loop cannot know of it: such a test needs the ordinary loop.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple

from anyio.to_thread import current_default_thread_limiter

PATIENCE = 300.0
"""Real seconds without an event after which a test fails, so that it does not hang."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class VirtualClock(selectors.DefaultSelector):
    """Where the loop would wait for a timer, it is that time already."""

    now = 1000.0
    in_threads = 0  # calls of the loop's own executor

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        at_work = self.in_threads + current_default_thread_limiter().borrowed_tokens
        if timeout is None or (timeout > 0 and at_work):
            events = super().select(PATIENCE)
            if not events:
                raise RuntimeError(f"nothing has happened for {PATIENCE} s")
            return events
        events = super().select(0)
        if not events:
            self.now += timeout
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = VirtualClock()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        self._virtual.in_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._returned)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Without the time limit of Python 3.12 and newer, which would pass at once."""
        await super().shutdown_default_executor()

    def _returned(self, _: object) -> None:
        self._virtual.in_threads -= 1


class PatientLoop(asyncio.SelectorEventLoop):
    """Its timers take twenty times as long, so that on a slow machine, too, answers come in time."""

    def time(self) -> float:
        return super().time() / 20
