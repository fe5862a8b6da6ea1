"""Calls end in time: because a dependency hangs, and because the caller said how long it waits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from paved_road.check.live.calls import Route, calm, one_each, routes
from paved_road.check.live.lab import Instance, Lab
from paved_road.check.live.standin import Behaviour, hang, trickle
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check
from paved_road.process.ask import Reply

ROUNDS = 3
"""How often something that a clock tells is tried before it counts as a fault: a fault is there each time, a machine
that was busy for a moment is not."""
CALLERS_DEADLINE = 300
"""Milliseconds that the caller says it waits."""
LATEST = 0.5
"""Fair seconds in which a caller that waits 0.3 s must have its answer."""
BEHAVIOURS: tuple[tuple[str, Behaviour], ...] = (
    ("accepts requests and never answers", hang),
    ("sends a byte now and then and never ends", trickle(0.05)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hurt:
    """One request to the service while its dependency does not answer."""

    answer: Reply
    longest: float
    """Seconds that its longest call was at the dependency."""
    busy: float
    """Of these, those in which the machine was too busy to run the service."""
    calls: int
    closed: bool
    """Whether every call was closed at last."""

    def open_for(self, limit: float) -> float:
        """Seconds that its longest call was there: by the clock if that is within the limit, else fair ones."""
        return self.longest if self.longest <= limit else max(limit, self.longest - self.busy)

    @property
    def never_ends(self) -> bool:
        """Whether no clock is needed to see that something is wrong."""
        return not self.closed or not self.answer.status


@live_check("timeouts")
async def timeouts(lab: Lab) -> None:
    """Seen from a dependency that does not answer, each call is given up in time, and the caller gets an answer."""
    async with lab.service() as service:
        for route in one_each(await routes(lab, service)):
            for behaves, behaviour in BEHAVIOURS:
                await _gives_up(lab, service, route, behaves, behaviour)


async def _gives_up(lab: Lab, service: Instance, route: Route, behaves: str, behaviour: Behaviour) -> None:
    deadline, stated = lab.contract.deadline, route.standin.dependency.timeout
    limit = deadline if stated is None else min(deadline, stated)
    for _ in range(ROUNDS):
        hurt = await _ask_while(service, route, behaviour, deadline)
        in_time = bool(hurt.answer.status) and hurt.answer.seconds <= _tolerated(deadline)
        closed = hurt.closed and hurt.longest - hurt.busy <= _tolerated(limit)
        if (in_time and closed) or hurt.never_ends:
            break
    did = f"{route.sample} while {route.name} {behaves}"
    lab.require(
        in_time, did=did, seconds=hurt.answer.seconds,
        observed=str(hurt.answer) if hurt.answer.status else f"no answer within {hurt.answer.seconds:.1f} s",
        expected=f"an answer within {deadline:g} s (deadline in the run contract)",
    )  # fmt: skip
    seconds = hurt.open_for(limit)
    until = f"{seconds:.2f} s" if hurt.closed else f"more than {seconds:.1f} s"
    source = "deadline" if stated is None or deadline < stated else f"dependencies.{route.name}.timeout"
    lab.require(
        closed, did=did, observed=f"the service held a call ({route}) open for {until}",
        expected=f"every call closed within {limit:g} s ({source} in the run contract)", seconds=seconds,
    )  # fmt: skip


async def _ask_while(
    service: Instance, route: Route, behaviour: Behaviour, deadline: float, headers: dict[str, str] | None = None
) -> _Hurt:
    """Ask the route's sample while its dependency behaves badly, and wait until the dependency is left alone.

    Raises `NotApplicable` if the request does not reach the dependency.
    """
    if await calm(route, service) is None:
        raise NotApplicable(f"{route.sample} does not call {route.name} each time, so its calls cannot be watched")
    patience = 2 * deadline + 1
    route.standin.forget()
    await route.standin.behave(behaviour)
    watch = service.stopwatch()
    began = asyncio.get_running_loop().time()
    sample = replace(route.sample, headers={**route.sample.headers, **(headers or {})})
    answer = await service.ask_fairly(sample, within=patience)
    closed = await route.standin.idle(within=max(0.5, patience - answer.seconds))
    now = asyncio.get_running_loop().time()
    busy = max(0.0, now - began - watch.seconds)
    calls = route.calls()
    longest = max(((now if call.ended is None else call.ended) - call.began for call in calls), default=0.0)
    return _Hurt(answer=answer, longest=longest, busy=busy, calls=len(calls), closed=closed)


def _tolerated(seconds: float) -> float:
    """A limit with what timers and the last bytes take."""
    return seconds * 1.25 + 0.25


@live_check("deadline-propagation")
async def deadline_propagation(lab: Lab) -> None:
    """A caller that waits only so long gets its answer by then, and the dependency hears how much time is left.

    Raises `NotApplicable` where callers cannot say it.
    """
    header = lab.contract.deadline_header
    if header is None:
        raise NotApplicable(
            "the run contract names no header with which a caller says how many milliseconds it waits; "
            "where the service knows one, add it: deadline_header: x-request-timeout-ms"
        )
    async with lab.service() as service:
        for route in one_each(await routes(lab, service)):
            await _hurries(lab, service, route, header)


async def _hurries(lab: Lab, service: Instance, route: Route, header: str) -> None:
    headers = {header: str(CALLERS_DEADLINE)}
    for _ in range(ROUNDS):
        hurt = await _ask_while(service, route, hang, lab.contract.deadline, headers)
        answered = bool(hurt.answer.status) and hurt.answer.seconds <= LATEST
        closed = hurt.closed and hurt.longest - hurt.busy <= LATEST
        if (hurt.calls and answered and closed) or hurt.never_ends:
            break
    if not hurt.calls and answered:
        raise NotApplicable(f"within {CALLERS_DEADLINE} ms, {route.sample} does not get as far as {route.name}")
    did = f"{route.sample} with {header}: {CALLERS_DEADLINE}, while {route.name} hangs"
    lab.expect(
        answered, did=did, observed=str(hurt.answer), seconds=hurt.answer.seconds,
        expected=f"an answer in about {CALLERS_DEADLINE / 1000:g} s, {LATEST:g} s at the latest",
    )  # fmt: skip
    seconds = hurt.open_for(LATEST)
    lab.expect(
        closed, did=did, seconds=seconds, expected=f"every call closed by then, {LATEST:g} s at the latest",
        observed=f"the longest call ({route}) was {'open' if hurt.closed else 'still open after'} {seconds:.2f} s",
    )  # fmt: skip
    said = [call.headers.get(header.lower(), "") for call in route.calls()]
    lab.expect(
        all(value.isascii() and value.isdigit() and int(value) <= CALLERS_DEADLINE for value in said), did=did,
        observed=f"the calls to {route.name} carried {header}: {', '.join(value or 'nothing' for value in said)}",
        expected=f"each carries what is left, at most {CALLERS_DEADLINE}",
    )  # fmt: skip
