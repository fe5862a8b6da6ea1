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
        self._number = 0  # of the newest slot
        self._slots: deque[list[int]] = deque()  # of [slot number, total, hits]
        self.total = 0
        self.hits = 0

    def add(self, total: int, hits: int) -> None:
        number = self.expire()
        if not self._slots or self._slots[-1][0] != number:
            self._slots.append([number, 0, 0])
        newest = self._slots[-1]
        newest[1] += total
        newest[2] += hits
        self.total += total
        self.hits += hits

    def expire(self) -> int:
        number = int(self._clock() / self._width)
        if number != self._number:
            self._number = number
            while self._slots and self._slots[0][0] <= number - SLOTS:
                _, total, hits = self._slots.popleft()
                self.total -= total
                self.hits -= hits
        return number

    def clear(self) -> None:
        self._slots.clear()
        self.total = self.hits = 0


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
