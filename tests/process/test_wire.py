"""Reading answers with little work: whatever servers send, in whatever pieces it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from paved_road.process.ports import free_port
from paved_road.process.wire import WireAnswer, exchange, request_bytes

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _answers(script: Script, times: int = 1, within: float = 20.0, method: str = "GET") -> list[WireAnswer]:
    """What a client makes of a server that follows a script, connection for connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port := free_port())
    async with server:
        wire, answers = None, []
        for _ in range(times):
            data = request_bytes(method, "/", port, {})
            answers.append(await exchange(wire, port, data, within, head_only=method == "HEAD"))
            wire = answers[-1].wire
        if wire is not None:
            wire.close()
        return answers


def sends(*pieces: bytes, keep: bool = False) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if not keep:
                return

    return script


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", b""),
        (CHUNKED, b"Wikipedia"),
        (CHUNKED[:-2] + b"trailer: x\r\n\r\n", b"Wikipedia"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_answer_is_read_whole_in_whatever_pieces_it_comes(sent: bytes, body: bytes, size: int) -> None:
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    (answer,) = asyncio.run(_answers(sends(*pieces)))
    assert (answer.status, answer.body, answer.error) == (200, body, "")


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 2", "cut"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nabc", "cut"),
        (CHUNKED[:-5], "cut"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n", "malformed"),
    ],
)
def test_half_an_answer_is_none(sent: bytes, error: str) -> None:
    (answer,) = asyncio.run(_answers(sends(sent)))
    assert (answer.status, answer.error, answer.wire) == (0, error, None)


def test_a_connection_is_used_again_until_the_server_says_that_it_closes_it() -> None:
    kept = asyncio.run(_answers(sends(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", keep=True), times=3))
    assert kept[0].wire is kept[1].wire is kept[2].wire is not None
    closed = sends(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", keep=True)
    assert [answer.wire for answer in asyncio.run(_answers(closed, times=2))] == [None, None]


def test_the_answer_to_head_has_no_body() -> None:
    sent = sends(b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n", keep=True)
    assert [answer.status for answer in asyncio.run(_answers(sent, times=2, method="HEAD"))] == [200, 200]


def test_a_port_that_nobody_listens_on_refuses() -> None:
    answer = asyncio.run(exchange(None, free_port(), b"GET / HTTP/1.1\r\n\r\n", 5.0))
    assert answer.error == "refused"


def test_a_client_leaves_after_its_patience() -> None:
    left = asyncio.Event()

    async def never(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        left.set()

    async def tried() -> WireAnswer:
        (answer,) = await _answers(never, within=0.05)
        await asyncio.wait_for(left.wait(), 20)
        return answer

    assert asyncio.run(tried()).error == "timed out"
