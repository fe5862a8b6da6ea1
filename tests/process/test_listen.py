"""The listener, as real clients see it: httpx2, raw sockets, and what it counted."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from paved_road.process.listen import Exchange, Handler, Listener


async def hello(exchange: Exchange) -> None:
    await exchange.answer(200, {"method": exchange.call.method, "size": len(exchange.call.body)})


async def hang(exchange: Exchange) -> None:
    await exchange.gone.wait()
    raise ConnectionResetError


@contextlib.asynccontextmanager
async def listening(handler: Handler = hello) -> AsyncIterator[Listener]:
    listener = Listener(handler)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop()


async def talk(port: int, *sent: bytes, until: bytes | None = None, close: bool = True) -> bytes:
    """Send raw bytes, each part once something has come for the last, and return what comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        async with asyncio.timeout(20):
            for number, part in enumerate(sent):
                if number:
                    received += await reader.read(65536)
                writer.write(part)
            with contextlib.suppress(ConnectionError):
                if until is None:
                    received += await reader.read()
                while until is not None and until not in received and (more := await reader.read(65536)):
                    received += more
    finally:
        writer.close()
    return received


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(60):
            await test()

    asyncio.run(within())


def test_a_connection_carries_many_requests() -> None:
    import httpx2

    async def test() -> None:
        async with listening() as listener, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{listener.port}") as client:
            for number in range(50):
                answer = await client.post("/items", content=b"x" * number)
                assert answer.json() == {"method": "POST", "size": number}
            assert (len(listener.calls), listener.connections) == (50, 1)

    run(test)


def test_a_thousand_calls_at_once_are_all_counted_and_answered() -> None:
    async def test() -> None:
        request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        async with listening() as listener:
            answers = await asyncio.gather(*(talk(listener.port, request) for _ in range(1000)))
            assert all(answer.endswith(b'{"method": "GET", "size": 0}') for answer in answers)
            assert (len(listener.calls), listener.connections) == (1000, 1000)
            assert not any(call.left for call in listener.calls)

    run(test)


def test_pipelined_requests_are_answered_in_their_order() -> None:
    async def test() -> None:
        one = b"POST /%d HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s"
        sent = b"".join(one % (number, number, b"x" * number) for number in range(5))
        async with listening() as listener:
            answers = await talk(listener.port, sent, until=b'"size": 4}')
            assert [answers.index(b'"size": %d}' % number) for number in range(5)] == sorted(
                answers.index(b'"size": %d}' % number) for number in range(5)
            )
            assert [call.target for call in listener.calls] == ["/0", "/1", "/2", "/3", "/4"]

    run(test)


def test_a_caller_that_leaves_is_noticed_even_behind_a_pipelined_request() -> None:
    async def test() -> None:
        async with listening(hang) as listener:
            _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(b"GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\n")
            await until(lambda: bool(listener.calls))
            assert listener.calls[0].ended is None
            writer.close()
            await until(lambda: listener.calls[0].ended is not None)
            assert listener.calls[0].left
            assert len(listener.calls) == 1

    run(test)


def test_a_caller_that_waits_for_100_continue_gets_it() -> None:
    async def test() -> None:
        head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n"
        async with listening() as listener:
            answer = await talk(listener.port, head, b"abc")
            assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
            assert listener.calls[0].body == b"abc"

    run(test)


