"""What happens around each request. Pure ASGI: a BaseHTTPMiddleware costs 140 us more per request."""

import asyncio
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import context
from .health import Health, State
from .logs import get_logger
from .metrics import Metrics
from .problems import problem

# Asked every few seconds by machines: measured, logged and traced they would drown what people do.
PROBES = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})

METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})

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
        status = 500
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        active = self.metrics.active_requests.labels(method)
        active.inc()
        started = time.perf_counter()
        try:
            await self.app(scope, receive, send_and_note)
        finally:
            seconds = time.perf_counter() - started
            active.dec()
            # FastAPI's telemetry knows the whole template; scope["route"] lacks the prefix of include_router.
            route = getattr(scope.get("fastapi.telemetry"), "route", None) or "unmatched"
            self.metrics.request_duration.labels(route, method, status).observe(seconds)
            log.info(
                "request", method=method, route=route, status=status, duration_ms=round(seconds * 1000, 3)
            )


class ContextMiddleware:
    """Takes or makes the request's id and deadline, and answers 504 when the deadline passes.

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
