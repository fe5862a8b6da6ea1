"""What the template admits and refuses, in virtual time: nothing is refused that one core can bear."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paved.limit import Admission, Priority

from bench import limit
from bench.limit import BAR, BEARABLE, OVERLOADS, Request, Road, judge, poisson, route, shed, simulate


@pytest.mark.parametrize("scenario", BEARABLE)
def test_with_capacity_to_spare_nothing_is_refused(scenario: Callable[[], Iterator[Request]]) -> None:
    assert shed(simulate(Road, scenario())) == 0


@pytest.mark.parametrize("name", BAR)
def test_in_overload_the_service_does_what_it_can_and_recovers(name: str) -> None:
    verdict = judge(OVERLOADS[name], simulate(Road, OVERLOADS[name].requests()))
    assert verdict.good, verdict


@pytest.mark.parametrize("name", [name for name in OVERLOADS if name not in BAR])
def test_where_handlers_compute_after_they_have_waited_the_load_shows_late_but_is_shed(name: str) -> None:
    verdict = judge(OVERLOADS[name], simulate(Road, OVERLOADS[name].requests()))
    assert verdict.goodput > 0.75
    assert verdict.p99 < 0.8
    assert verdict.recovery < 1


ROUTES = st.tuples(
    st.floats(0.0001, 0.01),  # seconds that it computes,
    st.floats(0, 2),  # waits,
    st.floats(0, 0.005),  # and computes again
    st.sampled_from([200, 404, 422, 500, 504]),
    st.sampled_from([0.01, 0.5, 10]),  # its callers' deadline
    st.sampled_from(Priority),
    st.floats(0.05, 1),  # its share of the load
)


@settings(max_examples=30, deadline=None)
@given(routes=st.lists(ROUTES, min_size=1, max_size=4), load=st.floats(0.05, 0.6))
def test_whatever_the_mix_of_routes_nothing_is_refused_that_a_core_can_bear(
    routes: list[tuple[float, float, float, int, float, Priority, float]], load: float
) -> None:
    shares = sum(each[-1] for each in routes)
    mix = []
    for number, (before, wait, after, status, deadline, priority, share) in enumerate(routes):
        cost = limit.READ + limit.SERVE + before + after
        # At most 100 of all are in flight on average, half of the limit: bulk traffic may not use more.
        rate = min(load / cost, 70 / (wait + cost)) * share / shares
        made = route(before, wait, after, status=status, deadline=deadline, priority=priority)
        mix.append(poisson(made, rate, 0, 10, seed=number))
    log = simulate(Road, itertools.chain(*mix))
    assert not log or shed(log) == 0


@pytest.mark.parametrize("factor", [2, 10])
def test_in_overload_the_unimportant_is_refused_first(factor: float) -> None:
    """Each priority alone is `factor / 3` of what the service can do."""
    overload = OVERLOADS[BAR[0]]
    log = simulate(
        Road,
        itertools.chain.from_iterable(
            poisson(route(0.02, priority=priority), overload.capacity * factor / 3, 0, 20, seed=number)
            for number, priority in enumerate(Priority)
        ),
    )
    refused = [shed([each for each in log if each.request.priority is priority]) for priority in Priority]
    critical, normal, bulk = refused
    assert critical == 0 if factor == 2 else critical < 0.75
    assert critical < normal
    assert bulk > 0.95


def test_all_that_was_admitted_is_released() -> None:
    """Also what was cancelled in the queue, by its caller or in the moment in which it might begin."""

    async def run() -> int:
        now = 0.0
        admission = Admission(limit=1000, clock=lambda: now, cpu=lambda: now)

        async def request() -> None:
            nonlocal now
            if await admission.acquire(Priority.NORMAL):
                return
            now += 0.02
            try:
                await asyncio.sleep(0)
            finally:
                admission.release()

        for turns in range(8):
            tasks = [asyncio.create_task(request()) for _ in range(20)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            await asyncio.wait(tasks)
        return admission.in_flight + admission.waiting

    assert asyncio.run(run()) == 0