def test_a_chunked_body_is_read_whole() -> None:
    async def test() -> None:
        head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        async with listening() as listener:
            await talk(listener.port, head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            assert listener.calls[0].body == b"abcde"

    run(test)


def test_the_answer_to_head_has_no_body_and_the_connection_lives_on() -> None:
    import httpx2

    async def test() -> None:
        async with listening() as listener, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{listener.port}") as client:
            for _ in range(3):
                answer = await client.head("/")
                assert (answer.content, answer.headers["content-length"]) == (b"", "29")
            assert (await client.get("/")).json() == {"method": "GET", "size": 0}
            assert listener.connections == 1

    run(test)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_leaves_the_connection_usable(status: int) -> None:
    import httpx2

    async def nothing(exchange: Exchange) -> None:
        await exchange.answer(status, b"ignored")

    async def test() -> None:
        async with listening(nothing) as listener, httpx2.AsyncClient() as client:
            for _ in range(3):
                answer = await client.get(f"http://127.0.0.1:{listener.port}/")
                assert (answer.status_code, answer.content) == (status, b"")
            assert listener.connections == 1

    run(test)


@pytest.mark.parametrize(
    ("request_line", "header", "keeps"),
    [
        (b"GET / HTTP/1.1", b"x-a: b", True), (b"GET / HTTP/1.1", b"connection: keep-alive, close", False),
        (b"GET / HTTP/1.0", b"x-a: b", False), (b"GET / HTTP/1.0", b"connection: Keep-Alive", True),
    ],
)  # fmt: skip
def test_a_connection_is_kept_when_the_caller_may_reuse_it(request_line: bytes, header: bytes, keeps: bool) -> None:
    async def test() -> None:
        request = request_line + b"\r\nhost: x\r\n" + header + b"\r\n\r\n"
        async with listening() as listener:
            if keeps:
                await talk(listener.port, request, request, until=b"}HTTP")
                await until(lambda: len(listener.calls) == 2)
            else:
                assert (await talk(listener.port, request)).endswith(b"}")  # the listener closes it
                assert len(listener.calls) == 1

    run(test)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"\x00\xff\r\n\r\n", "\\x00"), (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2 without an upgrade"),
        (b"*1\r\n$4\r\nPING\r\n", "PING"), (b"GET / HTTP/1.1\r\nhost: x\r\n bad header\x00\r\n\r\n", "GET /"),
    ],
)  # fmt: skip
def test_what_is_no_http_is_told_and_hurts_nobody_else(sent: bytes, told: str) -> None:
    async def test() -> None:
        async with listening() as listener:
            assert await talk(listener.port, sent) == b""
            assert len(listener.not_http) == 1
            assert told in listener.not_http[0]
            assert b"200" in await talk(listener.port, b"GET / HTTP/1.0\r\n\r\n")
            assert len(listener.calls) == 1

    run(test)


def test_a_client_that_speaks_tls_is_told() -> None:
    async def test() -> None:
        async with listening() as listener:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.open_connection("127.0.0.1", listener.port, ssl=ssl.create_default_context())
            assert "a TLS handshake" in listener.not_http[0]

    run(test)


def test_connect_is_a_request_like_any_other() -> None:
    async def test() -> None:
        async with listening() as listener:
            answer = await talk(listener.port, b"CONNECT other:443 HTTP/1.1\r\nhost: other:443\r\n\r\n", until=b"}")
            assert answer.startswith(b"HTTP/1.1 200")
            assert [(call.method, call.target) for call in listener.calls] == [("CONNECT", "other:443")]

    run(test)


def test_a_request_that_asks_for_http_2_is_answered_in_http_1() -> None:
    async def test() -> None:
        request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n\r\n"
        async with listening() as listener:
            answers = await talk(listener.port, request, request, until=b"}HTTP")
            assert answers.startswith(b"HTTP/1.1 200")
            await until(lambda: len(listener.calls) == 2)

    run(test)


def test_it_refuses_and_accepts_again_on_the_same_port() -> None:
    async def test() -> None:
        request = b"GET / HTTP/1.0\r\n\r\n"
        async with listening() as listener:
            for _ in range(5):
                await listener.refuse()
                with pytest.raises(ConnectionRefusedError):
                    await talk(listener.port, request)
                await listener.refuse()  # twice is once
                await listener.start()
                assert b"200" in await talk(listener.port, request)
            assert len(listener.calls) == 5

    run(test)


def test_a_refused_port_goes_to_nobody_else() -> None:
    async def test() -> None:
        async with listening() as listener:
            await listener.refuse()
            with socket.socket() as other, pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", listener.port))

    run(test)


def test_refusing_ends_what_is_there() -> None:
    async def test() -> None:
        async with listening(hang) as listener:
            talking = asyncio.ensure_future(talk(listener.port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"))
            await until(lambda: bool(listener.calls))
            await listener.refuse()
            assert await talking == b""
            assert listener.calls[0].ended is not None

    run(test)


def test_a_reset_is_a_reset() -> None:
    async def reset(exchange: Exchange) -> None:
        exchange.reset()

    async def test() -> None:
        async with listening(reset) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()

    run(test)


def test_bytes_that_went_out_are_counted() -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.send(exchange.head(200, length=10**12))
        while True:
            await exchange.send(b"x" * 65536)

    async def test() -> None:
        async with listening(endless) as listener:
            await talk(listener.port, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", until=b"xxx")
            await until(lambda: listener.calls[0].ended is not None)
            assert listener.calls[0].left
            assert 1000 < listener.calls[0].sent < 100 * 1024 * 1024

    run(test)
