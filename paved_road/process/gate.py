"""A port on loopback that accepts connections, refuses them, and accepts them again."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from paved_road.process import ports

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Gate:
    """One port, whose connections go to `serve`, each in a task of its own; they are closed when it returns."""

    def __init__(self, serve: Serve) -> None:
        self.port = ports.free_port()
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def accept(self) -> None:
        """Accept connections from now on."""
        self._let_go()
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accepted, "127.0.0.1", self.port, reuse_address=True, backlog=1024
            )

    async def refuse(self) -> None:
        """Close every connection, and refuse new ones until `accept`."""
        self._accept_no_more()
        if self._held is None:
            self._held = socket.socket()  # holds the port, so that no other program gets it; connections are refused
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.bind(("127.0.0.1", self.port))
        await self._end_connections()

    async def close(self) -> None:
        """Close every connection and the port."""
        self._accept_no_more()
        await self._end_connections()
        self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _accept_no_more(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _end_connections(self) -> None:
        for task, writer in list(self._open.items()):
            writer.transport.abort()
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (asyncio runs it in a task)
        self._open[task] = writer
        try:
            await self._serve(reader, writer)
        finally:
            self._open.pop(task, None)
            writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset (RST), as a process that was killed does."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
