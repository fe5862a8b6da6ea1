"""A bulkhead: a slow dependency may take this many of our requests with it, and no more."""

import asyncio
from collections import deque


class Bulkhead:
    def __init__(self, limit: int, max_waiting: int) -> None:
        self.limit = limit
        self.in_use = 0
        self._max_waiting = max_waiting
        self._queue: deque[asyncio.Future[bool]] = deque()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def acquire(self, patience: float) -> bool:
        """Take a slot, waiting at most `patience` seconds; False when there is none to be had."""
        if self.in_use < self.limit:
            self.in_use += 1
            return True
        if len(self._queue) >= self._max_waiting:
            return False
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._queue.append(turn)
        timer = loop.call_later(patience, _answer, turn, False)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.result():
                self.release()  # the slot and the cancellation came in the same moment
            raise
        finally:
            timer.cancel()
            if turn in self._queue:
                self._queue.remove(turn)

    def release(self) -> None:
        """Give the slot to who has waited longest, or back."""
        while self._queue:
            if _answer(self._queue.popleft(), True):
                return
        self.in_use -= 1


def _answer(turn: asyncio.Future[bool], answer: bool) -> bool:
    """Whether it came in time: a turn may have been cancelled or answered in the same moment."""
    if turn.done():
        return False
    turn.set_result(answer)
    return True
