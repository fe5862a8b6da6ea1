"""Which requests to serve and which to refuse.

What a service on one event loop runs out of is the loop. Handlers that wait for a dependency cost it nothing,
so durations say nothing about load. What does is how long a request waits for the loop: next to nothing while
there is capacity to spare, ever longer in overload.

So requests begin at once while the turn of the loop is young. Once it has lasted `TURN`, they queue, and each
further turn begins one of them: the loop always has work, and looks at its sockets often. A request that has
waited too long is refused, after Ben Maurer's "Fail at Scale" (ACM Queue 13/8, 2015), a simple form of CoDel
(RFC 8289): a burst may wait for `patience`, and half of that in a queue that has not been empty for so long.

From such a queue, requests begin no faster than the loop can serve them. Handlers that wait first and compute
then would otherwise begin all at once, since the loop is not busy yet with what they will cost.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum

TURN = 0.005  # seconds


class Priority(StrEnum):
    """The most important first."""

    CRITICAL = "critical"
    NORMAL = "normal"
    BULK = "bulk"


class Refusal(StrEnum):
    """Why a request was not admitted. Closed, because it is a metric label."""

    LIMIT = "limit"  # as many are in flight as may be
    QUEUE = "queue"  # it waited too long for the event loop


Answer = asyncio.Future[Refusal | None]


class Admission:
    """At most `limit` requests are in flight, which bounds memory, and none waits over `patience` seconds.

    The important ones begin first. Normal traffic may fill nine tenths of the limit, bulk traffic half.
    """

    def __init__(
        self,
        *,
        limit: int = 1000,
        patience: float = 0.4,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self.limit = limit
        self.in_flight = 0  # those that wait included
        self._shares = {Priority.NORMAL: limit - limit // 10, Priority.BULK: limit - limit // 2}
        self._patience = patience
        self._clock = clock
        self._cpu = cpu
        self._queues: dict[Priority, deque[tuple[float, Answer]]] = {each: deque() for each in Priority}
        self._watching = False  # this turn of the loop, because a request has come in it or waits
        self._turn_began = 0.0
        self._last_empty = 0.0
        self._next_begins = 0.0
        self._cost = 0.0  # CPU seconds of the loop for one request, lately
        self._measured = (0.0, 0.0)  # when, and the CPU seconds until then
        self._ended = 0  # requests since then

    @property
    def waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    async def acquire(self, priority: Priority) -> Refusal | None:
        """Admit a request, which must `release`, or say why not."""
        if self.in_flight >= self._shares.get(priority, self.limit):
            return Refusal.LIMIT
        now = self._clock()
        self.in_flight += 1
        if not self._watching:
            self._last_empty = now
            self._watch_turn(now)
        elif now - self._turn_began >= TURN or self.waiting:
            return await self._wait(priority, now)
        return None

    def release(self) -> None:
        self.in_flight -= 1
        self._ended += 1

    async def _wait(self, priority: Priority, now: float) -> Refusal | None:
        answer: Answer = asyncio.get_running_loop().create_future()
        self._queues[priority].append((now, answer))
        refusal: Refusal | None = Refusal.QUEUE  # or its caller has left
        try:
            refusal = await answer
            return refusal
        finally:
            if refusal:
                self.in_flight -= 1

    def _watch_turn(self, now: float, pause: float = 0) -> None:
        self._watching = True
        self._turn_began = now + pause
        loop = asyncio.get_running_loop()
        if pause:
            loop.call_later(pause, self._next_turn)
        else:
            loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        now = self._clock()
        self._measure(now)
        burst = now - self._last_empty < self._patience
        patience = self._patience if burst else self._patience / 2
        if burst or not self._cost:
            self._next_begins, interval = now, TURN  # one
        else:
            # One every so often: a little too fast while the loop keeps up, so that it is never without work,
            # and slower while its turns are long. What a long turn has delayed is not made up for.
            self._next_begins = max(self._next_begins, now - TURN)
            behind = max(0, now - self._turn_began - self._cost)
            interval = self._cost * (0.95 + behind / 0.2)
        begun = False
        for queue in self._queues.values():
            while queue and (self._next_begins <= now or now - queue[0][0] > patience):
                came, answer = queue.popleft()
                if answer.done():  # its caller has left
                    continue
                if now - came > patience:
                    answer.set_result(Refusal.QUEUE)
                    continue
                answer.set_result(None)
                begun = True
                self._next_begins += interval
        self._watching = False
        if not self.waiting:
            self._last_empty = now
        if begun or self.waiting:
            self._watch_turn(now, 0 if begun else max(0, self._next_begins - now))

    def _measure(self, now: float) -> None:
        """What a request costs, by those that ended within a second, if they are enough."""
        since, before = self._measured
        if now - since >= 1:
            cpu = self._cpu()
            if since and self._ended >= 10:
                self._cost = (cpu - before) / self._ended
            self._measured, self._ended = (now, cpu), 0
