"""The adaptive limit: its invariants under everything that Hypothesis thinks of, and a server it must follow."""

from __future__ import annotations

import heapq
import statistics
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from paved.limit import ConcurrencyLimit, Priority, Refusal


class LimitMachine(RuleBasedStateMachine):
    """Requests of all priorities come, take any time, and fail; time is the machine's own."""

    @initialize(minimum=st.integers(1, 50), above=st.integers(0, 200))
    def begin(self, minimum: int, above: int) -> None:
        self.now = 0.0
        self.minimum, self.cap = minimum, minimum + above
        self.limit = ConcurrencyLimit(minimum=minimum, cap=self.cap, clock=lambda: self.now)
        self.in_flight = 0

    @rule(priority=st.sampled_from(Priority), times=st.integers(1, 30))
    def come(self, priority: Priority, times: int) -> None:
        for _ in range(times):
            refusal = self.limit.enter(priority)
            assert (refusal is Refusal.CAP) is (self.in_flight >= self.cap)
            if refusal is None:
                self.in_flight += 1
            elif priority is Priority.NORMAL:
                assert self.in_flight >= self.limit.limit
            elif priority is Priority.CRITICAL:
                assert refusal is Refusal.CAP, "critical traffic is held by nothing but the cap"

    @precondition(lambda self: self.in_flight > 0)
    @rule(
        seconds=st.one_of(st.none(), st.floats(0, 1e6)),
        times=st.integers(1, 30),
        wait=st.floats(0, 10),
    )
    def go(self, seconds: float | None, times: int, wait: float) -> None:
        for _ in range(min(times, self.in_flight)):
            self.now += wait
            before = self.limit.limit
            self.limit.leave(seconds)
            self.in_flight -= 1
            assert self.limit.limit >= before * 0.9 - 1, "one window takes a tenth at most: an outlier is no slow-down"

    @invariant()
    def counts_and_bounds_hold(self) -> None:
        assert self.limit.in_flight == self.in_flight
        assert self.minimum <= self.limit.limit <= self.cap

    @invariant()
    def a_more_important_request_is_admitted_wherever_a_less_important_one_is(self) -> None:
        admitted = []
        for priority in (Priority.BULK, Priority.NORMAL, Priority.CRITICAL):
            refusal = self.limit.enter(priority)
            admitted.append(refusal is None)
            if refusal is None:
                self.limit.leave(None)
        assert admitted == sorted(admitted)


TestLimit = LimitMachine.TestCase


@given(st.lists(st.floats(1e-6, 100), min_size=10, max_size=50))
def test_traffic_that_fills_less_than_half_of_it_does_not_move_it(durations: list[float]) -> None:
    now = 0.0
    limit = ConcurrencyLimit(clock=lambda: now)
    for seconds in durations * 20:
        limit.enter(Priority.NORMAL)
        now += seconds
        limit.leave(seconds)
    assert limit.limit == 20


# -- a server that slows down ------------------------------------------------------------------------------------------


@dataclass
class Server:
    """Has `workers`; each request needs one of them for `service` seconds and waits for it in a queue, first in, first
    out. A closed loop of `callers`, who come back at once, or 0.05 s after they were refused."""

    workers: int
    service: float = 0.1
    callers: int = 120
    now: float = 0.0
    limit: ConcurrencyLimit = field(init=False)

    def __post_init__(self) -> None:
        self.limit = ConcurrencyLimit(clock=lambda: self.now)
        self._free: list[float] = []
        self._events = [(caller / 1000, caller, -1.0) for caller in range(self.callers)]

    def run(self, seconds: float, workers: int) -> tuple[float, float, float]:
        """The limit, the median duration and the requests served per second in the last third of the time."""
        self.workers, self._free = workers, [self.now] * workers
        until, settled = self.now + seconds, self.now + seconds * 2 / 3
        durations = []
        while self._events[0][0] < until:
            self.now, caller, came = heapq.heappop(self._events)
            if came >= 0:
                self.limit.leave(self.now - came)
                if self.now > settled:
                    durations.append(self.now - came)
            if self.limit.enter(Priority.NORMAL):
                heapq.heappush(self._events, (self.now + 0.05, caller, -1.0))
                continue
            begins = max(self.now, heapq.heappop(self._free))
            heapq.heappush(self._free, begins + self.service)
            heapq.heappush(self._events, (begins + self.service, caller, self.now))
        return self.limit.limit, statistics.median(durations), len(durations) / (until - settled)


def test_the_limit_follows_a_slow_down_and_recovers() -> None:
    server = Server(workers=100)
    healthy = server.run(60, workers=100)
    slow = server.run(60, workers=30)
    recovered = server.run(60, workers=100)

    limit, seconds, served = healthy
    assert limit >= 100
    assert seconds < 0.13
    assert served > 900, "what 100 workers can do is done"
    limit, seconds, served = slow
    assert limit < 80, "120 callers would wait 0.4 s each; most of them are refused instead"
    assert seconds < 0.25
    assert served > 0.9 * 30 / server.service, "and what can still be done is done"
    limit, seconds, served = recovered
    assert limit >= 100
    assert seconds < 0.13
    assert served > 900
