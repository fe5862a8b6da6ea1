"""A retry budget: retries and hedges are a share of the calls and cannot multiply an outage.

The share is that of Google SRE (chapter 21, "Handling Overload"); the floor, Finagle's.
"""

from collections import deque
from collections.abc import Callable

from .model import Policy

SLOTS = 10


class RollingCounts:
    """Counts over the last `window` seconds, in ten slots. `hits` are some of `total`."""

    def __init__(self, window: float, clock: Callable[[], float]) -> None:
        self._width = window / SLOTS
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        self._newest = [0, 0, 0]  # slot number, total, hits
        self._slots = deque([self._newest])
        self._until = 0.0  # when the next slot begins
        self.total = self.hits = 0

    def add(self, total: int, hits: int) -> None:
        self.expire()
        self._newest[1] += total
        self._newest[2] += hits
        self.total += total
        self.hits += hits

    def expire(self) -> None:
        now = self._clock()
        if now < self._until:
            return
        number = int(now / self._width)
        self._until = (number + 1) * self._width
        self._newest = [number, 0, 0]
        self._slots.append(self._newest)
        while self._slots[0][0] <= number - SLOTS:
            _, total, hits = self._slots.popleft()
            self.total -= total
            self.hits -= hits


class RetryBudget:
    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._counts = RollingCounts(policy.window, clock)

    def called(self) -> None:
        self._counts.add(1, 0)

    def left(self) -> int:
        """How many retries may be made now."""
        self._counts.expire()
        allowed = max(self._policy.retry_floor, int(self._policy.retry_ratio * self._counts.total))
        return max(0, allowed - self._counts.hits)

    def spend(self) -> bool:
        """Take one retry from the budget; False when it is exhausted."""
        if not self.left():
            return False
        self._counts.add(0, 1)
        return True
