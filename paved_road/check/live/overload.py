"""Load: far more than the service can bear, and a mix that it can.

The load of a check must not depend on how fast this machine is. So the service gets a tenth of a core
(`process.throttle`), and the load is ten times what it then bears, which this process can send with ease.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from paved_road.check.live.lab import PATIENCE, Instance, Lab
from paved_road.check.live.load import ClosedLoad, LoadAnswer, OpenLoad
from paved_road.check.live.standin import Behaviour, StandIn, healthy, slow
from paved_road.check.registry import live_check
from paved_road.process.listen import Exchange
from paved_road.process.throttle import throttled, used

SHARE = 0.1
"""Of a core, for the service under overload."""
TIMES = 10
"""How much more is sent than the service bears."""
WARM_UP, MEASURED, MEASURING = 20, 100, 1.5
"""Requests before the capacity is measured, those that measure it, and the seconds for them."""
FASTEST = 3000.0
"""Requests a second that this process can send beside a service."""
LEAST_DECIDED = 0.5
"""Of the capacity, that must still be answered or refused in time. Without a limit, a queue grows until nothing is. No
share of 2xx is demanded: to refuse a request as cheap as a sample may cost half as much as to answer it."""
REFUSALS = (429, 503)
CLIENTS = 24
"""Of the bearable mix: as many as a busy instance has in flight, and far from what one process can bear."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Capacity:
    """What the service bears when a few clients keep it busy."""

    rate: float
    """Requests a second."""
    work: float
    """Requests in each second of CPU time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Overload:
    """The second half of a load: a queue has to grow before it shows."""

    answers: Sequence[LoadAnswer]
    """Those that were sent in it."""
    seconds: float
    cpu: float
    """Seconds of CPU time that the service used."""


@live_check("overload", alone=True)
async def overload(lab: Lab) -> None:
    """At ten times what it can bear, a service answers or refuses in time, and recovers by itself.

    Raises `NotApplicable` if the contract has no sample.
    """
    sample, limit = lab.sample, lab.contract.deadline
    async with lab.service() as service:
        async with throttled(service.process, SHARE):
            capacity = await _capacity(lab, service)
            rate = min(TIMES * capacity.rate, FASTEST)
            load = await _overloaded(lab, service, rate)
        # On a busy machine the service gets less than its share: it may do less then, and take longer for it.
        starved = max(1.0, SHARE * load.seconds / max(load.cpu, 0.001))
        needed = LEAST_DECIDED * min(capacity.rate, capacity.work * load.cpu / load.seconds)
        in_time = [one for one in load.answers if _is_decision(one) and one.seconds <= limit * starved]
        good = sum(200 <= one.status < 300 for one in in_time)
        lab.expect(
            len(in_time) / load.seconds >= needed,
            did=f"sent {rate:.0f} requests a second to a service that answers {capacity.rate:.0f}",
            observed=f"{len(in_time) / load.seconds:.0f} a second were answered or refused within {limit:g} s, "
            f"{good / load.seconds:.0f} of them with 2xx",
            expected=f"at least {needed:.0f} a second: what is too much is refused early, and the rest is in time",
        )  # fmt: skip
        patience, watch = 2 * max(limit, 1.0), service.stopwatch()
        while (answer := await service.ask(sample)).status not in range(200, 300) and watch.seconds < PATIENCE:
            await asyncio.sleep(0.05)
        lab.expect(
            200 <= answer.status < 300 and watch.seconds <= patience, did=f"ended the load, and sent {sample}",
            observed=f"{answer.status or answer.error}, {watch.seconds:.2f} s after the load",
            expected=f"it recovers by itself: 2xx within {patience:g} s",
        )  # fmt: skip


async def _capacity(lab: Lab, service: Instance) -> _Capacity:
    """What the service answers when a few clients keep it busy."""
    async with ClosedLoad(service, [lab.sample], clients=4) as load:
        await load.answered(WARM_UP)
        began, spent, before = time.monotonic(), used(service.process.pid), len(load.answers)
        await load.answered(before + MEASURED, within=MEASURING)
        passed, spent, answers = time.monotonic() - began, used(service.process.pid) - spent, load.answers[before:]
    bad = [one for one in answers if not 200 <= one.status < 300]
    lab.require(
        bool(answers) and not bad, did=f"sent {lab.sample} with 4 clients, one request each at a time",
        observed=f"{len(bad)} of {len(answers)} were not answered with 2xx", expected="2xx for all",
    )  # fmt: skip
    return _Capacity(rate=len(answers) / passed, work=len(answers) / max(spent, 0.001))


async def _overloaded(lab: Lab, service: Instance, rate: float) -> _Overload:
    """What comes of a load that lasts so long that an endless queue would be longer than the deadline."""
    seconds = max(2.4, 1.6 * lab.contract.deadline)
    async with OpenLoad(service, [lab.sample], rate=rate, within=1.5 * lab.contract.deadline) as load:
        await asyncio.sleep(seconds / 2)
        began, spent = time.monotonic(), used(service.process.pid)
        await asyncio.sleep(seconds / 2)
        ended, spent = time.monotonic(), used(service.process.pid) - spent
    # What this process sent too late is not the service's fault: its time counts from when it was sent.
    answers = [replace(one, due=one.began) for one in load.answers if began <= one.began <= ended]
    return _Overload(answers=answers, seconds=ended - began, cpu=spent)


def _is_decision(answer: LoadAnswer) -> bool:
    """Whether the service answered well or refused. A closed port or connection refuses, too."""
    return 200 <= answer.status < 300 or answer.status in REFUSALS or answer.error in ("refused", "reset", "closed")


@live_check("bearable-load", alone=True)
async def bearable_load(lab: Lab) -> None:
    """A service refuses nothing of what it can bear: a burst in its first second, and fast beside slow requests."""
    async with lab.service() as service:
        burst = await asyncio.gather(*(service.ask(lab.sample) for _ in range(2 * CLIENTS)))
        refused = [one for one in burst if one.status in REFUSALS or not one.status]
        lab.expect(
            not refused, did=f"sent {lab.sample} {len(burst)} times at once to a new instance",
            observed=f"{len(refused)} of them were refused" + (f" ({refused[0]})" if refused else ""),
            expected="none refused",
        )  # fmt: skip
        slowness = _bearable(lab)
        for number, standin in enumerate(lab.standins.values()):
            await standin.behave(_mixed(slowness, number))
        async with ClosedLoad(service, [lab.sample], clients=CLIENTS, within=PATIENCE) as load:
            await load.answered(10 * CLIENTS)
        bad = [one for one in load.answers if one.status in REFUSALS or not one.whole]
        excerpt = (bad[0].head + b" " + bad[0].error.encode()).decode(errors="replace")[:300] if bad else ""
        lab.expect(
            not bad, did=f"sent {lab.sample} with {CLIENTS} clients"
            + (f", while every second answer of the dependencies took {slowness:.2f} s" if lab.standins else ""),
            observed=f"{len(bad)} of {len(load.answers)} were refused or lost", expected="none refused",
            excerpt=excerpt,
        )  # fmt: skip


def _bearable(lab: Lab) -> float:
    """Seconds that a dependency may take without being too slow for the service."""
    stated = [one.dependency.timeout for one in lab.standins.values() if one.dependency.timeout is not None]
    return min([0.5 * each for each in stated] + [0.1 * lab.contract.deadline, 0.2])


def _mixed(seconds: float, number: int) -> Behaviour:
    """Every second answer is slow."""
    count = itertools.count(number)
    late = slow(seconds)

    async def behaviour(standin: StandIn, exchange: Exchange) -> None:
        await (late if next(count) % 2 else healthy)(standin, exchange)

    return behaviour
