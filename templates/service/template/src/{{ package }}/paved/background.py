"""Work beside the requests: started when the service is set up, watched while it runs, ended with it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from .health import Health
from .logs import get_logger

STOP_SECONDS = 5.0  # that a task has to end once it is cancelled

log = get_logger()


class Background:
    """Tasks that are critical to this service: one that crashed makes it unready, and readiness says why."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._functions: dict[str, Callable[[], Awaitable[None]]] = {}
        self._crashed: dict[str, Exception] = {}

    def add(self, name: str, function: Callable[[], Awaitable[None]]) -> None:
        async def check() -> None:
            if name in self._crashed:
                raise self._crashed[name].with_traceback(None)

        if name in self._functions:
            raise ValueError(f"there are two background tasks called {name}")
        self._functions[name] = function
        self._health.add(name, check, critical=True)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(self._watch(name, function), name=name)
            for name, function in self._functions.items()
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            if tasks:
                _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
                for task in late:
                    log.error("background task does not end", task=task.get_name())

    async def _watch(self, name: str, function: Callable[[], Awaitable[None]]) -> None:
        try:
            await function()
        except Exception as error:  # whatever it is, readiness must tell it
            self._crashed[name] = error
            log.exception("background task crashed", task=name)
        else:
            log.info("background task finished", task=name)
