"""Answering HTTP/1.1 requests on loopback, in ways that no honest server would.

`Listener` accepts connections, reads whole requests with h11, and passes each one to a handler as an `Exchange`. The
handler answers as it likes: in part, slowly, with garbage, with a reset, or never.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import h11

from paved_road.process.gate import Gate, reset


@dataclass(kw_only=True, slots=True, eq=False)
class Call:
    """One request that came, and how it ended."""

    method: str
    target: str
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    began: float
    """When it was here whole, by `time.monotonic`."""
    ended: float | None = None
    """When it was answered, or the caller left; None while it is in flight."""
    left: bool = False
    """Whether the caller closed the connection before it had the whole answer."""
    sent: int = 0
    """Bytes of the answer that went out; what the caller's system has taken but the caller not read counts too."""


@dataclass(kw_only=True, slots=True)
class Exchange:
    """A request that waits for its answer."""

    call: Call
    writer: asyncio.StreamWriter
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the caller has closed the connection."""

    async def answer(
        self, status: int, body: bytes | Any = b"", *, content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Answer honestly. A body that is not bytes becomes JSON. Raises `ConnectionError` if the caller has left."""
        head = self.head(status, body := _bytes(body), content_type=content_type, headers=headers)
        await self.send(head if self.call.method == "HEAD" or status in (204, 304) else head + body)

    def head(
        self, status: int, body: bytes = b"", *, content_type: str = "application/json",
        headers: Mapping[str, str] | None = None, length: int | None = None,
    ) -> bytes:  # fmt: skip
        """The head of an answer, for a handler that sends the body in a way of its own."""
        lines = {"content-type": content_type, "content-length": str(len(body) if length is None else length)}
        if status == 204:  # RFC 9110, section 8.6: it has no length
            lines = {}
        lines |= headers or {}
        written = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {status} Status\r\n{written}\r\n".encode()

    async def send(self, data: bytes) -> None:
        """Send raw bytes. Raises `ConnectionError` if the caller has left."""
        if self.gone.is_set():
            raise ConnectionResetError
        self.writer.write(data)
        self.call.sent += len(data)
        await self.writer.drain()

    def reset(self) -> None:
        """End the connection with a reset (RST), as a process that was killed does."""
        reset(self.writer)


FIRST_LINE = 8192
"""Bytes of what somebody sends that are looked at to tell whether it is HTTP."""
REQUEST_LINE = re.compile(rb"[^\x00-\x20]+ [^\x00-\x20]+ HTTP/1\.[01]\r?\n|[\r\n]*$|[^\n]*$")

Handler = Callable[[Exchange], Awaitable[None]]


