"""What happens around each request. Pure ASGI: a BaseHTTPMiddleware costs 140 us more per request."""

import asyncio
import random
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import context
from .health import Health, State
from .limit import ConcurrencyLimit, Priority, Refusal
from .logs import get_logger
from .metrics import Metrics
from .problems import problem

# Asked every few seconds by machines: measured, logged and traced they would drown what people do.
PROBES = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})

METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})

SHED = "paved.shed"  # in the scope of a request that was

log = get_logger()


class ObserveMiddleware:
    """One measurement and one log line per request, by the route's template and never by the path."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            seconds = time.perf_counter() - started
            # FastAPI's telemetry knows the whole template; scope["route"] lacks the prefix of include_router.
            route = getattr(scope.get("fastapi.telemetry"), "route", None) or "unmatched"
            self.metrics.request_duration.labels(route, method, status).observe(seconds)
            if SHED not in scope:
                milliseconds = round(seconds * 1000, 3)
                log.info("request", method=method, route=route, status=status, duration_ms=milliseconds)


class ContextMiddleware:
    """Takes or makes the request's id, deadline and priority, and answers 504 when the deadline passes.

    The time limit ends with the first byte of the response: a long download is not cut off.
    """

    def __init__(self, app: ASGIApp, *, limit: float, health: Health) -> None:
        self.app = app
        self.limit = limit
        self.health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        identifier = context.accepted_id(headers.get(context.REQUEST_ID, ""))
        left = context.accepted_timeout(headers.get(context.TIMEOUT, ""), self.limit)
        context.request_id.set(identifier)
        context.deadline.set(time.monotonic() + left)
        context.priority.set(context.accepted_priority(headers.get(context.PRIORITY, "")))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                outbound = MutableHeaders(scope=message)
                outbound[context.REQUEST_ID] = identifier
                if self.health.state is State.DRAINING:
                    # The client must not send its next request on a connection that is about to close.
                    outbound["Connection"] = "close"
            await send(message)

        async def send_in_time(message: Message) -> None:
            if not timeout.expired():
                timeout.reschedule(None)
            await send_with_headers(message)

        refusal = (504, "The deadline of the request has passed.")
        try:
            async with asyncio.timeout(left) as timeout:
                if left > 0:
                    await self.app(scope, receive, send_in_time)
                    return
        except TimeoutError:
            if not timeout.expired():
                raise
        except asyncio.CancelledError:
            # By the server, at the end of the grace. Unless the response has begun, the client may try again.
            if timeout.when() is None:
                raise
            refusal = (503, "The service is stopping.")
        await problem(scope, *refusal)(scope, receive, send_with_headers)


class LimitMiddleware:
    """Serves no more requests at once than the service can, and refuses the others at once and cheaply."""

    def __init__(self, app: ASGIApp, *, limit: ConcurrencyLimit, metrics: Metrics) -> None:
        self.app = app
        self.limit = limit
        self.metrics = metrics
        self._shed = 0
        self._tell_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        if refusal := self.limit.enter(priority := context.priority.get()):
            self._note(refusal, priority)
            scope[SHED] = True
            # At different times, or those who were refused together come back together.
            headers = {"Retry-After": str(random.randint(1, 3))}  # noqa: S311
            await problem(scope, 503, "The service is overloaded.", headers=headers)(scope, receive, send)
            return
        started = time.perf_counter()
        seconds: float | None = None
        failed = False

        async def send_and_time(message: Message) -> None:
            nonlocal seconds, failed
            if message["type"] == "http.response.start":
                # To the first byte: how long the client takes for the rest says nothing about us.
                seconds = time.perf_counter() - started
                failed = message["status"] >= 500
            await send(message)

        try:
            await self.app(scope, receive, send_and_time)
        finally:
            if seconds is None:  # cut off by its deadline
                seconds = time.perf_counter() - started
            # What fails, fails fast, and would make everything else look slow.
            self.limit.leave(None if failed else seconds)

    def _note(self, refusal: Refusal, priority: Priority) -> None:
        """Count it, and tell of it every ten seconds: overloaded, a service has better to do than to log."""
        self.metrics.shed_requests.labels(refusal.value, priority.value).inc()
        self._shed += 1
        if (now := time.monotonic()) >= self._tell_at:
            log.warning("load shed", requests=self._shed, limit=self.limit.limit, reason=refusal.value)
            self._shed = 0
            self._tell_at = now + 10


class RecoverMiddleware:
    """Answers what nobody caught with a 500 that tells nothing, and logs it once, with its traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception:
            if started or scope["type"] != "http":
                raise  # the server logs it and cuts the connection: half a response must not look whole
            log.exception("unhandled exception")
            await problem(scope, 500)(scope, receive, send)
