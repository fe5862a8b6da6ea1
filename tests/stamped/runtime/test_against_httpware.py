"""Beside httpware, a public library whose breaker and budget mean the same: they decide the same."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import httpx2
from httpware import AsyncCircuitBreaker, CircuitOpenError, NetworkError, RetryBudget
from hypothesis import given, settings
from hypothesis import strategies as st
from paved.resilience.breaker import CircuitBreaker
from paved.resilience.budget import RetryBudget as OurBudget
from paved.resilience.model import Policy, State
from virtual_time import VirtualTimeLoop

REQUEST = httpx2.Request("GET", "http://inventory.test/")
POLICY = Policy(failure_rate=0.5, min_calls=4, window=10.0, open_seconds=5.0)
WAITS = st.sampled_from([0.25, 1.0, 2.0, 5.0, 10.0, 30.0])


class TheirCall:
    """One call in flight through their breaker."""

    def __init__(self, breaker: AsyncCircuitBreaker) -> None:
        self.answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(breaker(REQUEST, self._send))

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        if await self.answer:
            return httpx2.Response(200, request=request)
        raise NetworkError("reset")

    async def admitted(self) -> bool:
        await asyncio.sleep(0)
        return not (self.task.done() and isinstance(self.task.exception(), CircuitOpenError))

    async def end(self, ok: bool | None) -> None:
        if ok is None:
            self.task.cancel()
        else:
            self.answer.set_result(ok)
        with suppress(NetworkError, asyncio.CancelledError):
            await self.task


# Of the breaker: begin a call, end the nth one in flight well, badly or by cancellation, or wait.
STEPS = st.lists(
    st.one_of(
        st.just("begin"), st.just("begin"),
        st.tuples(st.integers(0, 7), st.sampled_from([True, False, False, None])),
        WAITS,
    ),
    max_size=120,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_the_breaker_admits_the_same_calls(steps: list[object]) -> None:
    loop = VirtualTimeLoop()

    async def compare() -> None:
        ours = CircuitBreaker(POLICY, clock=loop.time, uniform=lambda: 0.5)
        theirs = AsyncCircuitBreaker(
            failure_rate_threshold=0.5, minimum_calls=4, window_seconds=10.0, reset_timeout=5.0, _now=loop.time
        )
        calls: list[tuple[int, TheirCall]] = []
        for step in steps:
            if step == "begin":
                ticket, call = ours.acquire(), TheirCall(theirs)
                assert await call.admitted() is (ticket is not None)
                if ticket is not None:
                    calls.append((ticket, call))
            elif isinstance(step, tuple):
                if step[0] < len(calls):
                    ticket, call = calls.pop(step[0])
                    ours.release(ticket, step[1])
                    await call.end(step[1])
            elif isinstance(step, float):
                await asyncio.sleep(step)
            assert ours.state is State(theirs.state.value)
        for _, call in calls:
            await call.end(None)

    try:
        loop.run_until_complete(compare())
    finally:
        loop.close()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.just("call"), st.integers(2, 50), st.just("retry"), WAITS), max_size=120))
def test_the_budget_allows_the_same_retries_but_for_rounding(steps: list[object]) -> None:
    now = 1000.0
    ours = OurBudget(Policy(retry_ratio=0.1, retry_floor=0, window=10.0), lambda: now)
    theirs = RetryBudget(ttl=10.0, min_retries_per_sec=0, percent_can_retry=0.1, _now=lambda: now)
    for step in steps:
        if isinstance(step, float):
            now += step
        elif step == "retry":
            # We round down where they round up, so what we allow, they allow.
            if ours.spend():
                assert theirs.try_withdraw()
        else:
            for _ in range(step if isinstance(step, int) else 1):
                ours.called()
                theirs.deposit()
    left = ours.left()
    assert sum(theirs.try_withdraw() for _ in range(left + 2)) in (left, left + 1)
