"""A dependency that is in trouble is left alone, and takes nothing with it that does not need it."""

from __future__ import annotations

import asyncio
import functools
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from paved_road.check.contract.model import Sample
from paved_road.check.live.calls import RESUMES, Route, calm, one_each, routes, send
from paved_road.check.live.lab import POLL, Instance, Lab
from paved_road.check.live.standin import StandIn, hang, slow, status
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check
from paved_road.process.ask import Reply

BATCH = 50
"""Requests after which is looked how many have reached the dependency."""
BATCHES = 8
"""After so many batches of failed requests, calls have stopped or will not. A breaker counts 20 (Hystrix) to 100
(resilience4j) calls before it opens by default."""
STOPPED = 0.2
"""The share of requests that may still reach the dependency."""
AT_ONCE = 5
"""Callers in a batch: too few for a bulkhead to have a say."""
HERD = 20
"""Callers that wait for the dependency when it recovers."""
PROBES = 10
"""Calls that may be made before the first of them is answered. Hystrix, Polly and gobreaker let one through,
resilience4j ten."""
PACE = 0.2
"""Seconds between two looks at whether calls have begun again."""

CROWD = 200
"""Requests at once that need the dependency that hangs."""
IN_FLIGHT = CROWD // 2
"""How many of them may wait at the dependency. The pools of HTTP libraries end at 100 or before, where they end."""
PROMPT = 1.0
"""Fair seconds: what Kubernetes gives a probe by default (`timeoutSeconds`)."""
ASKED = 3
"""How often each question is asked while the dependency hangs; most of the answers decide."""
ROUNDS = 2
"""How often a late answer is looked for before it counts: a fault is there each time, a busy moment is not."""


# -- circuit breaker ---------------------------------------------------------------------------------------------------


@live_check("circuit-breaker")
async def circuit_breaker(lab: Lab) -> None:
    """Calls to a dependency that keeps failing stop, and begin again carefully after it has recovered."""
    async with lab.service() as service:
        for route in one_each(await routes(lab, service)):
            await _reached(route, service)
            await _calls_stop(lab, service, route)
            await _calls_resume(lab, service, route)


async def _calls_stop(lab: Lab, service: Instance, route: Route) -> None:
    await route.standin.behave(status(503))
    counts = list[int]()
    for _ in range(BATCHES):
        route.standin.forget()
        await _batch(lab, service, route)
        counts.append(len(route.calls()))
        if counts[-1] <= STOPPED * BATCH * route.times:
            break
    said = ", ".join(map(str, counts))
    lab.require(
        counts[-1] <= STOPPED * BATCH * route.times,
        did=f"{BATCH * len(counts)} x {route.sample} while {route.name} answers 503",
        observed=f"calls that reached {route.name}, for each {BATCH} requests: {said}",
        expected=f"after at most {BATCH * (BATCHES - 1)} requests, calls stop: {STOPPED * BATCH:g} or fewer of {BATCH}",
    )  # fmt: skip


async def _batch(lab: Lab, service: Instance, route: Route) -> None:
    numbers = iter(range(BATCH))

    async def caller() -> None:
        for _ in numbers:
            await send(service, route.sample, within=2 * lab.contract.deadline + 1)

    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))


async def _calls_resume(lab: Lab, service: Instance, route: Route) -> None:
    """Many wait while the dependency recovers: a few try it, the others follow when it has answered."""
    timeout = route.standin.dependency.timeout or 1.0
    await route.standin.behave(slow(min(0.1, timeout / 3)))
    watch = service.stopwatch()
    route.standin.forget()
    tried, resumed = None, False
    while not resumed and watch.seconds <= RESUMES:
        before = len(route.calls())
        within = 2 * lab.contract.deadline + 1
        await asyncio.gather(*(send(service, route.sample, within=within) for _ in range(HERD)))
        calls = route.calls()
        if tried is None and calls:
            ends = [call.ended for call in calls if call.ended is not None]
            tried = sum(call.began < min(ends) for call in calls) if ends else len(calls)
        resumed = len(calls) - before >= HERD * route.times // 2
        if not resumed:
            await asyncio.sleep(PACE)
    did = f"{HERD} callers of {route.sample} when {route.name} has recovered"
    lab.require(
        resumed, did=did, seconds=watch.seconds, observed=f"calls {'began' if resumed else 'did not begin'} again",
        expected=f"calls within {RESUMES:g} s, without a restart",
    )  # fmt: skip
    lab.expect(
        tried is not None and tried <= PROBES * route.times, did=did,
        observed=f"{tried} calls were made before the first was answered",
        expected=f"a few try whether it works, at most {PROBES} at once",
    )  # fmt: skip
    await route.standin.recover()


