"""Answering HTTP/1.1 requests on loopback, in ways that no honest server would.

`Listener` accepts connections, reads whole requests with h11, and passes each one to a handler as an `Exchange`. The
handler answers as it likes: in part, slowly, with garbage, with a reset, or never.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import h11

from paved_road.process import ports


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
        """Answer honestly. A body that is not bytes becomes JSON."""
        await self.send(self.head(status, body := _bytes(body), content_type=content_type, headers=headers) + body)

    def head(
        self, status: int, body: bytes = b"", *, content_type: str = "application/json",
        headers: Mapping[str, str] | None = None, length: int | None = None,
    ) -> bytes:  # fmt: skip
        """The head of an answer, for a handler that sends the body in a way of its own."""
        lines = {"content-type": content_type, "content-length": str(len(body) if length is None else length)}
        lines |= headers or {}
        written = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {status} Status\r\n{written}\r\n".encode()

    async def send(self, data: bytes) -> None:
        """Send raw bytes. Raises `ConnectionError` if the caller has left."""
        if self.gone.is_set():
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """End the connection with a reset (RST), as a process that was killed does."""
        _reset(self.writer)


Handler = Callable[[Exchange], Awaitable[None]]


class Listener:
    """A port on loopback whose requests go to a handler. It can refuse connections and accept them again."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._closed: socket.socket | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = ports.free_port()
        self.hangs_up = False
        """Whether each connection is reset as soon as it is accepted."""
        self.connections = 0
        """How many connections it has accepted."""
        self.calls: list[Call] = []
        """The requests that came, in order."""

    async def start(self) -> None:
        """Begin to accept connections."""
        if self._closed is not None:
            self._closed.close()
            self._closed = None
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self.port, reuse_address=True, backlog=1024
            )

    async def refuse(self) -> None:
        """Close every connection, and refuse new ones until `start`."""
        await self._close()
        self._closed = socket.socket()  # holds the port, so that no other program gets it; connections are refused
        self._closed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._closed.bind(("127.0.0.1", self.port))

    async def stop(self) -> None:
        """Close every connection and the port."""
        await self._close()
        if self._closed is not None:
            self._closed.close()
            self._closed = None

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task, writer in list(self._open.items()):
            writer.transport.abort()
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (asyncio runs it in a task)
        self._open[task] = writer
        self.connections += 1
        if self.hangs_up:
            _reset(writer)
        try:
            with contextlib.suppress(ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
                await self._conversation(reader, writer)
        finally:
            self._open.pop(task, None)
            writer.close()

    async def _conversation(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass each request of a connection to the handler, until one side closes it."""
        rest = b""
        while True:
            protocol = h11.Connection(h11.SERVER)  # answers may be malformed, so h11 only reads
            if rest:
                protocol.receive_data(rest)
            request, body = None, b""
            while True:
                event = protocol.next_event()
                if event is h11.NEED_DATA:
                    protocol.receive_data(await reader.read(65536))
                elif isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    break
                else:
                    return
            assert request is not None  # noqa: S101 (h11 ends no message before it begins)
            more = await self._exchange(request, body, reader, writer)
            if more is None:
                return
            rest = protocol.trailing_data[0] + more

    async def _exchange(
        self, request: h11.Request, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes | None:
        """Let the handler answer. What the caller has sent meanwhile, or None if the connection is at its end."""
        headers = {name.decode(): value.decode(errors="replace") for name, value in request.headers}
        call = Call(
            method=request.method.decode(), target=request.target.decode(errors="replace"), headers=headers,
            body=body, began=time.monotonic(),
        )  # fmt: skip
        self.calls.append(call)
        exchange = Exchange(call=call, writer=writer)
        answering = asyncio.ensure_future(self._handler(exchange))
        reading = asyncio.ensure_future(_read(reader))
        try:
            await asyncio.wait((answering, reading), return_when=asyncio.FIRST_COMPLETED)
            if reading.done() and not reading.result():
                call.left = not answering.done()
                exchange.gone.set()
                return None
            await answering
            keeps = not writer.transport.is_closing() and headers.get("connection", "").lower() != "close"
            return (reading.result() if reading.done() else b"") if keeps else None
        except ConnectionError:
            call.left = True
            return None
        finally:
            call.ended = time.monotonic()
            for task in (answering, reading):
                task.cancel()
            await asyncio.gather(answering, reading, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> bytes:
    """What the caller sends next; empty when it has closed the connection."""
    try:
        return await reader.read(65536)
    except ConnectionError:
        return b""


def _bytes(body: bytes | Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
