"""The client over real sockets, to a server that does everything wrong: bounded time, bounded memory, no leak."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from opentelemetry.trace import NoOpTracer
from paved.resilience.client import Client
from paved.resilience.model import Dependency, Policy, Reason, Response, StaleIfError
from paved.transport import HttpTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
ENDLESS = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
POLICY = Policy(deadline=300, attempt_timeout=200, max_body=1_000_000, max_concurrency=20, max_waiting=200)
IMPATIENT = replace(POLICY, deadline=2, attempt_timeout=0.3)
# Far more than any of it takes, on a machine with other things to do, and far less than for ever.
PATIENCE = 300.0


class FaultServer:
    """Does to each connection what the path of its request says."""

    def __init__(self) -> None:
        self.open = 0
        self.requests: list[str] = []
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    fault = head.split(b" ", 2)[1].decode().strip("/")
                    self.requests.append(fault)
                    await getattr(self, f"do_{fault}")(reader, writer)
                    await writer.drain()
        finally:
            self.open -= 1
            writer.transport.abort()

    async def do_ok(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    async def do_hang(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client hangs up
        raise ConnectionAbortedError

    async def do_reset(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK.replace(b"Length: 2", b"Length: 1000"))
        await writer.drain()
        raise ConnectionAbortedError

    async def do_drip(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK.replace(b"Length: 2", b"Length: 1000"))
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def do_busy(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")

    async def do_garbage(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes(range(256)) * 10)

    async def do_huge(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ENDLESS)
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async def do_headers(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"x" * 8000 + b"\r\n")
            await writer.drain()

    async def do_bomb(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # 100 MB of zeros as 100 kB of gzip, though the client asked for no compression.
        import gzip

        body = gzip.compress(bytes(100_000_000), compresslevel=9)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


@asynccontextmanager
async def faults(*, fallback: object = None, policy: Policy = POLICY) -> AsyncIterator[tuple[Client, FaultServer]]:
    """A client, and the server it calls; afterwards neither has left anything behind."""
    faulty, tasks = FaultServer(), asyncio.all_tasks()
    server = await asyncio.start_server(faulty.handle, "127.0.0.1", 0)
    faulty.port = server.sockets[0].getsockname()[1]
    dependency = Dependency(
        name="inventory", base_url=f"http://127.0.0.1:{faulty.port}", policy=policy, fallback=fallback
    )
    transport = HttpTransport(dependency, NoOpTracer())
    client = Client(dependency, transport)
    try:
        yield client, faulty
        assert (client.bulkhead.in_use, client.bulkhead.waiting) == (0, 0)
    finally:
        server.close()
        await transport.aclose()
    await until(lambda: faulty.open == 0, "every connection is closed")
    await until(lambda: asyncio.all_tasks() == tasks, "every task has ended")


async def until(condition: object, meaning: str) -> None:
    assert callable(condition)
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < PATIENCE, meaning
        await asyncio.sleep(0.01)


def run(test: Coroutine[object, object, None]) -> None:
    asyncio.run(test)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("hang", Reason.TIMEOUT),
        ("drip", Reason.TIMEOUT),
        ("reset", Reason.TRANSPORT_ERROR),
        ("garbage", Reason.TRANSPORT_ERROR),
        ("huge", Reason.TRANSPORT_ERROR),
        ("headers", Reason.TRANSPORT_ERROR),
        ("busy", Reason.SERVER_ERROR),
    ],
)
def test_whatever_it_does_the_fallback_comes_in_time_and_memory_is_bounded(fault: str, reason: Reason) -> None:
    async def test() -> None:
        policy = IMPATIENT if reason is Reason.TIMEOUT else POLICY
        async with faults(fallback={"stock": None}, policy=policy) as (client, server):
            await client.get("/ok")
            tracemalloc.start()
            begun = time.monotonic()
            responses = await asyncio.gather(*(client.get(f"/{fault}") for _ in range(10)))
            seconds, peak = time.monotonic() - begun, tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert {(response.fallback, response.body) for response in responses} == {(reason, b'{"stock":null}')}
        assert seconds < PATIENCE
        assert peak < 10 * (POLICY.max_body + 1_000_000), "ten bodies of at most a megabyte, and what handles them"
        attempts = server.requests.count(fault)
        assert 10 <= attempts <= 10 + (0 if fault == "busy" else 3), "the budget's floor; an hour is too long to wait"

    run(test())


def test_nobody_there_is_told_at_once() -> None:
    async def test() -> None:
        async with faults() as (_, server):
            port = server.port
        dependency = Dependency(name="nobody", base_url=f"http://127.0.0.1:{port}", fallback=[])
        transport = HttpTransport(dependency, NoOpTracer())
        assert (await Client(dependency, transport).get("/ok")).fallback is Reason.CONNECT_ERROR
        await transport.aclose()

    run(test())


def test_a_compressed_body_is_not_blown_up() -> None:
    async def test() -> None:
        async with faults() as (client, _):
            tracemalloc.start()
            response = await client.get("/bomb")
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert len(response.body) < 1_000_000
        assert peak < 105_000_000, "the server's zeros, and not a second time"

    run(test())


def test_a_stale_answer_outlives_the_server() -> None:
    async def test() -> None:
        async with faults(fallback=StaleIfError(max_age=60)) as (client, server):
            fresh: Response = await client.get("/ok")
            server.do_ok = server.do_reset  # type: ignore[method-assign]
            stale = await client.get("/ok")
            assert stale.body == fresh.body == b"{}"
            assert (fresh.age, stale.fallback) == (None, Reason.TRANSPORT_ERROR)
            assert stale.age is not None
            assert 0 <= stale.age < PATIENCE

    run(test())


def test_a_storm_of_cancellations_leaves_the_pool_whole() -> None:
    async def test() -> None:
        async with faults() as (client, server):
            for delay in (0.0, 0.001, 0.05):
                calls = [asyncio.create_task(client.get("/hang")) for _ in range(100)]
                await asyncio.sleep(delay)
                for call in calls:
                    call.cancel()
                ended = await asyncio.gather(*calls, return_exceptions=True)
                assert all(isinstance(each, asyncio.CancelledError) for each in ended)
            assert client.breaker.acquire() is not None, "impatience says nothing about the dependency"
            answers = await asyncio.gather(*(client.get("/ok") for _ in range(100)))
            assert [answer.status for answer in answers] == [200] * 100
            await until(lambda: server.open <= 20, "what was cancelled is closed")

    run(test())


def test_connections_are_used_again() -> None:
    async def test() -> None:
        async with faults() as (client, server):
            for _ in range(50):
                assert (await client.get("/ok")).status == 200
            assert server.open == 1

    run(test())
