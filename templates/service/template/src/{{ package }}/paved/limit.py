"""Which requests to serve and which to refuse.

What a service on one event loop runs out of is the loop. Handlers that wait for a dependency cost it nothing,
however many they are and however long they take, so durations say nothing about load. What does is how long
a request waits for the loop: next to nothing while there is capacity to spare, ever longer in overload.

So requests begin at once while the turn of the loop is young. Once it has lasted `TURN`, they queue, and each
further turn begins one of them: the loop always has work, and looks at its sockets often. A request that has
waited too long is refused, after Ben Maurer's "Fail at Scale" (ACM Queue 13/8, 2015), a simple form of CoDel
(RFC 8289): a burst may wait for `patience`; a queue that has not been empty for that long is no burst, and
what waits in it is refused after half of that time.
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
        self, *, limit: int = 200, patience: float = 0.4, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit = limit
        self.in_flight = 0  # those that wait included
        self._shares = {Priority.NORMAL: limit - limit // 10, Priority.BULK: limit - limit // 2}
        self._patience = patience
        self._clock = clock
        self._queues: dict[Priority, deque[tuple[float, Answer]]] = {each: deque() for each in Priority}
        self._turn_began: float | None = None  # None: in this turn of the loop, no request has come or waits
        self._last_empty = 0.0

    @property
    def waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    async def acquire(self, priority: Priority) -> Refusal | None:
        """Admit a request, which must `release`, or say why not."""
        if self.in_flight >= self._shares.get(priority, self.limit):
            return Refusal.LIMIT
        now = self._clock()
        self.in_flight += 1
        if self._turn_began is None:
            self._last_empty = now
            self._watch_turn(now)
        elif now - self._turn_began >= TURN or self.waiting:
            return await self._wait(priority, now)
        return None

    def release(self) -> None:
        self.in_flight -= 1

    async def _wait(self, priority: Priority, now: float) -> Refusal | None:
        answer: Answer = asyncio.get_running_loop().create_future()
        self._queues[priority].append((now, answer))
        refusal: Refusal | None = Refusal.QUEUE  # or its caller has left
        try:
            refusal = await answer
            return refusal
        finally:
            if refusal:
                self.release()

    def _watch_turn(self, now: float) -> None:
        self._turn_began = now
        asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        now = self._clock()
        burst = now - self._last_empty < self._patience
        patience = self._patience if burst else self._patience / 2
        begins: Answer | None = None
        for queue in self._queues.values():
            while queue and (begins is None or now - queue[0][0] > patience):
                came, answer = queue.popleft()
                if answer.done():  # its caller has left
                    continue
                if now - came > patience:
                    answer.set_result(Refusal.QUEUE)
                else:
                    begins = answer
        if begins:
            begins.set_result(None)
        if not self.waiting:
            self._last_empty = now
        self._turn_began = None
        if begins or self.waiting:
            self._watch_turn(now)
