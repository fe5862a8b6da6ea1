"""A bulkhead: a slow dependency may take this many of our requests with it, and no more."""

import asyncio


class Bulkhead:
    def __init__(self, limit: int, max_waiting: int) -> None:
        self._slots = asyncio.Semaphore(limit)
        self._max_waiting = max_waiting
        self.in_use = 0
        self.waiting = 0

    async def enter(self, patience: float) -> bool:
        """Take a slot, waiting at most `patience` seconds; False when there is none to be had."""
        if self._slots.locked():
            if self.waiting >= self._max_waiting:
                return False
            self.waiting += 1
            try:
                async with asyncio.timeout(patience):
                    await self._slots.acquire()
            except TimeoutError:
                return False
            finally:
                self.waiting -= 1
        else:
            await self._slots.acquire()
        self.in_use += 1
        return True

    def leave(self) -> None:
        self.in_use -= 1
        self._slots.release()