class Listener:
    """A port on loopback whose requests go to a handler. It can refuse connections and accept them again."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._gate = Gate(self._serve)
        self.hangs_up = False
        """Whether each connection is reset as soon as it is accepted."""
        self.connections = 0
        """How many connections it has accepted."""
        self.calls: list[Call] = []
        """The requests that came, in order."""
        self.not_http: list[str] = []
        """What came that is no HTTP/1.1 request: a few words for each connection."""

    @property
    def port(self) -> int:
        """Its port."""
        return self._gate.port

    async def start(self) -> None:
        """Begin to accept connections."""
        await self._gate.accept()

    async def refuse(self) -> None:
        """Close every connection, and refuse new ones until `start`."""
        await self._gate.refuse()

    async def stop(self) -> None:
        """Close every connection and the port."""
        await self._gate.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.hangs_up:
            reset(writer)
        with contextlib.suppress(ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            await self._conversation(reader, writer)

    async def _conversation(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass each request of a connection to the handler, until one side closes it."""
        incoming = Incoming(reader)
        try:
            while (request := await self._request(incoming, writer)) is not None:
                if not await self._exchange(*request, incoming, writer):
                    return
        finally:
            incoming.stop()

    async def _request(self, incoming: Incoming, writer: asyncio.StreamWriter) -> tuple[h11.Request, bytes] | None:
        """The next whole request and its body; None at the end of the connection, or when it is no HTTP/1.1."""
        protocol = h11.Connection(h11.SERVER)  # one for each request: answers may be malformed, so h11 only reads
        request, body, seen = None, bytearray(), b""
        while True:
            try:
                event = protocol.next_event()
                if event is h11.NEED_DATA:
                    _continue_if_asked(protocol, writer)
                    data = await incoming.read()
                    seen = seen if request else seen + data[:FIRST_LINE]
                    _expect_http(seen)
                    protocol.receive_data(data)
            except h11.RemoteProtocolError as error:
                if seen:
                    self.not_http.append(_described(seen, str(error)))
                return None
            if isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                incoming.give_back(protocol.trailing_data[0])
                return request, bytes(body)
            elif isinstance(event, h11.ConnectionClosed):
                return None

    async def _exchange(
        self, request: h11.Request, body: bytes, incoming: Incoming, writer: asyncio.StreamWriter
    ) -> bool:
        """Let the handler answer. Whether the connection may carry another request."""
        headers = {name.decode(): value.decode(errors="replace") for name, value in request.headers}
        call = Call(
            method=request.method.decode(), target=request.target.decode(errors="replace"), headers=headers,
            body=body, began=time.monotonic(),
        )  # fmt: skip
        self.calls.append(call)
        exchange = Exchange(call=call, writer=writer, gone=incoming.ended)
        answering = asyncio.ensure_future(self._handler(exchange))
        leaving = asyncio.ensure_future(incoming.ended.wait())
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                call.left = True
                return False
            await answering
            return not writer.transport.is_closing() and _keeps(request, headers)
        except ConnectionError:
            call.left = True
            return False
        finally:
            call.ended = call.ended or time.monotonic()
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)


class Incoming:
    """What one caller sends, read as it comes, so that its leaving is noticed even behind a pipelined request."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.ended = asyncio.Event()
        """Set when the caller has closed its side, or the connection is broken."""
        self._data = bytearray()
        self._more = asyncio.Event()
        self._task = asyncio.ensure_future(self._pump(reader))

    async def read(self) -> bytes:
        """What has come since the last read; empty at the end."""
        await self._more.wait()
        data = bytes(self._data)
        self._data.clear()
        if not self.ended.is_set():
            self._more.clear()
        return data

    def give_back(self, data: bytes) -> None:
        """Put back what was read too much."""
        if data:
            self._data[:0] = data
            self._more.set()

    def stop(self) -> None:
        """Read no more."""
        self._task.cancel()

    async def _pump(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                self._data += data
                self._more.set()
        self.ended.set()
        self._more.set()


def _keeps(request: h11.Request, headers: Mapping[str, str]) -> bool:
    """Whether the caller keeps the connection (RFC 9112, section 9.3)."""
    options = {option.strip().lower() for option in headers.get("connection", "").split(",")}
    return "close" not in options and (request.http_version != b"1.0" or "keep-alive" in options)


def _continue_if_asked(protocol: h11.Connection, writer: asyncio.StreamWriter) -> None:
    if protocol.they_are_waiting_for_100_continue:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        protocol.send(h11.InformationalResponse(status_code=100, headers=[]))


def _expect_http(data: bytes) -> None:
    """Raises `h11.RemoteProtocolError` if there is a first line that no request has; h11 waits for an empty one."""
    if b"\n" in data and not REQUEST_LINE.match(data.lstrip(b"\r\n")):
        raise h11.RemoteProtocolError("no request line")


def _described(data: bytes, error: str) -> str:
    """What somebody sent instead of an HTTP/1.1 request."""
    if data.startswith(b"\x16\x03"):
        return "a TLS handshake (is the address https?)"
    if data.startswith(b"PRI * HTTP/2"):
        return "HTTP/2 without an upgrade"
    return f"{data[:40]!r} ({error})"


def _bytes(body: bytes | Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
