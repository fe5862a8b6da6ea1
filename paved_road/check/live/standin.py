"""Stand-ins: what takes the place of a service's dependencies during a live check.

A stand-in answers as the healthy dependency would, or behaves in one of the ways below. It counts what it sees, and so
judges retries, circuit breakers and bulkheads from the dependency's side, whatever language the service is written in.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from paved_road.check.contract.model import ContractDependency
from paved_road.process.listen import Call, Exchange, Listener

Behaviour = Callable[["StandIn", Exchange], Awaitable[None]]
"""How a stand-in answers one request."""

HUGE = 64 * 1024 * 1024
"""Bytes of the answer of `huge`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Healthy:
    """An answer of the healthy dependency."""

    status: int
    content_type: str
    body: bytes


HealthyAnswers = Callable[[ContractDependency, Call], Awaitable[Healthy]]
"""What a dependency answers when it is healthy: the contract's `answer`, or its stub's. Raises `NoHealthyAnswer`."""


class NoHealthyAnswer(Exception):
    """Nobody knows what a dependency answers when it is healthy: its stub does not work."""


class StandIn:
    """One dependency's stand-in."""

    def __init__(self, dependency: ContractDependency, answers: HealthyAnswers) -> None:
        self.dependency = dependency
        self.behaviour: Behaviour = healthy
        self._answers = answers
        self._listener = Listener(self._handle)
        self._in_flight = 0
        self._changed = asyncio.Event()
        self.most_in_flight = 0
        """The highest number of requests that were here at once since the last `forget`."""
        self.broken: Exception | None = None
        """Why it could not behave as it should: a fault of the stub or of the check, never one of the service."""

    @property
    def address(self) -> str:
        """Its base URL, as the service's variable holds it."""
        return f"http://127.0.0.1:{self._listener.port}{self.dependency.suffix}"

    @property
    def port(self) -> int:
        """Its port."""
        return self._listener.port

    @property
    def connections(self) -> int:
        """How many connections it has accepted."""
        return self._listener.connections

    @property
    def in_flight(self) -> int:
        """How many requests are here now."""
        return self._in_flight

    @property
    def calls(self) -> list[Call]:
        """The requests that came since the last `forget`, in order."""
        return self._listener.calls

    @property
    def not_http(self) -> list[str]:
        """What came that is no HTTP/1.1 request, such as a TLS handshake."""
        return self._listener.not_http

    def forget(self) -> None:
        """Begin to count anew."""
        self._listener.calls = []
        self.most_in_flight = self._in_flight

    async def start(self) -> None:
        """Begin to accept connections."""
        await self._listener.start()

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._listener.stop()

    async def behave(self, behaviour: Behaviour) -> None:
        """Behave so from now on. Requests that are here already end as they began."""
        self.behaviour = behaviour
        self._listener.hangs_up = behaviour is hang_up
        if behaviour is refuse:
            await self._listener.refuse()
        else:
            await self._listener.start()

    async def recover(self) -> None:
        """Be healthy again."""
        await self.behave(healthy)

    async def called(self, times: int = 1, *, within: float = 10.0) -> bool:
        """Wait until it has been called so often since the last `forget`. False if it was not within the seconds."""
        return await self._until(lambda: len(self.calls) >= times, within)

    async def idle(self, *, within: float = 10.0) -> bool:
        """Wait until no request is here. False if one still is after the seconds."""
        return await self._until(lambda: not self._in_flight, within)

    async def healthy_answer(self, call: Call) -> Healthy:
        """What the healthy dependency would answer."""
        return await self._answers(self.dependency, call)

    async def _handle(self, exchange: Exchange) -> None:
        self._count(1)
        try:
            await self.behaviour(self, exchange)
        except ConnectionError:
            exchange.call.left = True
            raise
        except Exception as error:  # noqa: BLE001 (the lab tells of it; to the service it is a broken connection)
            self.broken = error
            exchange.reset()
        finally:
            exchange.call.ended = time.monotonic()  # before anybody hears that it is over
            self._count(-1)

    def _count(self, step: int) -> None:
        self._in_flight += step
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        self._changed.set()
        self._changed = asyncio.Event()

    async def _until(self, holds: Callable[[], bool], within: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not holds():
                    await self._changed.wait()
        return holds()


async def healthy(standin: StandIn, exchange: Exchange) -> None:
    """Answer as the dependency does when all is well."""
    answer = await standin.healthy_answer(exchange.call)
    await exchange.answer(answer.status, answer.body, content_type=answer.content_type)


async def refuse(_: StandIn, exchange: Exchange) -> None:
    """Refuse connections: `StandIn.behave` closes the port, and this ends what is here already."""
    exchange.reset()


async def hang_up(_: StandIn, exchange: Exchange) -> None:
    """Reset each connection as soon as it is there.

    To a client this is like `refuse`, but here it can be counted: `StandIn.connections` grows with each attempt.
    """
    exchange.reset()


async def hang(_: StandIn, exchange: Exchange) -> None:
    """Accept the request, and never answer."""
    await exchange.gone.wait()
    raise ConnectionResetError


def slow(seconds: float) -> Behaviour:
    """Answer rightly, but late."""

    async def behaviour(standin: StandIn, exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await healthy(standin, exchange)

    return behaviour


def drip(pause: float, *, lasting: float = 0.0) -> Behaviour:
    """Send the answer byte by byte, with a pause in seconds between two: no read ever times out.

    When that takes less than `lasting` seconds, spaces, which are no part of JSON, come before the answer.
    """

    async def behaviour(standin: StandIn, exchange: Exchange) -> None:
        answer = await standin.healthy_answer(exchange.call)
        body = b" " * max(1, round(lasting / pause) - len(answer.body)) + answer.body
        await exchange.send(exchange.head(answer.status, body, content_type=answer.content_type))
        for byte in body:
            await asyncio.sleep(pause)
            await exchange.send(bytes([byte]))

    return behaviour


def trickle(pause: float) -> Behaviour:
    """Answer 200, and send the body in single spaces that never end: no read times out, so only a total limit helps."""

    async def behaviour(_: StandIn, exchange: Exchange) -> None:
        await exchange.send(exchange.head(200, length=HUGE))
        while True:
            await exchange.send(b" ")
            await asyncio.sleep(pause)

    return behaviour


def status(code: int, body: bytes = b'{"error": "seeded"}', **headers: str) -> Behaviour:
    """Answer with a status. Header names are given with underscores: `retry_after="1"`."""

    async def behaviour(_: StandIn, exchange: Exchange) -> None:
        await exchange.answer(code, body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return behaviour


async def reset(standin: StandIn, exchange: Exchange) -> None:
    """Reset the connection in the middle of the body."""
    answer = await standin.healthy_answer(exchange.call)
    body = answer.body or b"{}"
    head = exchange.head(200, content_type=answer.content_type, length=len(body) + 1000)
    await exchange.send(head + body[: len(body) // 2])
    await asyncio.sleep(0.01)  # the head leaves before the reset
    exchange.reset()


async def garbage(_: StandIn, exchange: Exchange) -> None:
    """Answer 200 with bytes that are neither JSON nor text, and say that they are JSON."""
    await exchange.answer(200, b"\x00\xff\xfe{]garbage\x80")


async def html(_: StandIn, exchange: Exchange) -> None:
    """Answer 200 with a web page, as a proxy's login form does."""
    await exchange.answer(200, b"<!doctype html><title>Sign in</title>", content_type="text/html")


async def empty(_: StandIn, exchange: Exchange) -> None:
    """Answer 200 with nothing."""
    await exchange.answer(200)


async def huge(_: StandIn, exchange: Exchange) -> None:
    """Answer 200 with a body far larger than anybody expects.

    It is flat JSON, since brackets in brackets can take 40 times their size in memory, and end more than the service.
    """
    begin, end, block = b'{"padding": "', b'"}', b"x" * 65536
    blocks = HUGE // len(block)
    await exchange.send(exchange.head(200, length=len(begin) + blocks * len(block) + len(end)) + begin)
    for part in [block] * blocks:
        await exchange.send(part)
    await exchange.send(end)


def json_body(value: object) -> Behaviour:
    """Answer 200 with JSON that is not what the service expects."""

    async def behaviour(_: StandIn, exchange: Exchange) -> None:
        await exchange.answer(200, json.dumps(value).encode())

    return behaviour


def first(times: int, behaviour: Behaviour, then: Behaviour = healthy) -> Behaviour:
    """Behave in one way for so many requests, and in another for those after them."""
    count = itertools.count(1)

    async def both(standin: StandIn, exchange: Exchange) -> None:
        await (behaviour if next(count) <= times else then)(standin, exchange)

    return both
