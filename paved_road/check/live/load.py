"""Load for a live check: clients that send a service's requests, and write down what came of each.

    async with Rotation([one, other]) as rotation, ClosedLoad(rotation, [lab.sample], clients=8) as load:
        await load.answered(200)
        one.process.kill()
        await load.answered(400)
    lost = [answer for answer in load.answers if not answer.whole]

`ClosedLoad` has so many clients, each of which waits for its answer before it sends the next request. `OpenLoad` sends
at a rate, whether or not answers come, as the world does. Both leave at the end of the block: they send nothing more,
and wait for the answers that are still to come.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from paved_road.check.contract.model import Sample
from paved_road.check.live.lab import PATIENCE, Instance
from paved_road.process.fair import own_wait
from paved_road.process.wire import Wire, exchange, request_bytes

POLL_EVERY = 0.02
"""Seconds between two questions about an instance's readiness."""
FRESH = 0.05
"""Seconds for which an answer of the readiness probe counts. However slow this process is, a request is sent only to an
instance that has just said that it is ready."""
STALE = 0.02
"""An answer of the probe counts for nothing if this process, for lack of a core, may have read it so much later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadAnswer:
    """One request of a load, and what came of it. Times are those of `time.monotonic`."""

    sample: Sample
    port: int
    """The port of the instance that gave the last answer."""
    due: float
    """When it should have been sent; the same as `began`, unless an open load was late."""
    began: float
    ended: float
    status: int = 0
    """0 when no whole answer came."""
    error: str = ""
    """Why none came: refused, reset, closed (before its first byte), cut (after it), timed out, malformed."""
    head: bytes = b""
    body: bytes = b""
    """Empty unless the load keeps bodies."""
    attempts: int = 1
    """How many instances were tried."""

    @property
    def seconds(self) -> float:
        """From when it was due until its end: what its sender waited."""
        return self.ended - self.due

    @property
    def whole(self) -> bool:
        """Whether it got an answer, of whatever status."""
        return self.status > 0

    def header(self, name: str) -> str | None:
        """The value of a header of the answer; None if it has none."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.lower().encode():
                return value.strip().decode(errors="replace")
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll:
    """One question about an instance's readiness."""

    port: int
    """The instance's port, not its probes'."""
    asked: float
    answered: float
    status: int
    """0 when no answer came."""


class Rotation:
    """Chooses the instance of each request as a load balancer does: at random, of those whose readiness probe says 200.

    It stands for the best of load balancers, one that notices at once: a request goes only to an instance that said
    within the last 50 ms that it is ready.
    """

    def __init__(self, instances: Sequence[Instance], *, seed: int = 0) -> None:
        self.polls: list[Poll] = []
        self._instances = list(instances)
        self._ready = dict.fromkeys(self._instances, float("-inf"))
        self._random = random.Random(seed)  # noqa: S311 (repeatable on purpose)
        self._said_so = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._believes = False

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.ensure_future(self._follow(each)) for each in self._instances]
        return self

    async def __aexit__(self, *_: object) -> None:
        await _cancelled(self._tasks)

    async def take(self, but: Instance | None = None) -> Instance:
        """The instance that gets the next request, `but` only if there is no other. Waits until one is ready."""
        while True:
            oldest = float("-1e99") if self._believes else time.monotonic() - FRESH
            ready = [each for each, said in self._ready.items() if said >= oldest]
            if ready := [each for each in ready if each is not but] or ready:
                return self._random.choice(ready)
            self._said_so.clear()
            await self._said_so.wait()

    @contextlib.contextmanager
    def believing(self) -> Iterator[None]:
        """Within the block, an instance counts as ready until it says that it is not: it may be frozen."""
        self._believes = True
        self._said_so.set()
        try:
            yield
        finally:
            self._believes = False

    def failed(self, instance: Instance) -> None:
        """Take an instance out until it says anew that it is ready."""
        self._ready[instance] = float("-inf")

    def said(self, instance: Instance) -> list[int]:
        """The statuses of its readiness probe so far, without repetitions in a row: [200, 503, 0]."""
        statuses = (each.status for each in self.polls if each.port == instance.port)
        return [status for status, _ in itertools.groupby(statuses)]

    async def _follow(self, instance: Instance) -> None:
        data = request_bytes("GET", instance.contract.ready, instance.probe_port, {"connection": "close"})
        while True:
            waited, asked = own_wait(), time.monotonic()
            answer = await exchange(None, instance.probe_port, data, PATIENCE)
            poll = Poll(port=instance.port, asked=asked, answered=time.monotonic(), status=answer.status)
            self.polls.append(poll)
            if poll.status != 200:
                self.failed(instance)
            elif own_wait() - waited < STALE:
                self._ready[instance] = poll.answered
                self._said_so.set()
            await asyncio.sleep(POLL_EVERY)


