"""Sending HTTP/1.1 requests to a service on this machine, and every way in which no answer can come back.

h11 reads and writes the protocol; the sockets are ours, so that a check can also send what no client library would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import h11

LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of a body that are kept; the rest is read and dropped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back from one request."""

    status: int = 0
    """The status; 0 when no whole answer came."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By their names in lower case."""
    body: bytes = b""
    seconds: float = 0.0
    """From the first byte sent until the last one received, by the clock."""
    error: str = ""
    """Why no whole answer came: refused, reset, closed, timed out, or malformed."""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON. Raises `ValueError` if it is none."""
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.status or self.error} after {self.seconds:.2f} s"


class Connection:
    """One connection to a port on loopback, which is kept between requests; it opens itself when needed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=1024 * 1024)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave: a request in flight is abandoned, as by a client that goes away."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def ask(
        self, method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"",
        within: float = 60.0,
    ) -> Reply:  # fmt: skip
        """Send a request and wait for the whole answer, for at most `within` seconds."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(within):
                answer = await self._exchange(method, target, headers or {}, body)
        except BaseException as error:
            self.close()
            if not isinstance(error, Exception):
                raise
            return Reply(error=_reason(error), seconds=time.monotonic() - began)
        return Reply(status=answer.status, headers=answer.headers, body=answer.body, seconds=time.monotonic() - began)

    async def _exchange(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
            self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=1024 * 1024)
        sent = {"host": f"127.0.0.1:{self.port}", **{name.lower(): value for name, value in headers.items()}}
        if body or method in ("POST", "PUT", "PATCH"):
            sent.setdefault("content-length", str(len(body)))
        data = self._protocol.send(h11.Request(method=method, target=target, headers=list(sent.items()))) or b""
        if body:
            data += self._protocol.send(h11.Data(data=body)) or b""
        data += self._protocol.send(h11.EndOfMessage()) or b""
        with contextlib.suppress(ConnectionError):  # an early answer, such as 413, may have come before
            self._writer.write(data)
            await self._writer.drain()
        answer = await self._receive(self._reader)
        if self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE:
            self._protocol.start_next_cycle()
        else:
            self.close()
        return answer

    async def _receive(self, reader: asyncio.StreamReader) -> Reply:
        status, headers, body, size = 0, dict[str, str](), list[bytes](), 0
        while True:
            event = await self._next_event(reader)
            if isinstance(event, h11.Response):
                status = event.status_code
                headers = {name.decode(): value.decode(errors="replace") for name, value in event.headers}
            elif isinstance(event, h11.Data):
                size += len(event.data)
                if size <= LARGEST_ANSWER:
                    body.append(bytes(event.data))
            elif event is h11.PAUSED and status < 200:
                raise ConnectionError("switched to another protocol")
            elif isinstance(event, h11.EndOfMessage) or event is h11.PAUSED:  # what follows CONNECT is no HTTP
                return Reply(status=status, headers=headers, body=b"".join(body))
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionError("closed")

    async def _next_event(self, reader: asyncio.StreamReader) -> h11.Event | type[h11.PAUSED]:
        """What comes next of the answer. Raises `ConnectionError` if the connection ends in the middle of it."""
        ended = False
        while True:
            try:
                event = self._protocol.next_event()
            except h11.RemoteProtocolError:
                if ended:
                    raise ConnectionError("closed") from None
                raise
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]
            data = await reader.read(65536)
            ended = not data
            self._protocol.receive_data(data)


async def ask(
    port: int, method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"",
    within: float = 60.0,
) -> Reply:  # fmt: skip
    """Send one request on a connection of its own."""
    async with Connection(port) as connection:
        return await connection.ask(method, target, headers=headers, body=body, within=within)


def _reason(error: Exception) -> str:
    """Why no answer came, in a word or two."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "reset"
    if isinstance(error, h11.LocalProtocolError):
        return f"not sent ({error})"
    if isinstance(error, h11.RemoteProtocolError):
        return f"malformed ({error})"
    return str(error) or type(error).__name__
