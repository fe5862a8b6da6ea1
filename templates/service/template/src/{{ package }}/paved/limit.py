"""How many requests to serve at once: found out from how long they take, never configured by guess.

The algorithm is Gradient2 of Netflix's concurrency-limits, with its defaults. While requests take as long as
they usually do, the limit grows by a few; when they take longer than `TOLERANCE` times that, they queue
somewhere, and the limit shrinks in proportion. What comes on top is refused at once instead of waiting for an
answer that its caller no longer needs.
"""

import time
from collections.abc import Callable
from enum import StrEnum

TOLERANCE = 1.5  # times the usual duration
SMOOTHING = 0.2  # of a new limit, mixed into the old one
QUEUE = 4  # requests that may wait: what the limit grows by
LONG_WINDOW = 600  # seconds that make the usual duration: Netflix's 600 windows of a second
WARM_UP = 10  # windows at the beginning that are averaged plainly
MIN_SAMPLES = 10  # in a window, and
MIN_SECONDS = 0.1  # its length: routes differ, so one request says little


class Priority(StrEnum):
    CRITICAL = "critical"
    NORMAL = "normal"
    BULK = "bulk"


class Refusal(StrEnum):
    """Why a request was not admitted. Closed, because it is a metric label."""

    LIMIT = "limit"
    CAP = "cap"


class ConcurrencyLimit:
    """`limit` adapts between `minimum` and `cap`, and `cap` holds for everyone.

    Bulk traffic may fill half of the limit, normal traffic all of it; critical traffic stops at the cap.
    """

    def __init__(
        self, *, minimum: int = 20, cap: int = 200, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.in_flight = 0
        self._minimum = minimum
        self._cap = cap
        self._clock = clock
        self._limit = float(minimum)
        self._usual = 0.0  # seconds
        self._windows = 0
        self._peak = 0  # of requests in flight, in this window
        self._open_window()

    @property
    def limit(self) -> int:
        return int(self._limit)

    def enter(self, priority: Priority) -> Refusal | None:
        """Admit a request, which must leave, or say why not."""
        if self.in_flight >= self._cap:
            return Refusal.CAP
        if priority is not Priority.CRITICAL:
            share = self._limit if priority is Priority.NORMAL else self._limit / 2
            if self.in_flight >= int(share):
                return Refusal.LIMIT
        self.in_flight += 1
        self._peak = max(self._peak, self.in_flight)
        return None

    def leave(self, seconds: float | None) -> None:
        """`seconds` that it took; None where that says nothing about how busy the service is."""
        self.in_flight -= 1
        if seconds is None:
            return
        self._samples += 1
        self._sum += seconds
        length = self._clock() - self._opened
        if self._samples >= MIN_SAMPLES and length >= MIN_SECONDS:
            self._adapt(self._sum / self._samples, min(length, 1.0))
            self._open_window()

    def _open_window(self) -> None:
        self._samples = 0
        self._sum = 0.0
        self._peak = self.in_flight
        self._opened = self._clock()

    def _adapt(self, seconds: float, length: float) -> None:
        seconds = max(seconds, 1e-6)
        self._windows += 1
        weight = 1 / self._windows if self._windows <= WARM_UP else length * 2 / (LONG_WINDOW + 1)
        self._usual += weight * (seconds - self._usual)
        if self._usual > 2 * seconds:  # after a long slow-down, do not wait until it is forgotten
            self._usual *= 0.95
        if self._peak < self._limit / 2:  # too little traffic to learn a limit from
            return
        gradient = max(0.5, min(1.0, TOLERANCE * self._usual / seconds))
        wanted = self._limit * gradient + QUEUE
        self._limit += SMOOTHING * (wanted - self._limit)
        self._limit = max(self._minimum, min(self._cap, self._limit))
