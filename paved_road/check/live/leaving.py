"""Callers that leave before they have their answer free what they held."""

from __future__ import annotations

import asyncio
import re
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from paved_road.check.live.calls import RESUMES, Route, calm, routes, send
from paved_road.check.live.exposition import MalformedMetrics, Series, parsed
from paved_road.check.live.lab import POLL, Instance, Lab
from paved_road.check.live.standin import hang
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check

LEAVERS = 50, 50, 20, 20, 8, 8
"""How many callers leave, in each try. Fewer are sooner gone, for a machine that is busy."""
SOONER = 0.03
"""Seconds by which the calls of those who left must end before the call of the one who stayed."""
ENOUGH = 0.1
"""Fair seconds between their leaving and the end of the stayer's call, with which an order says something."""
_HELD = re.compile(r"in_?flight|in_?progress|inprogress|active_(requests|connections)|open_connections|queued|waiting")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Left:
    """What the dependency saw of callers that left."""

    leavers: int
    calls: int
    """Calls for those who left that were at the dependency when they did."""
    ended: int
    """Those that ended clearly before the call of the caller who stayed."""
    window: float
    """Fair seconds from their leaving to the end of the stayer's call."""
    left_alone: bool
    """Whether no call was open in the end."""

    @property
    def freed(self) -> bool:
        return 2 * self.ended > self.calls


@live_check("abandoned-requests")
async def abandoned_requests(lab: Lab) -> None:
    """After fifty callers left, their calls are closed at the dependency, and new requests are served as before."""
    async with lab.service() as service:
        found = await routes(lab, service)
        for name in dict.fromkeys(route.name for route in found):
            route = next(route for route in found if route.name == name)
            await _frees(lab, service, route)


async def _frees(lab: Lab, service: Instance, route: Route) -> None:
    """Raises `RuntimeError` if the machine was too busy to tell."""
    before = await _gauges(lab, service, route)
    for leavers in LEAVERS:
        left = await _leave(lab, service, route, leavers)
        if left.freed or left.window >= ENOUGH:
            break
    else:
        raise RuntimeError("the machine was too busy to tell which call ended first")
    did = f"{left.leavers} callers of {route.sample} left while {route.name} hung"
    lab.expect(
        left.freed, did=did,
        observed=f"{left.ended} of their {left.calls} calls ended before the call of a caller who had come before them "
        "and stayed",
        expected="their calls are closed when they leave, not when their time is up",
    )  # fmt: skip
    lab.require(
        left.left_alone, did=f"{did}, and so did all others",
        observed=f"{'no call was' if left.left_alone else 'calls were still'} open at {route.name} afterwards",
        expected="no call is open any more",
    )  # fmt: skip
    answer = await calm(route, service)
    lab.require(
        answer is not None, did=f"{route.sample} after that", observed=str(answer or "no answer of 2xx"),
        expected=f"served as before, within {RESUMES:g} s",
    )  # fmt: skip
    if before:
        await _gauges_go_back(lab, service, before, did)


async def _leave(lab: Lab, service: Instance, route: Route, leavers: int) -> _Left:
    """One caller comes and stays, so many come after it and leave. Raises `NotApplicable` if their calls do not come.

    Its call began before theirs. So if nothing closes theirs, its is the first whose time is up: no clock is needed.
    """
    if await calm(route, service) is None:
        raise NotApplicable(f"{route.sample} does not call {route.name} each time, so its calls cannot be watched")
    standin, within = route.standin, 2 * lab.contract.deadline + 1
    standin.forget()
    await standin.behave(hang)
    callers = [asyncio.ensure_future(send(service, route.sample, within=within))]
    try:
        await standin.called(1, within=within)
        callers += [asyncio.ensure_future(send(service, route.sample, within=within)) for _ in range(leavers)]
        if not await standin.called(2, within=within):
            raise NotApplicable(f"{route.name} gets one call at a time, so nobody's can be told from another's")
        await _arrived(route, leavers)
        stayers, *theirs = route.calls()
        for caller in callers[1:]:
            caller.cancel()
        watch = service.stopwatch()
        began = asyncio.get_running_loop().time()
        while stayers.ended is None and asyncio.get_running_loop().time() - began <= within:
            ends = sorted(call.ended for call in theirs if call.ended is not None)
            now = asyncio.get_running_loop().time()
            if 2 * len(ends) > len(theirs) and now - statistics.median(ends) >= SOONER:
                break
            await asyncio.sleep(POLL / 4)
        window = watch.seconds
    finally:
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
    last = asyncio.get_running_loop().time() if stayers.ended is None else stayers.ended
    ended = sum(call.ended is not None and call.ended <= last - SOONER for call in theirs)
    left_alone = await standin.idle(within=within)
    return _Left(leavers=leavers, calls=len(theirs), ended=ended, window=window, left_alone=left_alone)


async def _arrived(route: Route, leavers: int) -> None:
    """Wait until the calls are there, or until no more come: a bulkhead may let only some through."""
    seen = 0
    while len(route.calls()) not in (seen, leavers + 1) and route.calls()[0].ended is None:
        seen = len(route.calls())
        await asyncio.sleep(POLL / 2)


async def _gauges(lab: Lab, service: Instance, route: Route) -> Mapping[Series, float]:
    """The gauges of what is held, in the steady state; empty if the service shows none."""
    if lab.contract.metrics is None or await calm(route, service) is None:
        return {}
    try:
        found = parsed(await service.metrics())
    except MalformedMetrics:  # the check of the metrics says so
        return {}
    return {
        series: value for series, value in found.values.items()
        if found.kind(series[0]) == "gauge" and _HELD.search(series[0].lower())
    }  # fmt: skip


async def _gauges_go_back(lab: Lab, service: Instance, before: Mapping[Series, float], did: str) -> None:
    watch = service.stopwatch()
    while True:
        now = parsed(await service.metrics()).values
        stuck = {series: now[series] for series, value in before.items() if now.get(series, value) > value}
        if not stuck or watch.seconds > lab.contract.deadline:
            break
        await asyncio.sleep(POLL)
    names = sorted({name for name, _ in (stuck or before)})
    lab.expect(
        not stuck, did=f"{did}, then read {lab.contract.metrics}", expected="as before they came",
        observed=f"{', '.join(names)}: {'still higher' if stuck else 'as before'}",
    )  # fmt: skip
