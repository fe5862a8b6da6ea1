"""Breaker, budget, bulkhead and deadline under everything Hypothesis thinks of, against models of a few lines."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from unittest import TestCase

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule
from paved import context
from paved.resilience.breaker import CircuitBreaker
from paved.resilience.budget import RetryBudget
from paved.resilience.bulkhead import Bulkhead
from paved.resilience.client import SHARE, Client
from paved.resilience.model import (
    Dependency,
    DependencyError,
    Observer,
    Policy,
    Request,
    Response,
    State,
    TransportError,
)
from virtual_time import VirtualTimeLoop

SETTINGS = settings(
    max_examples=100, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# Where the clock stands matters little, how it moves does; whole slots and their edges are what goes wrong.
STEPS = st.sampled_from([0.0, 0.1, 0.5, 0.999, 1.0, 2.5, 4.999, 5.0, 9.0, 10.0, 100.0])


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


# -- the breaker -------------------------------------------------------------------------------------------------------


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin and end in any order; each knows in which state it began."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.policy = Policy(min_calls=4, failure_rate=0.5, open_seconds=5.0, window=10.0)
        self.clock = Clock()
        self.changes: list[tuple[State, State]] = []
        self.breaker = CircuitBreaker(
            self.policy,
            clock=self.clock,
            uniform=lambda: 0.5,
            on_change=lambda before, after: self.changes.append((before, after)),
        )
        self.opened_at = 0.0
        self.era = 0  # counts the changes of state
        self.probe: int | None = None
        self.results: list[tuple[float, bool]] = []  # of this era, while closed

    @rule(seconds=STEPS)
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(target=calls)
    def begin(self) -> tuple[int, int] | None:
        before = self.breaker.state
        ticket = self.breaker.acquire()
        if before is State.OPEN:
            due = self.clock.now >= self.opened_at + self.policy.open_seconds
            assert (ticket is not None) is due
            if due:
                self._moved(State.HALF_OPEN)
                self.probe = ticket
        elif before is State.HALF_OPEN:
            assert (ticket is not None) is (self.probe is None), "one probe at a time"
            self.probe = self.probe if ticket is None else ticket
        else:
            assert ticket is not None
        return None if ticket is None else (ticket, self.era)

    @rule(call=consumes(calls), ok=st.sampled_from([True, False, None]))
    def end(self, call: tuple[int, int] | None, ok: bool | None) -> None:
        if call is None:
            return
        ticket, era = call
        before = self.breaker.state
        self.breaker.release(ticket, ok)
        if era != self.era or ok is None:
            assert self.breaker.state is before, "a late result and a cancellation change nothing"
            if era == self.era:
                self.probe = None
        elif before is State.HALF_OPEN:
            self._moved(State.CLOSED if ok else State.OPEN)
        else:
            self.results.append((self.clock.now, ok))
            self._maybe_opened()

    def _maybe_opened(self) -> None:
        # The window slides by tenths: the counts are those of between nine and ten of them.
        counted = [good for when, good in self.results if int(when) > int(self.clock.now) - 10]
        failures = counted.count(False)
        enough = len(counted) >= self.policy.min_calls and failures >= self.policy.failure_rate * len(counted)
        assert (self.breaker.state is State.OPEN) is enough
        if self.breaker.state is State.OPEN:
            self._moved(State.OPEN)

    def _moved(self, state: State) -> None:
        assert self.breaker.state is state
        assert self.changes[-1][1] is state
        self.era += 1
        self.probe = None
        self.results = []
        if state is State.OPEN:
            self.opened_at = self.clock.now

    @invariant()
    def every_change_is_told_and_is_one_that_exists(self) -> None:
        assert len(self.changes) == self.era
        allowed = {
            (State.CLOSED, State.OPEN),
            (State.OPEN, State.HALF_OPEN),
            (State.HALF_OPEN, State.OPEN),
            (State.HALF_OPEN, State.CLOSED),
        }
        assert set(self.changes) <= allowed


# -- the budget --------------------------------------------------------------------------------------------------------


class BudgetMachine(RuleBasedStateMachine):
    """Retries are never more than the floor or the share of the calls in the window, and no fewer are refused."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = Policy(retry_ratio=0.1, retry_floor=2, window=10.0)
        self.clock = Clock()
        self.budget = RetryBudget(self.policy, self.clock)
        self.calls: list[float] = []
        self.retries: list[float] = []

    @rule(seconds=STEPS)
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(times=st.integers(1, 40))
    def call(self, times: int) -> None:
        for _ in range(times):
            self.budget.called()
        self.calls += [self.clock.now] * times

    @rule()
    def retry(self) -> None:
        left = self._left()
        assert self.budget.spend() is (left > 0)
        if left > 0:
            self.retries.append(self.clock.now)

    def _left(self) -> int:
        first = int(self.clock.now) - 10
        calls = sum(int(when) > first for when in self.calls)
        retries = sum(int(when) > first for when in self.retries)
        return max(0, max(2, calls // 10) - retries)

    @invariant()
    def it_says_what_is_left(self) -> None:
        assert self.budget.left() == self._left()


# -- the bulkhead ------------------------------------------------------------------------------------------------------


class BulkheadMachine(RuleBasedStateMachine):
    """Tasks come, go, give up and are cancelled, several in the same moment of the loop."""

    LIMIT, MAX_WAITING = 2, 3

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        self.bulkhead = Bulkhead(self.LIMIT, self.MAX_WAITING)
        self.entering: list[asyncio.Task[bool]] = []  # in the order in which they came
        self.inside = 0

    def settle(self) -> None:
        """Let the loop run until nothing is left to do but wait."""
        for _ in range(5):
            self.loop.run_until_complete(asyncio.sleep(0))
        for task in [task for task in self.entering if task.done()]:
            self.entering.remove(task)
            self.inside += not task.cancelled() and task.result()

    @rule(patience=st.sampled_from([0.0, 1.0, 5.0]), settle=st.booleans())
    def enter(self, patience: float, settle: bool) -> None:
        self.entering.append(self.loop.create_task(self.bulkhead.acquire(patience)))
        if settle:
            self.settle()

    @precondition(lambda self: self.inside)
    @rule(settle=st.booleans())
    def leave(self, settle: bool) -> None:
        self.bulkhead.release()
        self.inside -= 1
        if settle:
            self.settle()

    @precondition(lambda self: self.entering)
    @rule(data=st.data(), settle=st.booleans())
    def cancel(self, data: st.DataObject, settle: bool) -> None:
        data.draw(st.sampled_from(self.entering)).cancel()
        if settle:
            self.settle()

    @rule(seconds=st.sampled_from([0.5, 1.0, 5.0]))
    def wait(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))
        self.settle()

    @rule()
    def nothing_is_lost(self) -> None:
        self.settle()
        assert self.bulkhead.in_use == self.inside <= self.LIMIT
        assert self.bulkhead.waiting == len(self.entering) <= self.MAX_WAITING
        assert not self.entering or self.inside == self.LIMIT, "nobody waits while a slot is free"

    def teardown(self) -> None:
        self.settle()
        for _ in range(100):
            for task in self.entering:
                task.cancel()
            while self.inside:
                self.bulkhead.release()
                self.inside -= 1
            self.settle()
            if not self.entering and not self.inside:
                break
        assert (self.bulkhead.in_use, self.bulkhead.waiting) == (0, 0)
        self.loop.close()


# -- the client, and its deadline --------------------------------------------------------------------------------------


@dataclass
class Tally(Observer):
    attempts: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    more: int = 0

    def attempted(self, outcome: str) -> None:
        self.attempts.append(outcome)

    def finished(self, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.outcomes.append(outcome)

    def decided(self, what: str) -> None:
        self.more += what in ("retry", "hedge")


BEHAVIOURS = st.tuples(
    st.sampled_from([0.0, 0.0, 0.05, 0.3, 0.9, 60.0]),
    st.sampled_from(["ok", "ok", "404", "500", "503 at once", "503 in 1 s", "503 in 1 h", "refused", "reset"]),
)


class ClientMachine(RuleBasedStateMachine):
    """Calls of every kind to a dependency that does everything; whatever happens, a call ends in time, once."""

    POLICY = Policy(
        deadline=1.5, attempt_timeout=0.8, attempts=3, backoff=0.1, hedge_after=0.2, min_calls=5,
        max_concurrency=3, max_waiting=2, retry_floor=2,
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        self.tally = Tally()
        self.behaviour: tuple[float, str] = (0.0, "ok")
        self.sending = 0
        self.sent = 0
        self.running: dict[asyncio.Task[None], float] = {}
        self.started = 0
        self.client = Client(
            Dependency(name="inventory", base_url="", policy=self.POLICY),
            self,
            observer=self.tally,
            clock=self.loop.time,
            uniform=lambda: 0.5,
        )

    async def send(self, request: Request, left: float) -> Response:
        assert 0 < left <= self.POLICY.attempt_timeout
        deadline = context.deadline.get()
        assert deadline is None or left <= deadline - self.loop.time()
        self.sent += 1
        assert (request.path, request.body) == ("/", b"")
        self.sending += 1
        seconds, outcome = self.behaviour
        try:
            await asyncio.sleep(seconds)
        finally:
            self.sending -= 1
        match outcome.split():
            case ["refused"]:
                raise TransportError("refused", sent=False)
            case ["reset"]:
                raise TransportError("reset")
            case ["503", *when]:
                after = {"at once": "0", "in 1 s": "1", "in 1 h": "3600"}[" ".join(when)]
                return Response(status=503, headers={"retry-after": after})
            case [status]:
                return Response(status=200 if status == "ok" else int(status))
        raise AssertionError(outcome)

    @rule(behaviour=BEHAVIOURS)
    def behave(self, behaviour: tuple[float, str]) -> None:
        self.behaviour = behaviour

    @rule(
        method=st.sampled_from(["GET", "GET", "POST"]),
        caller=st.sampled_from([None, None, -1.0, 0.0, 0.1, 0.7, 30.0]),
        behaviour=BEHAVIOURS,
    )
    def call(self, method: str, caller: float | None, behaviour: tuple[float, str]) -> None:
        self.behaviour = behaviour
        allowed = self.POLICY.deadline if caller is None else min(self.POLICY.deadline, SHARE * max(caller, 0))

        async def call() -> None:
            self.started += 1
            context.deadline.set(None if caller is None else self.loop.time() + caller)
            begun = self.loop.time()
            try:
                await self.client.request(method, "/")
            except DependencyError:
                pass
            finally:
                assert self.loop.time() - begun <= allowed + 1e-6, "the deadline is never passed"

        self.running[self.loop.create_task(call())] = self.loop.time() + allowed

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(list(self.running))).cancel()

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.1, 0.25, 1.0, 6.0]))
    def wait(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))
        for task in [task for task in self.running if task.done()]:
            del self.running[task]
            assert task.cancelled() or task.exception() is None
        now = self.loop.time()
        assert all(until >= now - 1e-6 for until in self.running.values()), "nobody is still waiting"

    @invariant()
    def nothing_is_out_of_bounds(self) -> None:
        assert self.client.bulkhead.in_use <= self.POLICY.max_concurrency
        assert self.client.bulkhead.waiting <= self.POLICY.max_waiting
        assert self.client.budget.left() >= 0

    def teardown(self) -> None:
        self.wait(0.0)
        for task in self.running:
            task.cancel()
        if self.running:
            self.loop.run_until_complete(asyncio.wait(self.running))
        self.loop.run_until_complete(asyncio.sleep(0))
        assert asyncio.all_tasks(self.loop) == set(), "nothing outlives its call"
        assert (self.sending, self.client.bulkhead.in_use, self.client.bulkhead.waiting) == (0, 0, 0)
        assert len(self.tally.outcomes) == self.started, "each call is told of once"
        assert len(self.tally.attempts) == self.sent, "and so is each attempt"
        assert self.sent <= self.started + self.tally.more
        self.loop.close()


def _test_of(machine: type[RuleBasedStateMachine]) -> type[TestCase]:
    case: type[TestCase] = machine.TestCase
    case.settings = SETTINGS  # type: ignore[attr-defined]
    return case


TestBreaker = _test_of(BreakerMachine)
TestBudget = _test_of(BudgetMachine)
TestBulkhead = _test_of(BulkheadMachine)
TestClient = _test_of(ClientMachine)
