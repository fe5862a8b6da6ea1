"""The client: every way in which an answer comes, or does not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from paved_road.process import ports
from paved_road.process.ask import Connection, Reply, ask
from paved_road.process.listen import Exchange, Handler, Listener


@contextlib.asynccontextmanager
async def server(*parts: bytes, keep: bool = False) -> AsyncIterator[int]:
    """A server that answers everything with these bytes, and closes the connection unless it keeps it."""

    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.001)
                if not keep:
                    break
        writer.close()

    started = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with started:
        yield started.sockets[0].getsockname()[1]
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)  # their handlers end


def replied(*parts: bytes, method: str = "GET", within: float = 20.0, keep: bool = False) -> Reply:
    async def asking() -> Reply:
        async with server(*parts, keep=keep) as port:
            return await ask(port, method, "/", within=within)

    return asyncio.run(asking())


@pytest.mark.parametrize(
    ("sent", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", 200, b"hi"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.0 404 No\r\n\r\ngone", 404, b"gone"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 200, b"hi"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 None\r\n\r\n", 204, b""),
        (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", 0, b""),
    ],
)
def test_an_answer_is_read_however_it_ends(sent: bytes, status: int, body: bytes) -> None:
    reply = replied(sent)
    assert (reply.status, reply.body) == (status, body)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", "closed"), (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi", "closed"), (b"HTTP/1.1 20", "closed"),
        (b"garbage\r\n\r\n", "malformed"), (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", "malformed"),
    ],
)  # fmt: skip
def test_why_no_answer_came_is_told(sent: bytes, error: str) -> None:
    reply = replied(sent)
    assert reply.status == 0
    assert reply.error.startswith(error), reply.error


def test_the_answer_to_head_has_no_body() -> None:
    assert replied(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", method="HEAD").status == 200


def test_an_answer_to_connect_ends_with_its_head() -> None:
    assert replied(b"HTTP/1.1 200 OK\r\n\r\n", method="CONNECT", keep=True).status == 200


def test_nobody_who_listens_is_refused() -> None:
    assert asyncio.run(ask(ports.free_port(), "GET", "/")).error == "refused"


def test_what_never_ends_is_given_up_in_time() -> None:
    reply = replied(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", within=0.05, keep=True)
    assert reply.error == "timed out"
    assert str(reply).startswith("timed out after 0.")


async def with_listener(handler: Handler, test: Callable[[Listener], Awaitable[None]]) -> None:
    listener = Listener(handler)
    await listener.start()
    try:
        async with asyncio.timeout(30):
            await test(listener)
    finally:
        await listener.stop()


async def echo(exchange: Exchange) -> None:
    await exchange.answer(200, exchange.call.body, headers={"x-method": exchange.call.method})


def test_a_connection_is_used_again() -> None:
    async def test(listener: Listener) -> None:
        async with Connection(listener.port) as connection:
            for number in range(20):
                reply = await connection.ask("POST", "/", body=b"x" * number)
                assert (reply.status, len(reply.body), reply.headers["x-method"]) == (200, number, "POST")
            assert (await connection.ask("HEAD", "/")).status == 200
            assert (await connection.ask("GET", "/")).status == 200
        assert (listener.connections, len(listener.calls)) == (1, 22)

    asyncio.run(with_listener(echo, test))


def test_one_that_broke_opens_itself_again() -> None:
    async def test(listener: Listener) -> None:
        async with Connection(listener.port) as connection:
            assert (await connection.ask("GET", "/")).status == 200
            await listener.refuse()
            assert (await connection.ask("GET", "/")).error in ("closed", "reset", "refused")
            await listener.start()
            assert (await connection.ask("GET", "/")).status == 200

    asyncio.run(with_listener(echo, test))


def test_closing_abandons_what_is_in_flight() -> None:
    async def hang(exchange: Exchange) -> None:
        await exchange.gone.wait()
        raise ConnectionResetError

    async def test(listener: Listener) -> None:
        async with Connection(listener.port) as connection:
            reply = await connection.ask("GET", "/", within=0.05)
            assert reply.error == "timed out"
        while not listener.calls or listener.calls[0].ended is None:
            await asyncio.sleep(0.005)
        assert listener.calls[0].left

    asyncio.run(with_listener(hang, test))


def test_a_request_that_cannot_be_sent_says_so() -> None:
    reply = asyncio.run(ask(1, "GET", "/a b"))
    assert reply.status == 0
    assert reply.error
