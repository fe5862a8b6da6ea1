"""One request can be followed by its ids: in the logs, in the answer, and in the calls that it causes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from paved_road.check.contract.model import Sample
from paved_road.check.live.exercise import UNKNOWN
from paved_road.check.live.lab import POLL, Instance, Lab
from paved_road.check.registry import live_check
from paved_road.process.ask import Reply
from paved_road.process.listen import Call

SOON = 1.0
"""Seconds after which it is quicker to stop the service, which makes it write its last lines."""


class Ids:
    """The ids of one request, made from a lab's seed."""

    def __init__(self, lab: Lab) -> None:
        self.trace = f"{lab.random.getrandbits(128) | 1:032x}"
        self.request = f"paved-{lab.random.getrandbits(64):016x}"
        self.headers = {
            "traceparent": f"00-{self.trace}-{lab.random.getrandbits(64) | 1:016x}-01", "x-request-id": self.request,
        }  # fmt: skip

    def are_in(self, text: str) -> bool:
        """Whether one of them is in a text."""
        return self.trace in text.lower() or self.request in text

    def __str__(self) -> str:
        return f"trace id {self.trace} or request id {self.request}"


@live_check("request-tracing")
async def request_tracing(lab: Lab) -> None:
    """The ids of a request that came with traceparent and X-Request-ID are in the log, the answer and the calls."""
    service = await lab.start()
    try:
        await lab.ready(service)
        probing = {dependency: _targets(standin.calls) for dependency, standin in lab.standins.items()}
        sent = [(sample, await _follow(lab, service, sample, probing)) for sample in lab.contract.samples or (UNKNOWN,)]
        if lab.contract.samples:
            answer = await service.ask(lab.sample, headers={"traceparent": "00-malformed", "x-request-id": "no id"})
            lab.expect(
                200 <= answer.status < 300, did=f"{lab.sample} with a malformed traceparent and X-Request-ID",
                observed=str(answer), expected="the answer that it gives without them", excerpt=answer.text[:300],
            )  # fmt: skip
        await _look_for(lab, service, sent)
    finally:
        await service.process.stop()


async def _follow(lab: Lab, service: Instance, sample: Sample, probing: dict[str, set[str]]) -> Ids:
    ids = Ids(lab)
    for standin in lab.standins.values():
        standin.forget()
    answer = await service.ask(sample, headers=ids.headers)
    refusal = await service.ask(UNKNOWN, headers=ids.headers)
    did = f"{sample} with traceparent and X-Request-ID"
    told = ids.are_in(_shown(answer)) or ids.are_in(_shown(refusal))
    lab.expect(
        told, did=did, observed="an answer with its id" if told else "no id in the answer",
        expected=f"the {ids} in a header, or in the body of an error", excerpt=_shown(answer)[:500],
    )  # fmt: skip
    for name, standin in lab.standins.items():
        calls = [call for call in standin.calls if f"{call.method} {call.target}" not in probing[name]]
        traced = [call for call in calls if ids.are_in("\n".join(call.headers.values()))]
        if calls:
            lab.expect(
                bool(traced), did=did, observed=f"{len(traced)} of {len(calls)} calls of {name} carry one of its ids",
                expected="calls that carry the trace on (traceparent), so that one can follow it",
                excerpt="\n".join(f"{key}: {value}" for key, value in calls[0].headers.items())[:500],
            )  # fmt: skip
    return ids


async def _look_for(lab: Lab, service: Instance, sent: list[tuple[Sample, Ids]]) -> None:
    """The ids in the log: soon after the answers, or at the latest when the service has ended."""
    if not await eventually(service, lambda: all(ids.are_in(service.process.said) for _, ids in sent), within=SOON):
        await service.stop()
    for sample, ids in sent:
        logged = ids.are_in(service.process.said)
        lab.expect(
            logged, did=f"{sample} with traceparent and X-Request-ID", expected=f"a log line with the {ids}",
            observed="a log line with its id" if logged else "no log line with its id",
            excerpt=service.process.said[-500:],
        )  # fmt: skip


async def eventually(service: Instance, holds: Callable[[], bool], *, within: float) -> bool:
    """Wait until something holds, for at most so many fair seconds."""
    watch = service.stopwatch()
    while not holds():
        if watch.seconds > within:
            return False
        await asyncio.sleep(POLL)
    return True


def _targets(calls: list[Call]) -> set[str]:
    return {f"{call.method} {call.target}" for call in calls}


def _shown(answer: Reply) -> str:
    """Headers and body, as a person would see them."""
    return "\n".join(f"{name}: {value}" for name, value in answer.headers.items()) + f"\n\n{answer.text}"
