"""Many HTTP/1.1 requests a second from one process: a connection that reads answers with as little work as possible.

`ask` is for one careful request; this is for a load. It understands what servers send in practice (a length, chunks, or
a body that ends with the connection), and keeps the head as it came.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection:[^\r]*close", re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.([01]) (\d\d\d)")


@dataclass(frozen=True, kw_only=True, slots=True)
class WireAnswer:
    """What came back from one request."""

    status: int = 0
    """0 when no whole answer came."""
    error: str = ""
    """Why not: refused, reset, closed (before its first byte), cut (after it), timed out, or malformed."""
    head: bytes = b""
    """The status line and the headers, as they came."""
    body: bytes = b""
    wire: Wire | None = None
    """The connection, when it can carry another request."""


class Wire(asyncio.Protocol):
    """One connection, which carries one request at a time."""

    def __init__(self) -> None:
        self.open = True
        """Whether it can carry a request, as far as this side knows."""
        self._transport: asyncio.WriteTransport | None = None
        self._waiting: asyncio.Future[WireAnswer] | None = None
        self._buffer = bytearray()
        self._begin(head_only=False)

    def send(self, data: bytes, within: float, *, head_only: bool = False) -> asyncio.Future[WireAnswer]:
        """Send a request. The answer comes within so many seconds, or is an error then."""
        loop = asyncio.get_running_loop()
        self._begin(head_only=head_only)
        self._waiting = answer = loop.create_future()
        timer = loop.call_later(within, self._fail, "timed out")
        answer.add_done_callback(lambda _: timer.cancel())
        if self._transport is None or not self.open:
            self._fail("closed")
        else:
            self._transport.write(data)
        return answer

    def close(self) -> None:
        """Leave; a request in flight is abandoned."""
        self.open = False
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio's protocol."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 (a TCP connection's is one)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Part of asyncio's protocol."""
        self._buffer += data
        try:
            while self._parse():
                pass
        except ValueError:
            self._fail("malformed")

    def eof_received(self) -> None:
        """Part of asyncio's protocol."""
        self._end("")

    def connection_lost(self, error: Exception | None) -> None:
        """Part of asyncio's protocol."""
        self._end("reset" if isinstance(error, ConnectionError) else "")

    def _begin(self, *, head_only: bool) -> None:
        self._head, self._status, self._body, self._position = b"", 0, bytearray(), 0
        self._left: int | None = None
        self._chunked, self._last, self._head_only = False, False, head_only

    def _parse(self) -> bool:
        """Read on. Whether there may be more to read at once. Raises `ValueError` for what is no HTTP."""
        if self._waiting is None:
            if self._buffer:
                raise ValueError
            return False
        if not self._head:
            return self._read_head()
        if self._chunked:
            return self._read_chunk()
        if self._left is None:  # ends with the connection
            self._body += self._buffer
            self._buffer.clear()
        elif len(self._buffer) >= self._left:
            self._body += self._buffer[: self._left]
            del self._buffer[: self._left]
            self._done()
        return False

    def _read_head(self) -> bool:
        if (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > 1_000_000:
                raise ValueError
            return False
        head = bytes(self._buffer[: end + 4])
        del self._buffer[: end + 4]
        if (match := _STATUS.match(head)) is None:
            raise ValueError
        status = int(match[2])
        if status < 200:  # 100 Continue and its kin
            return True
        self._head, self._status = head, status
        self._last = match[1] == b"0" or _CLOSES.search(head) is not None
        length = _LENGTH.search(head)
        if self._head_only or status in (204, 304):
            self._left = 0
        elif _CHUNKED.search(head) is not None:
            self._chunked = True
        elif length is not None:
            self._left = int(length[1])
        return True

    def _read_chunk(self) -> bool:
        if (end := self._buffer.find(b"\r\n")) < 0:
            return False
        size = int(self._buffer[:end].partition(b";")[0], 16)
        if size == 0:
            if (end := self._buffer.find(b"\r\n\r\n", end)) < 0:
                return False
            del self._buffer[: end + 4]
            self._done()
            return False
        begin = end + 2
        if len(self._buffer) < begin + size + 2:
            return False
        self._body += self._buffer[begin : begin + size]
        del self._buffer[: begin + size + 2]
        return True

    def _done(self) -> None:
        if self._last:
            self.close()
        wire = self if self.open else None
        self._answer(WireAnswer(status=self._status, head=self._head, body=bytes(self._body), wire=wire))

    def _end(self, error: str) -> None:
        """The other side has left."""
        self.open = False
        if self._head and self._left is None and not self._chunked and not error:
            self._done()
        else:
            self._fail(error or ("cut" if self._head or self._buffer else "closed"))

    def _fail(self, error: str) -> None:
        self._answer(WireAnswer(error=error, head=self._head))
        self.close()

    def _answer(self, answer: WireAnswer) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


async def exchange(wire: Wire | None, port: int, data: bytes, within: float, *, head_only: bool = False) -> WireAnswer:
    """Send a request on a connection, or on a new one, and wait for its answer for at most so many seconds."""
    if wire is None:
        try:
            async with asyncio.timeout(within):
                _, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port)
        except TimeoutError:
            return WireAnswer(error="timed out")
        except ConnectionRefusedError:
            return WireAnswer(error="refused")
        except OSError as error:
            return WireAnswer(error="reset" if isinstance(error, ConnectionError) else error.strerror or str(error))
    try:
        return await wire.send(data, within, head_only=head_only)
    except asyncio.CancelledError:
        wire.close()
        raise


def request_bytes(method: str, target: str, port: int, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = {"host": f"127.0.0.1:{port}", **{name.lower(): value for name, value in headers.items()}}
    if body or method in ("POST", "PUT", "PATCH"):
        lines.setdefault("content-length", str(len(body)))
    written = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target} HTTP/1.1\r\n{written}\r\n".encode() + body