class _Load(ABC):
    """What the two kinds of load have in common."""

    def __init__(
        self, to: Rotation | Instance, samples: Sequence[Sample], *, within: float = PATIENCE, keep_alive: bool = True,
        attempts: int = 1, bodies: bool = False, headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """`samples` are sent in turn. `within` is how many seconds a client waits for an answer before it leaves.

        A request that gets no whole answer is sent again, to another instance if there is one, up to `attempts` times
        in all. `bodies` says whether the answers' bodies are kept.
        """
        self.answers: list[LoadAnswer] = []
        """What came of each request, in the order of the ends."""
        self.in_flight = 0
        """How many requests are on their way now."""
        self._to, self._samples = to, itertools.cycle(samples)
        self._within, self._keep_alive, self._attempts, self._bodies = within, keep_alive, attempts, bodies
        self._headers = {**(headers or {}), **({} if keep_alive else {"connection": "close"})}
        self._requests: dict[tuple[int, int], bytes] = {}
        self._idle: dict[int, list[Wire]] = {}
        self._leaving = False
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Send nothing more, wait for the answers that are still to come, and close every connection."""
        self._leaving = True
        async with self._changed:
            await self._changed.wait_for(lambda: not self.in_flight)
        await _cancelled(self._tasks)
        for wire in itertools.chain(*self._idle.values()):
            wire.close()
        self._idle.clear()

    async def answered(self, times: int, *, within: float = PATIENCE) -> bool:
        """Wait until so many requests have ended in all. False if they have not within the seconds."""
        return await self._until(lambda: len(self.answers) >= times, within)

    async def busy(self, requests: int, *, within: float = PATIENCE) -> bool:
        """Wait until so many requests are on their way at once. False if they are not within the seconds."""
        return await self._until(lambda: self.in_flight >= requests, within)

    async def _until(self, holds: Callable[[], bool], within: float) -> bool:
        try:
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(holds)
        except TimeoutError:
            return False
        return True

    @abstractmethod
    def _start(self) -> None:
        """Begin to send."""

    async def _send(self, due: float | None = None) -> bool:
        """Send one request, and write down what comes of it. Whether it got an answer."""
        instance = await self._take()
        if self._leaving:
            return False
        sample, first, attempts = next(self._samples), None, 0
        await self._count(1)
        try:
            while True:
                began, attempts = time.monotonic(), attempts + 1
                first = began if first is None else first
                answer = await self._one(instance, sample, began)
                if not answer.whole and isinstance(self._to, Rotation):
                    self._to.failed(instance)
                if answer.whole or attempts == self._attempts:
                    break
                try:
                    async with asyncio.timeout(self._within):
                        instance = await self._take(but=instance)
                except TimeoutError:
                    break
            due = first if due is None else due
            self.answers.append(replace(answer, due=due, began=first, attempts=attempts))
            return answer.whole
        finally:
            await self._count(-1)

    async def _take(self, but: Instance | None = None) -> Instance:
        return await self._to.take(but) if isinstance(self._to, Rotation) else self._to

    async def _one(self, instance: Instance, sample: Sample, began: float) -> LoadAnswer:
        key = id(sample), instance.port
        if (data := self._requests.get(key)) is None:
            headers = {**instance.contract.headers, **sample.headers, **self._headers}
            data = request_bytes(sample.method, sample.target, instance.port, headers, sample.body)
            self._requests[key] = data
        idle = self._idle.setdefault(instance.port, [])
        wire = None
        while idle and wire is None:
            wire = idle.pop()
            wire = wire if wire.open else None
        answer = await exchange(wire, instance.port, data, self._within, head_only=sample.method == "HEAD")
        if answer.wire is not None and self._keep_alive:
            idle.append(answer.wire)
        elif answer.wire is not None:  # the server may close it without a word, as it was asked to
            answer.wire.close()
        return LoadAnswer(
            sample=sample, port=instance.port, due=began, began=began, ended=time.monotonic(), status=answer.status,
            error=answer.error, head=answer.head, body=answer.body if self._bodies else b"",
        )  # fmt: skip

    async def _count(self, step: int) -> None:
        self.in_flight += step
        async with self._changed:
            self._changed.notify_all()


class ClosedLoad(_Load):
    """So many clients, each of which waits for its answer before it sends the next request."""

    def __init__(
        self, to: Rotation | Instance, samples: Sequence[Sample], *, clients: int, within: float = PATIENCE,
        keep_alive: bool = True, attempts: int = 1, bodies: bool = False,
    ) -> None:  # fmt: skip
        """See `_Load`."""
        super().__init__(to, samples, within=within, keep_alive=keep_alive, attempts=attempts, bodies=bodies)
        self._clients = clients

    def _start(self) -> None:
        self._tasks = [asyncio.ensure_future(self._client()) for _ in range(self._clients)]

    async def _client(self) -> None:
        while not self._leaving:
            if not await self._send():
                await asyncio.sleep(0.001)  # what is refused is refused at once; leave the others a turn


class OpenLoad(_Load):
    """So many requests a second, evenly, whether or not answers come; at most `most` at once, and the rest is late."""

    def __init__(
        self, to: Rotation | Instance, samples: Sequence[Sample], *, rate: float, most: int = 2000,
        within: float = PATIENCE, keep_alive: bool = True, bodies: bool = False,
    ) -> None:  # fmt: skip
        """See `_Load`; `rate` is in requests per second."""
        super().__init__(to, samples, within=within, keep_alive=keep_alive, bodies=bodies)
        self._rate, self._most = rate, most

    def _start(self) -> None:
        self._tasks = [asyncio.ensure_future(self._clock())]

    async def _clock(self) -> None:
        began, sending = time.monotonic(), set[asyncio.Task[bool]]()
        for number in itertools.count():
            due = began + number / self._rate
            if (left := due - time.monotonic()) > 0.001:
                await asyncio.sleep(left)
            while len(sending) >= self._most:
                await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
            if self._leaving:
                return
            task = asyncio.ensure_future(self._send(due))
            sending.add(task)
            task.add_done_callback(sending.discard)


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
