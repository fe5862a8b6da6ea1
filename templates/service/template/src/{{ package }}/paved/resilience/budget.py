"""A retry budget: retries and hedges are a share of the calls and cannot multiply an outage.

The share is that of Google SRE (chapter 21, "Handling Overload"); the floor, Finagle's.
"""

from collections import deque
from collections.abc import Callable

from .model import Policy

SLOTS = 10


class RollingCount:
    """How many there were in the last `window` seconds, in ten slots."""

    def __init__(self, window: float, clock: Callable[[], float]) -> None:
        self._width = window / SLOTS
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        self._slots = deque([[0, 0]])  # number of the slot, count
        self._until = 0.0  # when the next slot begins
        self._total = 0

    @property
    def total(self) -> int:
        self._expire()
        return self._total

    def add(self) -> None:
        self._expire()
        self._slots[-1][1] += 1
        self._total += 1

    def _expire(self) -> None:
        now = self._clock()
        if now < self._until:
            return
        number = int(now / self._width)
        self._until = (number + 1) * self._width
        self._slots.append([number, 0])
        while self._slots[0][0] <= number - SLOTS:
            self._total -= self._slots.popleft()[1]


class RetryBudget:
    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._calls = RollingCount(policy.window, clock)
        self._retries = RollingCount(policy.window, clock)

    def called(self) -> None:
        self._calls.add()

    def left(self) -> int:
        """How many retries may be made now."""
        allowed = max(self._policy.retry_floor, int(self._policy.retry_ratio * self._calls.total))
        return max(0, allowed - self._retries.total)

    def spend(self) -> bool:
        """Take one retry from the budget; False when it is exhausted."""
        if not self.left():
            return False
        self._retries.add()
        return True
