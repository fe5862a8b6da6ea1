"""How a service stops: it answers what it has taken on, gives up what it cannot finish, and ends in time."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from paved_road.check.contract.model import Sample
from paved_road.check.live.calls import Route, routes
from paved_road.check.live.lab import Instance, Lab, NoSteadyState
from paved_road.check.live.load import ClosedLoad, LoadAnswer, Rotation
from paved_road.check.live.standin import hang, slow
from paved_road.check.live.starting import ENDED_BY_SIGTERM
from paved_road.check.registry import live_check
from paved_road.process.ask import Reply

KEPT, FRESH = 8, 4
"""Clients that keep their connections, and clients that open one for each request."""
FREEZE = 1.0
"""Seconds that the clients have to send a request each while the service is frozen."""
ENOUGH = 200
"""Requests of each kind of client after the signal, at most."""
HELD = 0.6
"""The share of the deadline for which a dependency holds a request."""


@live_check("graceful-shutdown")
async def graceful_shutdown(lab: Lab) -> None:
    """SIGTERM under load loses no request of clients that follow the readiness probe."""
    _ = lab.sample
    await lab.again_if_busy(lambda: _stopped_under_load(lab))


async def _stopped_under_load(lab: Lab) -> float:
    """Load an instance, stop it, and judge. The seconds that it waited for a core."""
    async with lab.service() as service:
        samples = await good_samples(lab, service)
        async with (
            Rotation([service]) as rotation,
            ClosedLoad(rotation, samples, clients=KEPT) as kept,
            ClosedLoad(rotation, samples, clients=FRESH, keep_alive=False) as fresh,
        ):
            await kept.answered(5 * KEPT)
            await fresh.answered(5 * FRESH)
            watch = service.stopwatch()
            on_the_way = 0

            async def all_on_the_way() -> None:
                nonlocal on_the_way
                with rotation.believing():
                    await asyncio.gather(kept.busy(KEPT, within=FREEZE), fresh.busy(FRESH, within=FREEZE))
                on_the_way = kept.in_flight + fresh.in_flight

            signalled = time.monotonic()
            await service.process.end_while_frozen(signal.SIGTERM, frozen=all_on_the_way)
            frozen = time.monotonic() - signalled
            enough = asyncio.ensure_future(_leave_after(ENOUGH, kept, fresh))
            code, seconds = await service.ended(watch)
            enough.cancel()
            service.process.kill()  # a container ends with its first process, whatever it has started
        answers = [*kept.answers, *fresh.answers]
        _judge_answers(lab, answers, signalled, on_the_way)
        said = rotation.said(service)
        lab.expect(
            any(status not in (0, 200) for status in said), did=f"asked {lab.contract.ready} all the time meanwhile",
            observed="it answered " + ", then ".join(str(status) if status else "nothing" for status in said),
            expected="that it is not ready any more, before it stops listening",
        )  # fmt: skip
        observed = f"it still ran after {seconds:.1f} s" if code is None else f"exit code {code} after {seconds:.1f} s"
        lab.expect(
            code in ENDED_BY_SIGTERM, did="waited for its end", observed=observed, seconds=seconds,
            expected=f"exit code 0, or that of SIGTERM, within {lab.contract.stop_within:g} s",
            excerpt=service.process.said[-500:],
        )  # fmt: skip
        return watch.waited + frozen if code is not None else 0.0


async def _leave_after(times: int, *loads: ClosedLoad) -> None:
    """Send nothing more after so many further requests: a service that does not stop would get them for long."""
    await asyncio.gather(*(load.answered(len(load.answers) + times) for load in loads))
    await asyncio.gather(*(load.stop() for load in loads))


def _judge_answers(lab: Lab, answers: Sequence[LoadAnswer], signalled: float, on_the_way: int) -> None:
    """What came of the requests that were on their way at the signal, and of those after it."""
    before = [answer for answer in answers if answer.ended < signalled]
    after = [answer for answer in answers if answer.ended >= signalled]
    if lost := [answer for answer in before if not _good(answer)]:
        failed = f"{len(lost)} of {len(before)} requests failed: {told(lost)}"
        raise NoSteadyState(f"under a load of {KEPT + FRESH} clients, {failed}")
    lost = [answer for answer in after if not _good(answer)]
    observed = f"all {len(after)} were answered" if not lost else f"{len(lost)} of {len(after)} were lost: {told(lost)}"
    lab.expect(
        bool(after) and not lost, observed=observed,
        did=f"SIGTERM while {on_the_way} requests of {KEPT + FRESH} clients were on their way; they sent more for as "
        f"long as the readiness probe answered 200",
        expected="that each of them is answered with 2xx",
    )  # fmt: skip


def told(lost: Sequence[LoadAnswer]) -> str:
    """What came of requests, counted: `3 closed, 1 status 503`."""
    counted = Counter(answer.error or f"status {answer.status}" for answer in lost)
    return ", ".join(f"{times} {what}" for what, times in counted.most_common())


def _good(answer: LoadAnswer) -> bool:
    return 200 <= answer.status < 300


async def good_samples(lab: Lab, service: Instance) -> list[Sample]:
    """The sample requests that the service answers with 2xx. Raises `NoSteadyState` if there are none."""
    found = [sample for sample in lab.contract.samples if 200 <= (await service.ask(sample)).status < 300]
    if not found:
        raise NoSteadyState("it answers no sample request with 2xx")
    return found


@dataclass(kw_only=True, slots=True)
class _Stop:
    """How an instance stopped that had requests in flight."""

    answer: Reply
    code: int | None
    seconds: float
    said: str


@live_check("long-requests-at-shutdown")
async def long_requests_at_shutdown(lab: Lab) -> None:
    """A request in flight is answered within the deadline, and one that never ends does not keep the process."""

    async def trial() -> float:
        async with lab.service() as service:
            found = await routes(lab, service)
            route = min(found, key=lambda each: (each.standin.dependency.critical, each.method != "GET"))
            watch = service.stopwatch()
            stop = await _stopped_with_long_requests(lab, service, route)
            waited = watch.waited
        await route.standin.recover()
        await _judge_long(lab, route, stop)
        return waited if stop.code is not None else 0.0

    await lab.again_if_busy(trial)


async def _stopped_with_long_requests(lab: Lab, service: Instance, route: Route) -> _Stop:
    """Stop it with a held request, a request that its dependency never answers, and clients that do nothing."""
    standin = route.standin
    standin.forget()
    await standin.behave(slow(HELD * lab.contract.deadline))
    held = asyncio.ensure_future(service.ask(route.sample))
    if not await standin.called():
        raise NoSteadyState(f"{route.sample} does not call {route.name} any more")
    await standin.behave(hang)
    never = asyncio.ensure_future(service.ask(route.sample))
    await standin.called(len(standin.calls) + 1, within=0.5)  # unless the service takes one request at a time
    async with _doing_nothing(service.port):
        code, seconds = await service.stop()
        service.process.kill()
        answer = await held
        await never
    return _Stop(answer=answer, code=code, seconds=seconds, said=service.process.said[-500:])


@contextlib.asynccontextmanager
async def _doing_nothing(port: int):  # type: ignore[no-untyped-def]
    """Two connections: one on which nothing was sent, and one with half a request."""
    writers = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(2)]
    writers[0].write(b"POST /paved-check HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n{")
    await writers[0].drain()
    try:
        yield
    finally:
        for writer in writers:
            writer.close()


async def _judge_long(lab: Lab, route: Route, stop: _Stop) -> None:
    deadline, within = lab.contract.deadline, lab.contract.stop_within
    usual = f"an answer below 500 within {deadline:g} s"
    holds = 0 < stop.answer.status < 500
    if stop.answer.status >= 500:  # perhaps that is what it answers without a shutdown, too
        answer = await _without_shutdown(lab, route)
        holds, usual = answer.status == stop.answer.status, f"{answer.status}, as without SIGTERM"
    lab.expect(
        holds and stop.answer.seconds <= deadline, observed=str(stop.answer), expected=usual,
        did=f"SIGTERM while {route.name} held a call of {route.sample} for {HELD * deadline:g} s",
        excerpt=stop.answer.text[:300], seconds=stop.answer.seconds,
    )  # fmt: skip
    lab.expect(
        stop.code is not None, did=f"SIGTERM while {route.name} never answered, and two clients did nothing",
        observed=f"it {'still ran' if stop.code is None else 'ended'} after {stop.seconds:.1f} s",
        expected=f"an end within {within:g} s", excerpt=stop.said, seconds=stop.seconds,
    )  # fmt: skip


async def _without_shutdown(lab: Lab, route: Route) -> Reply:
    """What another instance answers to the same request with the same slow dependency."""
    async with lab.service() as service:
        await route.standin.behave(slow(HELD * lab.contract.deadline))
        try:
            return await service.ask(route.sample)
        finally:
            await route.standin.recover()
