"""A stand-in for a dependency that speaks no HTTP, such as a database: it stands between the service and the real one.

It passes bytes on while all is well. It cannot answer wrongly, since it does not know the language, but it can refuse,
hang, and reset connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from urllib.parse import urlsplit

from paved_road.check.contract.model import KNOWN_PORTS, ContractDependency
from paved_road.check.live import standin as ways
from paved_road.check.live.standin import Behaviour, NoHealthyAnswer
from paved_road.process.gate import Gate, reset
from paved_road.process.listen import Call


class Relay:
    """Stands before one dependency, as the contract's `url` says where it is."""

    def __init__(self, dependency: ContractDependency) -> None:
        assert dependency.url is not None  # noqa: S101 (the lab makes a relay for no other)
        self.dependency = dependency
        self.behaviour: Behaviour = ways.healthy
        self.calls: list[Call] = []
        """Once for each time that the service sent something, since the last `forget`."""
        url = urlsplit(dependency.url)
        self._host = url.hostname or "127.0.0.1"
        self._real_port = url.port or KNOWN_PORTS.get(url.scheme.partition("+")[0], 0)
        self._gate = Gate(self._serve)
        self._flows = asyncio.Event()

    @property
    def port(self) -> int:
        """Its port."""
        return self._gate.port

    @property
    def address(self) -> str:
        """The dependency's address with this relay's host and port in it."""
        url = urlsplit(self.dependency.url or "")
        credentials = url.netloc.rpartition("@")[0]
        place = f"127.0.0.1:{self.port}"
        return url._replace(netloc=f"{credentials}@{place}" if credentials else place).geturl()

    def forget(self) -> None:
        """Begin to count anew."""
        self.calls = []

    async def start(self) -> None:
        """Begin to accept connections. Raises `NoHealthyAnswer` if the real dependency accepts none."""
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(self._host, self._real_port), 10)
        except (OSError, TimeoutError) as error:
            where = f"{self._host}:{self._real_port}"
            name = self.dependency.name
            message = f"{name} speaks no HTTP, so it has to run, and nothing listens on {where}"
            raise NoHealthyAnswer(message) from error
        writer.close()
        await self.recover()

    async def stop(self) -> None:
        """Close every connection and the port."""
        await self._gate.close()

    async def behave(self, behaviour: Behaviour) -> None:
        """Pass bytes on (`healthy`), or `refuse`, `hang`, `reset`. Raises `ValueError` for what needs to know HTTP."""
        if behaviour not in (ways.healthy, ways.refuse, ways.hang, ways.reset):
            raise ValueError("a relay does not know the language of what it stands before")
        self.behaviour = behaviour
        self._flows.set() if behaviour is ways.healthy else self._flows.clear()
        await (self._gate.refuse() if behaviour is ways.refuse else self._gate.accept())

    async def recover(self) -> None:
        """Pass bytes on again; a connection that hung goes on where it was."""
        await self.behave(ways.healthy)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward: asyncio.StreamWriter | None = None
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                back, onward = await asyncio.open_connection(self._host, self._real_port)
                ways_of_bytes = [
                    asyncio.ensure_future(self._pass(reader, onward, writer, counts=True)),
                    asyncio.ensure_future(self._pass(back, writer, writer, counts=False)),
                ]
                try:
                    await asyncio.wait(ways_of_bytes, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for each in ways_of_bytes:
                        each.cancel()
                    await asyncio.gather(*ways_of_bytes, return_exceptions=True)
        finally:
            if onward is not None:
                onward.close()

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, service: asyncio.StreamWriter, *, counts: bool
    ) -> None:
        """Pass on what one side sends, until it ends."""
        while data := await source.read(65536):
            if counts:
                now = time.monotonic()
                self.calls.append(Call(method="TCP", target="", headers={}, body=data, began=now))
            if self.behaviour is ways.reset:
                reset(service)
                return
            await self._flows.wait()
            target.write(data)
            await target.drain()
