"""Liveness, readiness and startup.

Liveness asks nothing but whether the process answers: a liveness probe that checks a dependency turns the
outage of one service into a restart storm of all. Readiness asks the critical dependencies.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .logs import get_logger
from .resilience.model import DependencyError

log = get_logger()


class State(StrEnum):
    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """`run` raises when `name` is down."""

    name: str
    critical: bool
    run: Callable[[], Awaitable[None]]


Results = dict[str, dict[str, object]]  # by name: its status, whether it is critical, why it is down


class Health:
    """What the probes say. Checks run together, within `timeout` seconds; their results hold for `ttl`."""

    def __init__(self, *, timeout: float = 0.8, ttl: float = 1.0) -> None:
        self.state = State.STARTING
        self._timeout = timeout  # below Kubernetes' default probe timeout of 1 s
        self._ttl = ttl
        self._checks: list[Check] = []
        self._running: asyncio.Task[Results] | None = None
        self._fresh_until = 0.0
        self._last: dict[str, object] = {}  # the status of each check, to tell of its changes

    def add(self, name: str, run: Callable[[], Awaitable[None]], *, critical: bool) -> None:
        self._checks.append(Check(name=name, critical=critical, run=run))

    async def live(self, _: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def started(self, _: Request) -> Response:
        status = 503 if self.state is State.STARTING else 200
        return JSONResponse({"status": "starting" if status == 503 else "started"}, status)

    async def ready(self, _: Request) -> Response:
        if self.state is not State.READY:
            return JSONResponse({"status": self.state.value}, 503)
        checks = await self._results()
        down = [check for check in checks.values() if check["status"] == "down"]
        unready = any(check["critical"] for check in down)
        status = "unready" if unready else "degraded" if down else "ready"
        return JSONResponse({"status": status, "checks": checks}, 503 if unready else 200)

    async def _results(self) -> Results:
        """The last results while they are fresh; one run of the checks for all who ask for new ones."""
        if self._running is None or (self._running.done() and time.monotonic() >= self._fresh_until):
            self._running = asyncio.create_task(self._run())
        return await asyncio.shield(self._running)

    async def _run(self) -> Results:
        results = await asyncio.gather(*map(self._result, self._checks))
        self._fresh_until = time.monotonic() + self._ttl
        named = {check.name: result for check, result in zip(self._checks, results, strict=True)}
        for name, result in named.items():
            if result["status"] != self._last.get(name, "up"):
                log.warning("check changed", check=name, **result)
            self._last[name] = result["status"]
        return named

    async def _result(self, check: Check) -> dict[str, object]:
        try:
            async with asyncio.timeout(self._timeout):
                await check.run()
            return {"status": "up", "critical": check.critical}
        except TimeoutError:
            reason = "timeout"
        except Exception as error:  # whatever a team's check raises means that it is down
            reason = error.reason.value if isinstance(error, DependencyError) else type(error).__name__
        return {"status": "down", "critical": check.critical, "reason": reason}
