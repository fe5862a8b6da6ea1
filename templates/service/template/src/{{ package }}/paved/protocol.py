"""What comes in is bounded: its size, the time that a client may take, and the memory of all of it together.

A request gets a task and a slot only when all of it is here, so a slow client costs the bytes that it has
sent and nothing else. When a client leaves, its request is cancelled. uvicorn has none of these limits; what
this module relies on in its protocol is in tests/paved/test_contracts.py.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, Literal

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from . import context
from .metrics import Metrics
from .middleware import CLIENT_LEFT, observe
from .problems import problem
from .settings import RoadSettings

MAX_URL_BYTES = 8_192  # as nginx and Apache; RFC 9110 asks for at least 8,000
MAX_HEAD_BYTES = 16_384  # of the URL and all headers, as Node.js
MAX_HEADERS = 100  # as Apache, Envoy and Kestrel
HEADER_OVERHEAD = 150  # bytes of Python's objects for one header
MAX_PIPELINED = 16  # requests on one connection that wait for the response to an earlier one
LINGER_SECONDS = 2.0  # for a refused client to read why, before its connection is closed


class Inbound:
    """What all connections share: the limits, and how many bytes of requests are held in memory."""

    def __init__(self, settings: RoadSettings, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.held_bytes = 0  # of requests with a body, and of those that are not all here
        self.unfinished: set[BoundedProtocol] = set()  # connections with a request that is not all here
        self.connections: Collection[object] = ()
        metrics.gauge("buffered_bytes", "Bytes of requests held", lambda: self.held_bytes)
        metrics.gauge("open_connections", "Connections", lambda: len(self.connections))

    def make_room(self) -> None:
        """Refuse the largest unfinished requests until there is room, so that small ones get through."""
        while self.held_bytes > self.settings.max_buffered_bytes and self.unfinished:
            self.metrics.shed_requests("memory", "normal").inc()
            largest = max(self.unfinished, key=lambda connection: connection.held_bytes)
            largest.refuse(503, "The service has no memory left for this request.", {"Retry-After": "2"})


class Excess(Exception):  # noqa: N818 (a refusal, with its status and detail)
    """More than there may be. `args`: the status of the response, and its detail."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `config.app` is an application of the runtime, whose `inbound` has the limits."""

    # From 30 attributes on, an instance no longer shares their names with others: 2 KB for each connection.
    __slots__ = ("_read_timer", "_reading", "_received", "_running", "_write_timer", "held_bytes", "inbound")

    def __init__(self, config: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(config, *arguments, **options)
        self.inbound: Inbound = config.app.state.runtime.inbound
        self.inbound.connections = self.connections
        self.held_bytes = 0  # this connection's part of inbound.held_bytes
        self._received = 0  # bytes since the last response
        self._reading: Literal["head", "body"] | None = None
        self._running: tuple[RequestResponseCycle, asyncio.Task[None]] | None = None  # until it is answered
        self._read_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        settings = self.inbound.settings
        internal = self.server is not None and self.server[1] == settings.internal_port
        if len(self.connections) > settings.max_connections and not internal:  # probes must get through
            self.inbound.metrics.shed_requests("connections", "normal").inc()
            transport.abort()
            return
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def timeout_keep_alive_handler(self) -> None:
        if not self._reading and not self._running:
            self.transport.abort()  # close() would wait for a client that does not read its last response

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._release()
        self._unset_keepalive_if_required()
        if self._write_timer:
            self._write_timer.cancel()
        if self._running:
            cycle, task = self._running
            cycle.disconnected = True
            cycle.scope[CLIENT_LEFT] = True  # type: ignore[literal-required]
            task.cancel()

    def data_received(self, data: bytes) -> None:
        if not self.parser:  # the client was refused
            return
        self._received += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():  # every other upgrade is ignored, as RFC 9110 allows
                self._release()
                self._unset_keepalive_if_required()
                self.handle_websocket_upgrade()
                return
        except httptools.HttpParserError as error:
            raised = error.__context__  # by a callback below
            invalid = 400, "The request is not valid HTTP/1.1."
            self.refuse(*raised.args if isinstance(raised, Excess) else invalid)
            return
        self._settle()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading = "head"

    def on_headers_complete(self) -> None:
        large = self._received > MAX_HEAD_BYTES  # which the body may be the reason for
        self._check_head(sum(len(name) + len(value) for name, value in self.headers) if large else 0)
        # RFC 9112, section 3.2.
        if self.parser.get_http_version() == "1.1" and [name for name, _ in self.headers].count(b"host") != 1:
            raise Excess(400, "The request does not have exactly one Host header.")
        if len(self.pipeline) == MAX_PIPELINED:
            raise Excess(400, "Too many requests wait for the response to an earlier one.")
        self._reading = "body"
        super().on_headers_complete()
        # uvicorn stops reading while a request waits; but who does not read does not see the client leave.
        self.flow.resume_reading()

    def on_body(self, body: bytes) -> None:
        self.cycle.body += body
        self._check_body(len(self.cycle.body))

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if not self.cycle or self.cycle.scope is not self.scope:  # an upgrade
            return
        if self.cycle.body:
            self._hold()
        self._reading = None
        self._end_reading()
        if not self._running:
            self._start_asgi_task(self.cycle, self.app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if not cycle.more_body:  # else it starts when the message is complete
            task = self.loop.create_task(cycle.run_asgi(self._run))
            task.add_done_callback(self.tasks.discard)
            self.tasks.add(task)
            self._running = cycle, task

    async def _run(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.app(scope, receive, send)
        except asyncio.CancelledError:
            if not scope.get(CLIENT_LEFT):
                raise

    def on_response_complete(self) -> None:
        self._running = None
        super().on_response_complete()
        if self.transport.is_closing():
            self._limit_writing()
        else:
            self._settle()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._limit_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer and not self.transport.is_closing():
            self._write_timer.cancel()
            self._write_timer = None

    def refuse(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Answer with a problem and close the connection; or close it after a response that is under way."""
        if not self.parser or self.transport.is_closing():
            return
        method = self.parser.get_method().decode() if self.scope and self.url else "_OTHER"
        scope: dict[str, Any] = {"method": method, "path": None, **(self.scope or {})}
        identifier = context.accepted_id(dict(self.headers or ()).get(b"x-request-id", b"").decode("latin-1"))
        self._release()
        self.pipeline.clear()
        self.parser = self.scope = self.headers = self.cycle = None  # type: ignore[assignment]
        if self._running:
            self.cycle = self._running[0]
            self.cycle.keep_alive = False
            return
        token = context.request_id.set(identifier)
        headers = {"X-Request-Id": identifier, "Connection": "close", **(headers or {})}
        response = problem(scope, status, detail, headers=headers)
        fields = [*self.server_state.default_headers, *response.raw_headers]
        head = b"".join([STATUS_LINE[status], *(b"%b: %b\r\n" % field for field in fields), b"\r\n"])
        self.transport.write(head if scope["method"] == "HEAD" else head + bytes(response.body))
        self.transport.write_eof()
        # A connection that is closed with data unread is reset, and the client may not see the response.
        self._read_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        if status != 503:  # which make_room() has counted
            observe(self.inbound.metrics, scope, status, 0)
        context.request_id.reset(token)

    def _settle(self) -> None:
        """Wait for the rest of a request, or forget one that has its response."""
        try:
            if self._reading:
                self._await_rest()
            elif not self._running:
                self._release()
                # Kept connections are many, and each would keep its last request in memory.
                self.cycle = self.scope = self.headers = None  # type: ignore[assignment]
        except Excess as excess:
            self.refuse(*excess.args)

    def _await_rest(self) -> None:
        if not self._read_timer:
            seconds = self.inbound.settings.client_timeout_seconds
            detail = f"The request did not arrive within {seconds:g} seconds."
            self._read_timer = self.loop.call_later(seconds, self.refuse, 408, detail)
        self._check_head(self._received if self._reading == "head" else 0)
        if self._reading == "body":
            length = next((int(value) for name, value in self.headers if name == b"content-length"), 0)
            # The framing and the trailers of a chunked body count too, though half as much.
            self._check_body(max(length, self._received // 2 - MAX_HEAD_BYTES))
            if self.cycle.waiting_for_100_continue and not self._running:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.cycle.waiting_for_100_continue = False
        self._hold()

    def _check_head(self, size: int) -> None:
        if len(self.url) > MAX_URL_BYTES:
            raise Excess(414, f"The URL has more than {MAX_URL_BYTES} bytes.")
        if size > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            raise Excess(431, f"The headers are more than {MAX_HEADERS}, or {MAX_HEAD_BYTES} bytes.")

    def _check_body(self, size: int) -> None:
        if size > self.inbound.settings.max_body_bytes:
            raise Excess(413, f"The body has more than {self.inbound.settings.max_body_bytes} bytes.")

    def _hold(self) -> None:
        """Count what this connection keeps in memory, and refuse whom there is no room for."""
        size = self._received + HEADER_OVERHEAD * len(self.headers)
        self.inbound.held_bytes += size - self.held_bytes
        self.held_bytes = size
        self.inbound.unfinished.add(self)
        self.inbound.make_room()
        if not self.parser:  # it was this one
            raise Excess(503, "")

    def _end_reading(self) -> None:
        self.inbound.unfinished.discard(self)
        if self._read_timer:
            self._read_timer.cancel()
            self._read_timer = None

    def _release(self) -> None:
        self._end_reading()
        self.inbound.held_bytes -= self.held_bytes
        self.held_bytes = self._received = 0

    def _limit_writing(self) -> None:
        """Cut the connection unless the client reads more of the response in time."""
        if not self._write_timer:
            seconds = self.inbound.settings.client_timeout_seconds
            self._write_timer = self.loop.call_later(seconds, self.transport.abort)
