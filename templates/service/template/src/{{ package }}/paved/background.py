"""Work beside the requests: started when the service is set up, restarted when it crashes, ended with it.

A task that crashed is started again after a pause that doubles each time, with jitter, so that instances do
not all come back at the same moment. One crash says little: a message that nobody can read, a queue that is
being upgraded. Five in a row, as with systemd, mean that the task does not work: within 7 to 15 seconds.
"""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import Counter

from .health import Health
from .logs import get_logger

FIRST_PAUSE = 1.0  # seconds before the first restart
LONGEST_PAUSE = 30.0  # seconds
CRASHES = 5  # in a row, that make the service unready
STEADY = 60.0  # seconds that a task runs before its crashes are forgotten
STOP_SECONDS = 5.0  # that a task has to end once it is cancelled

log = get_logger()


@dataclass(slots=True)
class Task:
    function: Callable[[], Awaitable[None]]
    crashes: int = 0  # in a row
    error: Exception | None = None  # of the last crash
    steady_at: float = math.inf  # by the loop's clock

    async def check(self) -> None:
        """Raise why the task keeps crashing."""
        if self.error and self.crashes >= CRASHES and asyncio.get_running_loop().time() < self.steady_at:
            raise self.error.with_traceback(None)


class Background:
    """Tasks that are critical to this service: while one keeps crashing, the service is unready.

    A task that returns has finished and is not started again.
    """

    def __init__(self, health: Health, crashes: Counter) -> None:
        self._health = health
        self._crashes = crashes
        self._tasks: dict[str, Task] = {}
        self._stopping = False

    def add(self, name: str, function: Callable[[], Awaitable[None]]) -> None:
        """Raises ValueError where there is a task of this name already."""
        if name in self._tasks:
            raise ValueError(f"there are two background tasks called {name}")
        self._tasks[name] = task = Task(function)
        self._crashes.labels(name)  # made now, so that it is 0 and not absent before the first
        self._health.add(name, task.check, critical=True)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._stopping = False
        tasks = [asyncio.create_task(self._keep(name, task), name=name) for name, task in self._tasks.items()]
        try:
            yield
        finally:
            self._stopping = True
            for task in tasks:
                task.cancel()
            if tasks:
                _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
                for task in late:
                    log.error("background task does not end", task=task.get_name())

    async def _keep(self, name: str, task: Task) -> None:
        """Run it until it finishes or the service stops."""
        loop = asyncio.get_running_loop()
        while True:
            task.steady_at = loop.time() + STEADY
            try:
                await task.function()
            except BaseException as error:  # SystemExit, too, which would end the process
                if self._stopping and isinstance(error, asyncio.CancelledError):
                    raise
                task.crashes = 1 if loop.time() >= task.steady_at else task.crashes + 1
                task.error = error if isinstance(error, Exception) else RuntimeError(repr(error))
                task.steady_at = math.inf
                self._crashes.labels(name).inc()
                log.exception("background task crashed", task=name)
            else:
                task.error = None
                log.info("background task finished", task=name)
                return
            if self._stopping:
                return
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (task.crashes - 1))
            pause *= random.uniform(0.5, 1)  # noqa: S311
            log.info("background task restarts", task=name, seconds=round(pause, 1))
            await asyncio.sleep(pause)