# -- bulkhead ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bystander:
    """Something that does not need the dependency that hangs."""

    name: str
    ask: Callable[[], Awaitable[Reply]]
    steady: Reply
    """The answer when nothing hangs."""

    @property
    def limit(self) -> float:
        """Fair seconds in which it must be answered."""
        return max(PROMPT, 5 * self.steady.seconds)

    def holds(self, answers: Sequence[Reply]) -> bool:
        """Whether the answers are as in the steady state, but for an accident."""
        late = [each for each in answers if each.status != self.steady.status or each.seconds > self.limit]
        return 2 * len(late) <= ASKED


@dataclass(frozen=True, kw_only=True, slots=True)
class _Crowded:
    """What was seen while many requests waited for a dependency."""

    answers: dict[str, list[Reply]]
    prompt: dict[str, bool]
    most: int
    """Calls at the dependency at once."""
    left_alone: bool
    """Whether no call was there any more in the end."""


@live_check("bulkhead", alone=True)
async def bulkhead(lab: Lab) -> None:
    """While one dependency hangs under load, what does not need it is answered as before, and few calls wait for it."""
    async with lab.service() as service:
        found = await routes(lab, service)
        first, *rest = dict.fromkeys(route.name for route in found)
        await _stays_apart(lab, service, first, found)
    for name in rest:
        async with lab.service() as service:
            await _stays_apart(lab, service, name, found)


async def _stays_apart(lab: Lab, service: Instance, name: str, found: Sequence[Route]) -> None:
    route = next(route for route in found if route.name == name)
    needing = {id(each.sample) for each in found if each.name == route.name}
    others = [sample for sample in lab.contract.samples if id(sample) not in needing]
    questions = await _questions(lab, service, others)
    await _reached(route, service)
    for again in range(ROUNDS):
        if again and await calm(route, service) is None:
            break  # it did not recover from the first round, which counts
        route.standin.forget()
        crowded = await _crowd(lab, service, route, questions)
        await route.standin.recover()
        if all(crowded.prompt.values()):  # the rest is no matter of time
            break
    did = f"{CROWD} x {route.sample} at once while {route.name} hangs"
    for question in questions:
        answers = crowded.answers[question.name]
        lab.expect(
            crowded.prompt[question.name], did=f"{question.name} during {did}",
            observed=", ".join(map(str, answers)), seconds=statistics.median(answer.seconds for answer in answers),
            expected=f"{question.steady.status} within {question.limit:.1f} s, as without load",
        )  # fmt: skip
    lab.expect(
        crowded.most <= IN_FLIGHT, did=did, observed=f"{crowded.most} calls waited at {route.name} at once",
        expected=f"a limit of its own on the calls to {route.name}: at most {IN_FLIGHT}",
    )  # fmt: skip
    lab.expect(
        crowded.left_alone, did=f"{did}, and all callers left",
        observed=f"{'no call was' if crowded.left_alone else 'calls were still'} open at {route.name} afterwards",
        expected="no call is open any more",
    )  # fmt: skip


async def _questions(lab: Lab, service: Instance, others: Sequence[Sample]) -> list[_Bystander]:
    within = max(5 * PROMPT, lab.contract.deadline)

    async def question(name: str, ask: Callable[[], Awaitable[Reply]]) -> _Bystander:
        return _Bystander(name=name, ask=ask, steady=await ask())

    asked = [
        await question(str(sample), functools.partial(service.ask, sample, within=within)) for sample in others
    ]  # fmt: skip
    return asked + [
        await question(f"GET {path}", functools.partial(service.probe, path, within=within))
        for path in (lab.contract.live, lab.contract.metrics)
        if path is not None
    ]


async def _crowd(lab: Lab, service: Instance, route: Route, questions: Sequence[_Bystander]) -> _Crowded:
    """Send many requests at once, and ask the questions while they wait."""
    within = 2 * lab.contract.deadline + 1
    await route.standin.behave(hang)
    crowd = [asyncio.ensure_future(send(service, route.sample, within=within)) for _ in range(CROWD)]
    try:
        await route.standin.called(1, within=within)
        await _settled(route.standin)
        answers: dict[str, list[Reply]] = {question.name: [] for question in questions}
        for _ in range(ASKED):
            for question in questions:
                answers[question.name].append(await question.ask())
            if any(not question.holds(answers[question.name]) for question in questions):
                break  # each further question may take as long again
    finally:
        for caller in crowd:
            caller.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
    prompt = {each.name: each.holds(answers[each.name]) for each in questions}
    left_alone = await route.standin.idle(within=within)
    return _Crowded(answers=answers, prompt=prompt, most=route.standin.most_in_flight, left_alone=left_alone)


async def _settled(standin: StandIn) -> None:
    """Wait until no more calls come, for a moment at most: they do not wait for ever either."""
    seen = -1
    for _ in range(20):
        if len(standin.calls) == seen:
            return
        seen = len(standin.calls)
        await asyncio.sleep(POLL)


async def _reached(route: Route, service: Instance) -> None:
    if await calm(route, service) is None:
        raise NotApplicable(f"{route.sample} does not call {route.name} each time, so nothing can be counted there")
    route.standin.forget()
