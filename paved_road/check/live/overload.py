"""Load: far more than the service can bear, and a mix that it can.

The load of a check must not depend on how fast this machine is. So the service gets a tenth of a core
(`process.throttle`), and the load is ten times what it then bears, which this process can send with ease.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import replace

from paved_road.check.live.lab import PATIENCE, Instance, Lab
from paved_road.check.live.load import ClosedLoad, LoadAnswer, OpenLoad
from paved_road.check.live.standin import Behaviour, StandIn, healthy, slow
from paved_road.check.registry import live_check
from paved_road.process.listen import Exchange
from paved_road.process.throttle import throttled

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


@live_check("overload", alone=True)
async def overload(lab: Lab) -> None:
    """At ten times what it can bear, a service answers or refuses in time, stays live, and recovers by itself."""
    limit = lab.contract.deadline
    async with lab.service() as service:
        async with throttled(service.process, SHARE):
            capacity = await _capacity(lab, service)
            rate = min(TIMES * capacity, FASTEST)
            answers, seconds, probe = await _overloaded(lab, service, rate)
        sent = f"sent {rate:.0f} requests a second to a service that answers {capacity:.0f}"
        lab.expect(
            probe < limit, did=f"{sent}, and asked {lab.contract.live}", observed=f"an answer after {probe:.2f} s",
            expected=f"it stays live: an answer within {limit:g} s",
        )  # fmt: skip
        late = [one for one in answers if one.due > seconds / 2]  # a queue has to grow before it shows
        decided = [one for one in late if _is_decision(one) and one.seconds <= limit]
        good = sum(200 <= one.status < 300 for one in decided) / (seconds / 2)
        needed = LEAST_DECIDED * capacity
        lab.expect(
            len(decided) / (seconds / 2) >= needed, did=f"{sent}, for {seconds:.0f} s",
            observed=f"{len(decided) / (seconds / 2):.0f} a second were answered or refused within {limit:g} s, "
            f"{good:.0f} of them with 2xx",
            expected=f"at least {needed:.0f} a second: what is too much is refused early, and the rest is in time",
        )  # fmt: skip
        patience, watch = 2 * max(limit, 1.0), service.stopwatch()
        while (answer := await service.ask(lab.sample)).status not in range(200, 300) and watch.seconds < PATIENCE:
            await asyncio.sleep(0.05)
        lab.expect(
            200 <= answer.status < 300 and watch.seconds <= patience, did=f"ended the load, and sent {lab.sample}",
            observed=f"{answer.status or answer.error}, {watch.seconds:.2f} s after the load",
            expected=f"it recovers by itself: 2xx within {patience:g} s",
        )  # fmt: skip


async def _capacity(lab: Lab, service: Instance) -> float:
    """Requests a second that the service answers when a few clients keep it busy."""
    async with ClosedLoad(service, [lab.sample], clients=4) as load:
        await load.answered(WARM_UP)
        began, before = time.monotonic(), len(load.answers)
        await load.answered(before + MEASURED, within=MEASURING)
        passed, answers = time.monotonic() - began, load.answers[before:]
    bad = [one for one in answers if not 200 <= one.status < 300]
    lab.require(
        not bad, did=f"sent {lab.sample} with 4 clients, one request each at a time",
        observed=f"{len(bad)} of {len(answers)} were not answered with 2xx", expected="2xx for all",
    )  # fmt: skip
    return len(answers) / passed


async def _overloaded(lab: Lab, service: Instance, rate: float) -> tuple[list[LoadAnswer], float, float]:
    """What came of a load, when each request was due counted from its begin, how long it lasted, and a probe's time."""
    seconds = max(3.0, 1.8 * lab.contract.deadline)
    began = time.monotonic()
    async with OpenLoad(service, [lab.sample], rate=rate, within=2 * lab.contract.deadline) as load:
        await asyncio.sleep(seconds * 0.7)
        probe = await service.probe(lab.contract.live, within=2 * lab.contract.deadline)
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - began)))
        lasted = time.monotonic() - began
    answers = [_counted_from(began, one) for one in load.answers if one.due <= began + lasted]
    return answers, lasted, probe.seconds if probe.status else 2 * lab.contract.deadline


def _counted_from(began: float, answer: LoadAnswer) -> LoadAnswer:
    # What this process sent too late is not the service's fault: it counts from when it was sent.
    return replace(answer, due=answer.began - began, began=answer.began - began, ended=answer.ended - began)


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
