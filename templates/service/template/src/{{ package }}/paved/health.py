"""Liveness, readiness and startup.

Liveness asks nothing but whether the process answers: a liveness probe that checks a dependency turns the
outage of one service into a restart storm of all. Readiness asks the critical dependencies.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .logs import Changes, get_logger
from .resilience.model import DependencyError

log = get_logger()


class State(StrEnum):
    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


Check = Callable[[], Awaitable[None]]  # raises when something is down
Results = dict[str, dict[str, object]]  # by name: its status, whether it is critical, why it is down


class Health(Collector):
    """What the probes say. Checks run together, within `timeout` seconds; their results hold for `ttl`.

    It is also a collector of metrics, which say what the last `report` found. `/metrics` asks for a report
    first, so they are right even if no probe asks.
    """

    def __init__(self, *, timeout: float = 0.8, ttl: float = 1.0) -> None:
        self.state = State.STARTING
        self._timeout = timeout  # below Kubernetes' default probe timeout of 1 s
        self._ttl = ttl
        self._checks: dict[str, tuple[Check, bool]] = {}  # by name, with whether it is critical
        self._running: asyncio.Task[Results] | None = None
        self._fresh_until = 0.0
        self._last: Results = {}
        self._reasons: defaultdict[str, Changes] = defaultdict(Changes)  # why each check is down

    def add(self, name: str, check: Check, *, critical: bool) -> None:
        self._checks[name] = check, critical

    async def live(self, _: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def started(self, _: Request) -> Response:
        status = 503 if self.state is State.STARTING else 200
        return JSONResponse({"status": "starting" if status == 503 else "started"}, status)

    async def ready(self, _: Request) -> Response:
        checks = await self.report()
        if self.state is not State.READY:
            return JSONResponse({"status": self.state.value}, 503)
        down = any(check["status"] == "down" for check in checks.values())
        status = "unready" if not self._is_ready() else "degraded" if down else "ready"
        return JSONResponse({"status": status, "checks": checks}, 200 if self._is_ready() else 503)

    def collect(self) -> Iterable[Metric]:
        """Their names are an interface: alerts and dashboards use them."""
        yield GaugeMetricFamily("service_ready", "1 where /readyz says 200", value=self._is_ready())
        checks = GaugeMetricFamily("service_check_up", "1 is up", labels=["check", "critical"])
        for name, result in self._last.items():
            checks.add_metric([name, str(result["critical"]).lower()], result["status"] == "up")
        yield checks

    def _is_ready(self) -> bool:
        failed = any(check["critical"] and check["status"] == "down" for check in self._last.values())
        return self.state is State.READY and not failed

    async def report(self) -> Results:
        """The last results while they are fresh; one run of the checks for all who ask for new ones.

        None while the service starts or drains: then it is unready, however its checks are.
        """
        if self.state is not State.READY:
            return {}
        now = asyncio.get_running_loop().time()
        if self._running is None or (self._running.done() and now >= self._fresh_until):
            self._running = asyncio.create_task(self._run())
        return await asyncio.shield(self._running)

    async def _run(self) -> Results:
        checks = dict(self._checks)
        results = await asyncio.gather(*(self._result(*each) for each in checks.values()))
        self._fresh_until = asyncio.get_running_loop().time() + self._ttl
        named = dict(zip(checks, results, strict=True))
        for name, result in named.items():
            other_reason = "reason" in result and self._reasons[name](str(result["reason"]))
            if other_reason or result["status"] != self._last.get(name, {"status": "up"})["status"]:
                log.warning("check changed", check=name, **result)
        self._last = named
        return named

    async def _result(self, check: Check, critical: bool) -> dict[str, object]:
        try:
            async with asyncio.timeout(self._timeout):
                await check()
            return {"status": "up", "critical": critical}
        except TimeoutError:
            reason = "timeout"
        except Exception as error:  # whatever a team's check raises means that it is down
            reason = error.reason.value if isinstance(error, DependencyError) else type(error).__name__
        return {"status": "down", "critical": critical, "reason": reason}
