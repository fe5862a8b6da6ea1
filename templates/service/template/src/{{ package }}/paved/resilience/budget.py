"""A retry budget: retries are a share of the calls and cannot multiply an outage (Google SRE, chapter 21)."""

from collections import deque
from collections.abc import Callable

from .model import Policy

SLOTS = 10


class RollingCounts:
    """Counts over the last `window` seconds, in ten slots. `hits` are some of `total`."""

    def __init__(self, window: float, clock: Callable[[], float]) -> None:
        self._width = window / SLOTS
        self._clock = clock
        self._slots: deque[list[int]] = deque()  # of [slot number, total, hits]
        self.total = 0
        self.hits = 0

    def add(self, *, total: int = 0, hits: int = 0) -> None:
        number = self.expire()
        if not self._slots or self._slots[-1][0] != number:
            self._slots.append([number, 0, 0])
        self._slots[-1][1] += total
        self._slots[-1][2] += hits
        self.total += total
        self.hits += hits

    def expire(self) -> int:
        number = int(self._clock() / self._width)
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
        self._counts.add(total=1)

    def spend(self) -> bool:
        """Take one retry from the budget; False when it is exhausted."""
        self._counts.expire()
        allowed = max(self._policy.retry_floor, self._policy.retry_ratio * self._counts.total)
        if self._counts.hits >= allowed:
            return False
        self._counts.add(hits=1)
        return True
