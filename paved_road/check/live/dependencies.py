"""What a service does while what it depends on refuses, hangs, or is gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from paved_road.check.contract.model import Sample
from paved_road.check.live import standin as ways
from paved_road.check.live.lab import POLL, Instance, Lab
from paved_road.check.live.relay import Relay
from paved_road.check.live.standin import Behaviour, StandIn
from paved_road.check.live.steady import (
    LONGEST_POLL,
    KnownSample,
    answer_of,
    answer_to,
    is_good,
    is_in_time,
    observe,
    recovery_limit,
    until_recovered,
)  # fmt: skip
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check
from paved_road.process.ask import Reply

PROBE_SECONDS = 1.0
"""Seconds that a probe may take: the default of Kubernetes (timeoutSeconds)."""


Victim = StandIn | Relay
V = TypeVar("V", StandIn, Relay, Victim)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """One way in which a dependency goes wrong."""

    says: str
    """As in `inventory hangs`."""
    behaviour: Behaviour


def _troubles(lab: Lab, victim: Victim) -> list[Trouble]:
    deadline = lab.contract.deadline
    if isinstance(victim, Relay):
        return [
            Trouble(says="refuses connections", behaviour=ways.refuse),
            Trouble(says="hangs", behaviour=ways.hang),
            Trouble(says="resets the connection", behaviour=ways.reset),
        ]
    late = 2 * (victim.dependency.timeout or deadline)
    return [
        Trouble(says="refuses connections", behaviour=ways.refuse),
        Trouble(says="hangs", behaviour=ways.hang),
        Trouble(says=f"answers after {late:g} s", behaviour=ways.slow(late)),
        Trouble(says="sends one byte at a time", behaviour=ways.drip(0.05, lasting=2 * deadline)),
        Trouble(says="resets the connection in the middle of its answer", behaviour=ways.reset),
        Trouble(says="answers 500", behaviour=ways.status(500)),
        Trouble(says="answers 429 with Retry-After: 30", behaviour=ways.status(429, retry_after="30")),
    ]


@live_check("fallbacks")
async def fallbacks(lab: Lab) -> None:
    """Whatever one dependency that is not critical does, the samples are answered with 2xx within the deadline.

    Raises `NotApplicable` if every dependency is critical, or no sample calls one that is not.
    """
    if not lab.victims(critical=False):
        raise NotApplicable("every dependency of the run contract is critical, so none can be done without")
    async with lab.service() as service:
        known = await observe(lab, service)
        for victim, callers in calling(lab.victims(critical=False), known):
            for trouble in _troubles(lab, victim):
                await hurt(lab, service, victim, callers, trouble)


def calling(victims: Sequence[V], known: Sequence[KnownSample]) -> list[tuple[V, list[KnownSample]]]:
    """Each dependency with the samples that call it. Raises `NotApplicable` if no sample calls any of them."""
    pairs = [(each, [one for one in known if each.dependency.name in one.calls]) for each in victims]
    if not any(callers for _, callers in pairs):
        names = ", ".join(each.dependency.name for each in victims)
        raise NotApplicable(f"no sample request makes the service call {names}: add one that does (sample)")
    return [(each, callers) for each, callers in pairs if callers]


async def hurt(
    lab: Lab, service: Instance, victim: Victim, callers: Sequence[KnownSample], trouble: Trouble,
    noticed: Callable[[], Awaitable[str]] | None = None,
) -> bool:  # fmt: skip
    """Hurt the service in one way, and see that it answers, stays ready, and is as before afterwards.

    `noticed` waits for a sign in its metrics or log, and says which it is, or "" if none comes. Returns whether the
    service can have seen the trouble. Raises `PromiseBroken` if it does not recover: what comes after says nothing.
    """
    name = victim.dependency.name
    limit, expected = lab.contract.deadline, f"2xx within {lab.contract.deadline:g} s"
    victim.forget()
    await victim.behave(trouble.behaviour)
    answers = [(known, await answer_to(service, known.sample, limit=limit)) for known in callers]
    reached = trouble.behaviour is ways.refuse or bool(victim.calls)
    ready = await answer_of(service, service.probe(lab.contract.ready), limit=PROBE_SECONDS)
    sign = await noticed() if noticed and reached else None
    await victim.recover()
    took = [await until_recovered(service, known, reply, within=recovery_limit(lab)) for known, reply in answers]
    for (known, reply), seconds in zip(answers, took, strict=True):
        seen = str(reply)
        if is_good(reply):
            seen += ", degraded" if known.is_changed(reply) else ", the same answer"
        seen += "" if reached else f" ({name} was not asked)"
        if seconds is not None:
            seen += f"; as before {seconds:.2f} s after {name} recovered"
        seen += f"; noticed: {sign}" if sign else ""
        lab.expect(
            is_good(reply) and is_in_time(reply, limit), did=f"{known} while {name} {trouble.says}", observed=seen,
            expected=expected, excerpt=reply.text[:300], seconds=reply.seconds,
        )  # fmt: skip
    if ready.status != 200:
        lab.expect(
            ready.status == 200, did=f"GET {lab.contract.ready} while {name} {trouble.says}", observed=str(ready),
            expected=f"200: {name} is not critical", excerpt=ready.text[:300],
        )  # fmt: skip
    if sign == "":
        lab.expect(
            sign != "", did=f"read the metrics and the log after {name} {trouble.says}", observed="nothing new",
            expected="a metric that counts it or a line that tells of it",
        )  # fmt: skip
    if None in took:
        known, _ = answers[took.index(None)]
        lab.require(
            None not in took, did=f"{known} after {name}, which {trouble.says}, is healthy again",
            observed=f"still not as before after {recovery_limit(lab):g} s", expected="the answer as before",
            excerpt=service.process.said[-500:],
        )  # fmt: skip
    return reached


@live_check("critical-services-only")
async def critical_services_only(lab: Lab) -> None:
    """With every dependency that is not critical dead at once, the service starts, is ready, and serves.

    Raises `NotApplicable` if every dependency is critical.
    """
    if not lab.victims(critical=False):
        raise NotApplicable("every dependency of the run contract is critical, so none can be done without")
    victims = lab.victims(critical=False)
    names = " and ".join(each.dependency.name for each in victims)
    lost = {each.dependency.env: each.address.replace("127.0.0.1", "name.invalid") for each in victims}
    await _all(victims, ways.refuse)
    instances = [
        (await lab.start(), f"while {names} refused connections"),
        (await lab.start(settings=lost), f"with names of {names} that do not resolve"),
    ]
    try:
        started = await asyncio.gather(*(_starts(lab, instance, how) for instance, how in instances))
        await _all(victims, ways.healthy)
        if not all(started):
            async with lab.service():  # unless it does not run at all, which is another matter
                return
        service, _ = instances[0]
        await lab.steady(service)
        for behaviour, one, all_of_them in (
            (ways.refuse, "refuses connections", "refuse connections, all at once"),
            (ways.hang, "hangs", "hang, all at once"),
        ):  # fmt: skip
            when = f"while {names} {all_of_them if len(victims) > 1 else one}"
            await _all(victims, behaviour)
            for sample in lab.contract.samples:
                await _serves(lab, service, sample, when)
            await _still_ready(lab, service, when)
    finally:
        for instance, _ in instances:
            await instance.process.stop()


async def _all(victims: Sequence[Victim], behaviour: Behaviour) -> None:
    for victim in victims:
        await victim.behave(behaviour)


async def _starts(lab: Lab, instance: Instance, how: str) -> bool:
    limit = lab.contract.ready_within
    seconds = await instance.until(ready=True, within=limit)
    observed = _said("ready", seconds)
    if instance.process.code is not None:
        observed = f"it ended with exit code {instance.process.code}"
    lab.expect(
        seconds is not None, did=f"started it {how}", observed=observed, expected=f"ready within {limit:g} s",
        excerpt=instance.process.said[-500:],
    )  # fmt: skip
    for sample in lab.contract.samples if seconds is not None else ():
        await _serves(lab, instance, sample, f"to the instance that was started {how}")
    return seconds is not None


async def _serves(lab: Lab, instance: Instance, sample: Sample, when: str) -> None:
    limit = lab.contract.deadline
    reply = await answer_to(instance, sample, limit=limit)
    lab.expect(
        is_good(reply) and is_in_time(reply, limit), did=f"{sample} {when}", observed=str(reply),
        expected=f"2xx within {limit:g} s", excerpt=reply.text[:300], seconds=reply.seconds,
    )  # fmt: skip


async def _still_ready(lab: Lab, instance: Instance, when: str) -> None:
    reply = await answer_of(instance, instance.probe(lab.contract.ready), limit=PROBE_SECONDS)
    lab.expect(
        reply.status == 200, did=f"GET {lab.contract.ready} {when}", observed=str(reply),
        expected="200: none of them is critical", excerpt=reply.text[:300],
    )  # fmt: skip


@live_check("critical-dependency-down")
async def critical_dependency_down(lab: Lab) -> None:
    """Without a critical dependency the service is unready but live, answers quickly, and recovers by itself.

    Raises `NotApplicable` if no dependency is critical.
    """
    if not lab.victims(critical=True):
        raise NotApplicable("no dependency of the run contract is critical")
    async with lab.service() as service:
        known = await observe(lab, service) if lab.contract.samples else []
        for victim in lab.victims(critical=True):
            callers = [one for one in known if victim.dependency.name in one.calls]
            for trouble in _troubles(lab, victim)[:2]:
                await _take_away(lab, service, victim, callers, trouble)


async def _take_away(
    lab: Lab, service: Instance, victim: Victim, callers: Sequence[KnownSample], trouble: Trouble
) -> None:
    name, deadline, limit = victim.dependency.name, lab.contract.deadline, recovery_limit(lab)
    down, recovered = f"while {name} {trouble.says}", f"once {name} is healthy again"
    async with _staying_live(lab, service, f"from when {name} {trouble.says} until it has recovered"):
        await victim.behave(trouble.behaviour)
        seconds = await _until(service, ready=False, within=3 * deadline, meanwhile=callers)
        lab.require(
            seconds is not None, did=f"GET {lab.contract.ready} {down}", observed=_said("unready", seconds),
            expected=f"unready within {3 * deadline:g} s, three times the deadline",
        )  # fmt: skip
        for one in callers:
            reply = await answer_to(service, one.sample, limit=deadline)
            lab.expect(
                0 < reply.status != 500 and is_in_time(reply, deadline), did=f"{one} {down}", observed=str(reply),
                expected=f"an answer such as 503 within {deadline:g} s, and no unhandled error (500)",
                excerpt=reply.text[:300], seconds=reply.seconds,
            )  # fmt: skip
        await victim.recover()
        seconds = await _until(service, ready=True, within=limit)
        lab.require(
            seconds is not None, did=f"GET {lab.contract.ready} {recovered}", observed=_said("ready", seconds),
            expected=f"ready within {limit:g} s, without a restart", excerpt=service.process.said[-500:],
        )  # fmt: skip
        for one in callers:
            seconds = await until_recovered(service, one, Reply(), within=limit)
            lab.require(
                seconds is not None, did=f"{one} {recovered}", observed=_said("as before", seconds),
                expected=f"2xx again within {limit:g} s, without a restart", excerpt=service.process.said[-500:],
            )  # fmt: skip


def _said(state: str, seconds: float | None) -> str:
    return f"never {state}" if seconds is None else f"{state} after {seconds:.2f} s"


async def _until(
    service: Instance, *, ready: bool, within: float, meanwhile: Sequence[KnownSample] = ()
) -> float | None:
    """Wait until a platform takes it for ready, or not. The fair seconds that it took; None if it took longer.

    A probe that takes longer than a platform waits says unready. The requests meanwhile are for breakers that open
    only when somebody calls.
    """
    watch, pause = service.stopwatch(), POLL
    while True:
        reply, *_ = await asyncio.gather(
            answer_of(service, service.probe(service.contract.ready), limit=PROBE_SECONDS),
            *(answer_to(service, one.sample, limit=service.contract.deadline) for one in meanwhile[:1]),
        )
        seconds = watch.seconds
        if (reply.status == 200 and reply.seconds <= PROBE_SECONDS) is ready:
            return seconds if seconds <= within else None
        if seconds > within or service.process.code is not None:
            return None
        await asyncio.sleep(pause)
        pause = min(LONGEST_POLL, pause * 1.5)


@contextlib.asynccontextmanager
async def _staying_live(lab: Lab, service: Instance, when: str) -> AsyncIterator[None]:
    """Ask the liveness probe all the time, and tell how it went."""
    replies: list[Reply] = []

    ended = asyncio.Event()

    async def ask() -> None:
        while not ended.is_set():
            replies.append(await answer_of(service, service.probe(lab.contract.live), limit=PROBE_SECONDS))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), 0.1)

    asking = asyncio.ensure_future(ask())
    try:
        yield
    finally:
        ended.set()
        await asking
        bad = [reply for reply in replies if reply.status != 200 or reply.seconds > PROBE_SECONDS]
        lab.expect(
            bool(replies) and not bad and service.process.code is None, did=f"GET {lab.contract.live} {when}",
            observed=f"{bad[0]} {bad[0].text[:80]}" if bad else f"200 each time of {len(replies)}",
            expected=f"200 within {PROBE_SECONDS:g} s each time: a restart heals no dependency",
        )  # fmt: skip
