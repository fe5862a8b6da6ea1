"""Connections to a dependency by its name, such that a slow name server delays this dependency and no other.

The event loop looks names up in a few threads that all dependencies share, and goes on when the attempt has
timed out. Here each name has at most one look-up in flight, in a thread of its own.
"""

import asyncio
import random
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from ipaddress import ip_address
from threading import Thread

import httpcore2

# All in seconds.
TTL = 5.0  # for which addresses are used without asking again, as CoreDNS says and as Envoy does
PATIENCE = 0.1  # to wait for new addresses where there are old ones (RFC 8767 has 1.8 for people)
STAGGER = 0.25  # that an address has to answer before the next one is tried (RFC 8305, section 5)
ADDRESSES = 3  # that are tried for one connection


class ResolvingBackend(httpcore2.AsyncNetworkBackend):
    """Connects to the addresses of one host in turn: rather stale ones than none (RFC 8767).

    TLS and the Host header keep to the name. Raises httpcore2.ConnectError and httpcore2.ConnectTimeout.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._backend = httpcore2.AnyIOBackend()
        self._known: list[str] = []
        self._fresh_until = 0.0
        self._asked: asyncio.Future[list[str]] | None = None
        self._asked_at = 0.0

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (part of the interface)
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        *others, last = await self._addresses(host)
        for address in others:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return await self._backend.connect_tcp(address, port, STAGGER, local_address, socket_options)
        return await self._backend.connect_tcp(last, port, timeout, local_address, socket_options)

    async def _addresses(self, host: str) -> list[str]:
        with suppress(ValueError):
            return [str(ip_address(host))]
        if (now := self._clock()) >= self._fresh_until:
            if self._asked is None or self._asked.done():
                self._asked, self._asked_at = self._ask(host), now
            asked = self._asked
            patience = max(0.0, self._asked_at + PATIENCE - now) if self._known else None
            await asyncio.wait([asked], timeout=patience)
            if not self._known:
                raise httpcore2.ConnectError(f"{host}: {asked.exception()}")
        return random.sample(self._known, min(ADDRESSES, len(self._known)))

    def _ask(self, host: str) -> asyncio.Future[list[str]]:
        answer: Future[list[str]] = Future()
        asked = asyncio.wrap_future(answer)
        asked.add_done_callback(self._answered)
        try:  # a daemon, so that a look-up that hangs does not keep the process from ending
            Thread(target=_look_up, args=(host, answer), daemon=True).start()
        except RuntimeError as error:  # the process has as many as it may have
            answer.set_exception(error)
        return asked

    def _answered(self, asked: asyncio.Future[list[str]]) -> None:
        if (error := asked.exception()) is None:
            self._known, self._fresh_until = asked.result(), self._clock() + TTL
        elif getattr(error, "errno", None) == socket.EAI_NONAME:  # any other failure says nothing
            self._known = []


def _look_up(host: str, answer: Future[list[str]]) -> None:
    try:
        infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        answer.set_result([str(info[4][0]) for info in infos])
    except (OSError, UnicodeError) as error:
        answer.set_exception(error)
