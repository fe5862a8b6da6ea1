"""What happens around each request. Pure ASGI: a BaseHTTPMiddleware costs 140 us more per request."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from opentelemetry import baggage
from opentelemetry.context import attach
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import context
from .health import Health, State
from .limit import Admission, Priority, Refusal
from .logs import get_logger
from .metrics import Metrics
from .problems import problem
from .settings import RoadSettings

METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})

log = get_logger()

Probe = Callable[[Request], Awaitable[Response]]


class ProbeMiddleware:
    """Answers the probes before anything else happens.

    They are not observed, since what machines ask every few seconds would drown what people do, and not shed,
    since an overloaded service is alive. With an internal port they are not answered on the public one, and
    nothing else is answered on the internal one.
    """

    def __init__(self, app: ASGIApp, *, probes: Mapping[str, Probe], settings: RoadSettings) -> None:
        self.app = app
        self.probes = probes
        self.internal_port = settings.internal_port
        self.without_probes = settings.port if settings.internal_port else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self.app
        if scope["type"] != "lifespan":
            _, port = scope.get("server") or (None, None)  # where the connection arrived, whatever Host says
            if scope["type"] == "http" and scope["path"] in self.probes and port != self.without_probes:
                app = await self.probes[scope["path"]](Request(scope))
            elif port == self.internal_port:
                app = problem(scope, 404)
        await app(scope, receive, send)


class ContextMiddleware:
    """Takes or makes what a request carries, and tells the client its id.

    Strangers may not choose their priority or deadline, nor put baggage into our calls or faults into us.
    """

    def __init__(self, app: ASGIApp, *, settings: RoadSettings, health: Health) -> None:
        self.app = app
        self.timeout = settings.request_timeout_seconds
        self.health = health
        self.trusts = context.trust(settings.trusted_callers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if not self.trusts((scope.get("client") or [""])[0]):
            scope["headers"] = [each for each in scope["headers"] if each[0] not in context.INTERNAL]
            attach(baggage.clear())  # which the tracing around us has read
        identifier = (b"x-request-id", context.accept(scope["headers"], self.timeout).encode())

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], identifier]
                if self.health.state is State.DRAINING:
                    # The client must not send its next request on a connection that is about to close.
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        await self.app(scope, receive, send_with_headers)


SHED = "paved.shed"  # in the scope of a request that was refused because the service is overloaded
CLIENT_LEFT = "paved.client_left"  # in the scope of one that was cancelled because nobody waits for it


class ObserveMiddleware:
    """One measurement and one log line for each request that was served, by the route's template.

    A request ends with the last byte of its response: nobody waits for the background tasks of a response.
    Shed requests are not measured here, since a refusal takes next to no time; `ShedMiddleware` counts them.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, ended = None, False
        started = time.perf_counter()

        def end() -> None:
            nonlocal ended
            if not ended and SHED not in scope:
                # A 499 is what nginx logs when the client has left before the response began.
                known = status or (499 if scope.get(CLIENT_LEFT) else 500)
                observe(self.metrics, scope, known, time.perf_counter() - started)
            ended = True

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                end()

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            end()


def observe(metrics: Metrics, scope: Mapping[str, Any], status: int, seconds: float) -> None:
    """By the template of the route, and never the path: paths hold names and tokens."""
    # FastAPI's telemetry knows the whole template; scope["route"] lacks the prefix of include_router.
    route = getattr(scope.get("fastapi.telemetry"), "route", None) or "unmatched"
    method = scope["method"] if scope["method"] in METHODS else "_OTHER"
    metrics.request_duration(route, method, status).observe(seconds)
    served = context.fallbacks.get()
    fallbacks = {"fallbacks": sorted(served)} if served else {}
    duration = round(seconds * 1000, 3)
    log.info("request", method=method, route=route, status=status, duration_ms=duration, **fallbacks)


class ShedMiddleware:
    """Refuses cheaply what the service has no capacity for."""

    def __init__(self, app: ASGIApp, *, admission: Admission, metrics: Metrics) -> None:
        self.app = app
        self.admission = admission
        self._refusals = metrics.shed_requests
        self._shed = 0
        self._tell_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if refusal := await self.admission.acquire(priority := context.priority.get()):
            scope[SHED] = True
            self._count(refusal, priority)
            # At different times, or those who were refused together come back together.
            headers = {"Retry-After": str(random.randint(1, 3))}  # noqa: S311
            await problem(scope, 503, "The service is overloaded.", headers=headers)(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self.admission.release()

    def _count(self, refusal: Refusal, priority: Priority) -> None:
        """Tells of it every ten seconds: overloaded, a service has better to do than to log."""
        self._refusals(refusal.value, priority.value).inc()
        self._shed += 1
        if (now := time.monotonic()) >= self._tell_at:
            log.warning("load shed", requests=self._shed, reason=refusal.value)
            self._shed = 0
            self._tell_at = now + 10


class RecoverMiddleware:
    """Answers where the application does not: 504 when the deadline passes, 500 for what nobody caught.

    Either ends with the first byte of the response: a long download is not cut off by the deadline, and half
    a response must not look whole, so the server cuts the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_in_time(message: Message) -> None:
            if not timeout.expired():
                timeout.reschedule(None)
            await send(message)

        left = context.time_left()
        refusal: tuple[int, str | None] = (504, "The deadline of the request has passed.")
        try:
            async with asyncio.timeout(left) as timeout:
                if left > 0:
                    await self.app(scope, receive, send_in_time)
                    return
        except (Exception, asyncio.CancelledError) as error:
            if timeout.when() is None or scope.get(CLIENT_LEFT):
                raise
            if isinstance(error, asyncio.CancelledError):  # by the server, at the end of the grace
                refusal = (503, "The service is stopping.")
            elif not timeout.expired():
                log.exception("unhandled exception")
                refusal = (500, None)
        await problem(scope, *refusal)(scope, receive, send)
