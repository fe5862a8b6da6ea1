"""A bulkhead: a slow dependency may take this many of our requests with it, and no more."""

import asyncio


class Bulkhead:
    def __init__(self, limit: int, max_waiting: int) -> None:
        self.limit = limit
        self.in_use = 0
        self.waiting = 0
        self._max_waiting = max_waiting
        self._slots = asyncio.Semaphore(limit)

    async def acquire(self, patience: float) -> bool:
        """Take a slot, waiting at most `patience` seconds; False when there is none to be had."""
        if self.in_use < self.limit and not self.waiting:
            await self._slots.acquire()  # at once
        elif self.waiting >= self._max_waiting:
            return False
        else:
            self.waiting += 1
            try:
                async with asyncio.timeout(patience):
                    await self._slots.acquire()
            except TimeoutError:
                return False
            finally:
                self.waiting -= 1
        self.in_use += 1
        return True

    def release(self) -> None:
        """Give the slot to who has waited longest, or back."""
        self.in_use -= 1
        self._slots.release()
