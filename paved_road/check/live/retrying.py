"""How a service repeats calls that failed: few times, not at once, and not where that does harm."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

from paved_road.check.live.calls import Route, calm, one_each, routes
from paved_road.check.live.lab import Instance, Lab
from paved_road.check.live.standin import Behaviour, StandIn, hang_up, healthy, reset, status
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check
from paved_road.process.ask import Connection
from paved_road.process.listen import Exchange
from paved_road.text.counts import counted

MOST_ATTEMPTS = 4
"""For one call, where the contract states no number. Google SRE and the AWS SDKs make 3."""
CLIENT_ERRORS = 400, 404, 422
"""Statuses that the same request gets again. Not 408, 425 and 429, which ask for a later try, nor 401 and 409, after
which a client may come back with a new token or a new version."""
PAUSED = 12
"""How many failed calls tell how long the service waits before it tries again."""
WARM_UP = 60
"""Requests while all is well before calls fail, so that a retry budget of 10 % of the calls has something to give."""
AT_ONCE = 0.005
"""Seconds: a retry that comes sooner has not waited."""
IN_STEP = 0.04
"""Pauses whose middle half differs by no more than this share have no jitter. With +-10 % it is 10 %."""
ENOUGH = 6
"""Pauses with which it can be told whether they differ."""
ROUNDS = 3
"""How often they are measured, at most, when they look as if nobody waited."""
RETRY_AFTER = 1
"""Seconds that the dependency asks for."""
STORM = 1000
"""Requests against dead dependencies."""
CALLERS = 20
AMPLIFIED = 2.0
"""Calls for each request from which on the retries are a second outage."""
STRAY = 1.05
"""What a probe of the dependency now and then may add."""
LONGEST_STORM = 20.0
"""Fair seconds after which enough has been seen."""


@live_check("bounded-retries", alone=True)  # it measures how evenly calls come
async def bounded_retries(lab: Lab) -> None:
    """Seen from a failing dependency, calls are repeated a few times, after a pause, and only where that is right."""
    async with lab.service() as service:
        for route in one_each(await routes(lab, service)):
            if route.idempotent:
                await _warm_up(lab, service, route)
            retries = await _few_attempts(lab, service, route)
            await _none_after_client_errors(lab, service, route)
            if route.idempotent and route.times == 1 and retries:
                await _as_late_as_asked(lab, service, route)
                await _pauses(lab, service, route)


async def _warm_up(lab: Lab, service: Instance, route: Route) -> None:
    """Healthy traffic, so that a retry budget has something to give."""
    await _reached(route, service)
    await _repeat(lambda connection: _ask(connection, lab, route), service, WARM_UP, 8)


async def _few_attempts(lab: Lab, service: Instance, route: Route) -> bool:
    """Whether it retries at all."""
    stated = route.standin.dependency.attempts
    if route.idempotent:
        limit = stated or MOST_ATTEMPTS
        source = f"dependencies.{route.name}.attempts in the run contract" if stated else "the contract states none"
        expected = f"at most {limit} attempts ({source})"
        code = 503
    else:
        limit, code = 1, 500
        expected = f"one attempt: a {route.method} without an idempotency key must not be repeated"
    most = 0
    behaviours: list[tuple[str, Behaviour]] = [
        (f"answers {code}", status(code)), ("resets its connections in the middle of an answer", reset),
    ]  # fmt: skip
    for behaves, behaviour in behaviours:
        attempts = await _attempts(lab, service, route, behaviour)
        most = max(most, attempts)
        lab.require(
            attempts <= limit * route.times, did=f"{route.sample} while {route.name} {behaves}",
            observed=_told(attempts, route), expected=expected,
        )  # fmt: skip
    return most > route.times


async def _none_after_client_errors(lab: Lab, service: Instance, route: Route) -> None:
    for code in CLIENT_ERRORS:
        attempts = await _attempts(lab, service, route, status(code))
        lab.require(
            attempts <= route.times, did=f"{route.sample} while {route.name} answers {code}",
            observed=_told(attempts, route), expected="one attempt: the same request gets the same answer",
        )  # fmt: skip


def _told(attempts: int, route: Route) -> str:
    return f"{attempts} {'attempt' if attempts == 1 else 'attempts'} of {route}"


async def _attempts(lab: Lab, service: Instance, route: Route, behaviour: Behaviour) -> int:
    """How often one request makes the call. Raises `NotApplicable` if it does not make it each time."""
    await _reached(route, service)
    await route.standin.behave(behaviour)
    await service.ask(route.sample, within=2 * lab.contract.deadline + 1)
    await route.standin.idle()
    return route.attempts()


async def _reached(route: Route, service: Instance) -> None:
    if await calm(route, service) is None:
        raise NotApplicable(f"{route.sample} does not call {route.name} each time, so its calls cannot be counted")
    route.standin.forget()


def at_once(pauses: Sequence[float]) -> bool:
    """Whether retries that came after these seconds have not waited: all but one, if they are enough."""
    spared = 1 if len(pauses) >= ENOUGH else 0
    return sorted(pauses)[-1 - spared] < AT_ONCE


def in_step(pauses: Sequence[float]) -> bool:
    """Whether the pauses are too much alike to be random: the middle half of them, if they are enough."""
    if len(pauses) < ENOUGH:
        return False
    low, middle, high = statistics.quantiles(pauses)
    return high - low <= IN_STEP * middle


async def _pauses(lab: Lab, service: Instance, route: Route) -> None:
    """Retries wait, and not all for the same time.

    The clock's time is what counts here. A busy machine can only make a pause longer and less even, so what looks as
    if nobody waited is always so. It can hide a fault, which is why a suspicion is looked at again.
    """
    for _ in range(ROUNDS):
        pauses = await _measured_pauses(lab, service, route)
        if not pauses:
            return  # as it was seen to retry, its retry budget is spent
        if at_once(pauses) or sum(pause < AT_ONCE for pause in pauses) < len(pauses) / 3:
            break
    shown = ", ".join(f"{pause * 1000:.0f}" for pause in pauses)
    did = f"{counted(len(pauses), 'retry', 'retries')} of {route} after a 503 of {route.name}"
    lab.expect(
        not at_once(pauses), did=did, observed=f"they came after {shown} ms",
        expected=f"a pause before each retry (more than {AT_ONCE * 1000:.0f} ms for at least some)",
    )  # fmt: skip
    if not at_once(pauses):
        lab.expect(
            not in_step(pauses), did=did, observed=f"they came after {shown} ms",
            expected="pauses of different lengths (jitter), or many callers retry at the same moment",
        )  # fmt: skip


async def _measured_pauses(lab: Lab, service: Instance, route: Route) -> list[float]:
    """Seconds from failed attempts to the next one, sorted."""
    await _warm_up(lab, service, route)
    pauses = []
    for _ in range(PAUSED):
        route.standin.forget()
        failing = _FailsFirst(route)
        await route.standin.behave(failing)
        await service.ask(route.sample, within=2 * lab.contract.deadline + 1)
        await route.standin.idle()
        if failing.pause is not None:
            pauses.append(failing.pause)
    await route.standin.recover()
    return sorted(pauses)


class _FailsFirst:
    """Answers 503 to the first call of a route, and measures how long the next one takes to come."""

    def __init__(self, route: Route) -> None:
        self._route, self._numbers, self._failed = route, itertools.count(1), 0.0
        self.pause: float | None = None

    async def __call__(self, standin: StandIn, exchange: Exchange) -> None:
        if exchange.call not in self._route.calls():
            await healthy(standin, exchange)
            return
        number = next(self._numbers)
        if number == 1:
            self._failed = time.monotonic()
            await exchange.answer(503, {"error": "seeded"})
            return
        if number == 2:
            self.pause = exchange.call.began - self._failed
        await healthy(standin, exchange)


async def _as_late_as_asked(lab: Lab, service: Instance, route: Route) -> None:
    """A dependency that says when to come again is not asked before."""
    for code in (429, 503):
        await _reached(route, service)
        await route.standin.behave(status(code, retry_after=str(RETRY_AFTER)))
        await service.ask(route.sample, within=2 * lab.contract.deadline + 1)
        await route.standin.idle()
        calls = route.calls()
        pauses = [after.began - (before.ended or before.began) for before, after in itertools.pairwise(calls)]
        came = f"it retried after {', '.join(f'{pause:.2f}' for pause in pauses)} s" if pauses else "it did not retry"
        lab.expect(
            all(pause >= 0.95 * RETRY_AFTER for pause in pauses), observed=came,
            did=f"{route.sample} while {route.name} answers {code} with Retry-After: {RETRY_AFTER}",
            expected=f"no retry within {RETRY_AFTER} s",
        )  # fmt: skip
    await route.standin.recover()


# -- many at once ------------------------------------------------------------------------------------------------------


@live_check("retry-storm", alone=True)
async def retry_storm(lab: Lab) -> None:
    """A thousand requests that need a dead dependency do not become several thousand calls to it.

    Raises `NotApplicable` if the requests do not reach it.
    """
    async with lab.service() as service:
        found = one_each(await routes(lab, service))
        for route in found:
            await _reached(route, service)
            sent = 0
            half = max(1, STORM // (2 * len(found)))
            for behaves, behaviour in (("answers 503", status(503)), ("resets each connection", hang_up)):
                route.standin.forget()
                before = route.standin.connections
                await route.standin.behave(behaviour)
                requests = await _storm(lab, service, route, half, before if behaviour is hang_up else None)
                calls = _seen(route, before if behaviour is hang_up else None)
                sent += calls
                each = calls / (requests * route.times)
                lab.require(
                    each <= AMPLIFIED * STRAY, did=f"{requests} x {route.sample} while {route.name} {behaves}",
                    observed=f"{calls} calls reached {route.name}, {each:.2f} for each request",
                    expected=f"at most {AMPLIFIED:g} for each (1.1 with a retry budget of 10 %, less with a breaker)",
                )  # fmt: skip
            if not sent:
                raise NotApplicable(f"{route.sample} does not call {route.name} each time, so nothing can be counted")
            await route.standin.recover()


def _seen(route: Route, connections: int | None) -> int:
    """How many attempts there were; with `connections`, those that were reset before a request came count too."""
    return len(route.calls()) + (0 if connections is None else route.standin.connections - connections)


async def _storm(lab: Lab, service: Instance, route: Route, requests: int, connections: int | None) -> int:
    """Send the requests, until far too many calls have come of them. How many requests were sent."""
    watch = service.stopwatch()
    sent = 0

    async def one(connection: Connection) -> bool:
        nonlocal sent
        if sent % 50 == 49 and watch.seconds > LONGEST_STORM:
            return False
        if _seen(route, connections) > 2 * AMPLIFIED * requests * route.times:
            return False
        sent += 1
        return await _ask(connection, lab, route)

    await _repeat(one, service, requests, CALLERS)
    return sent


async def _ask(connection: Connection, lab: Lab, route: Route) -> bool:
    sample = route.sample
    await connection.ask(
        sample.method, sample.target, headers={**lab.contract.headers, **sample.headers}, body=sample.body,
        within=2 * lab.contract.deadline + 1,
    )  # fmt: skip
    return True


async def _repeat(one: Callable[[Connection], Awaitable[bool]], service: Instance, times: int, callers: int) -> None:
    """Call a function so often, by so many callers at once, each with a connection; stop as soon as it says no."""
    numbers = iter(range(times))

    async def caller() -> None:
        async with Connection(service.port) as connection:
            for _ in numbers:
                if not await one(connection):
                    return

    await asyncio.gather(*(caller() for _ in range(callers)))
