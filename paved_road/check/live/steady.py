"""What the samples do in the steady state, and whether the service is back in it after it was hurt."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass

from paved_road.check.contract.model import Sample
from paved_road.check.live.lab import POLL, Instance, Lab, NoSteadyState
from paved_road.process.ask import Reply
from paved_road.process.listen import Call

LONGEST_POLL = 0.25
"""Seconds between two questions of the same kind that have been asked for a while."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownSample:
    """One sample request, as the healthy service answers it."""

    sample: Sample
    answers: tuple[Reply, ...]
    calls: dict[str, list[Call]]
    """What it made the service call, by the name of the dependency."""

    def __str__(self) -> str:
        return str(self.sample)

    def is_changed(self, reply: Reply) -> bool:
        """Whether an answer says something else than the steady state's, times and counters aside."""
        said = facts(reply)
        return any(said.get(key) != value for key, value in self._lasting().items())

    def is_recovered(self, reply: Reply, hurt: Reply) -> bool:
        """Whether an answer is as in the steady state again: nothing in it still is as it was under the fault."""
        if not is_good(reply):
            return False
        said, under_fault = facts(reply), facts(hurt)
        return not any(
            said.get(key) != value and said.get(key) == under_fault.get(key) for key, value in self._lasting().items()
        )

    def _lasting(self) -> dict[str, object]:
        """What all of its answers in the steady state say."""
        first, *others = [facts(answer) for answer in self.answers]
        return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}


def is_good(reply: Reply) -> bool:
    """Whether an answer is a success."""
    return 200 <= reply.status < 300


def is_in_time(reply: Reply, limit: float) -> bool:
    """Whether it came within so many seconds. A tenth more is for the way there: a service may stop at the limit."""
    return reply.seconds <= 1.1 * limit


def facts(reply: Reply) -> dict[str, object]:
    """Each value in a JSON answer by where it is, such as `.items[0].id`; the whole text of any other answer."""
    try:
        return dict(_leaves("", reply.json()))
    except (ValueError, RecursionError):
        return {"": reply.text}


def _leaves(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(f"{path}[{index}]", inner)
    else:
        yield path, value


async def observe(lab: Lab, instance: Instance) -> list[KnownSample]:
    """Ask each sample twice while all is well, and see what it calls.

    Raises `NotApplicable` if the contract has no sample, `NoSteadyState` if one is not answered with 2xx.
    """
    known = []
    for sample in lab.contract.samples or (lab.sample,):
        victims = [*lab.victims(critical=True), *lab.victims(critical=False)]
        for victim in victims:
            victim.forget()
        answers = [await instance.ask(sample) for _ in range(2)]
        for answer in answers:
            if not is_good(answer):
                raise NoSteadyState(f"{sample}: {answer}: {answer.text[:200]}")
        calls = {victim.dependency.name: list(victim.calls) for victim in victims if victim.calls}
        known.append(KnownSample(sample=sample, answers=tuple(answers), calls=calls))
    return known


async def answer_to(instance: Instance, sample: Sample, *, limit: float) -> Reply:
    """Ask, and wait for half as long again as the fair seconds that are allowed, but no longer."""
    return await answer_of(instance, instance.ask(sample), limit=limit)


async def answer_of(instance: Instance, question: Coroutine[object, object, Reply], *, limit: float) -> Reply:
    """What a question is answered with; after half as long again as the fair seconds that are allowed, nothing is."""
    watch = instance.stopwatch()
    asking = asyncio.ensure_future(question)
    try:
        await asyncio.wait({asking}, timeout=limit * 1.5)
        while not asking.done() and watch.seconds < limit * 1.5:
            await asyncio.wait({asking}, timeout=0.1)
        return asking.result() if asking.done() else Reply(error="no answer", seconds=watch.seconds)
    finally:
        asking.cancel()


async def until_recovered(instance: Instance, known: KnownSample, hurt: Reply, *, within: float) -> float | None:
    """Ask until the answer is as in the steady state again. The fair seconds it took; None if it took longer."""
    watch, pause = instance.stopwatch(), POLL
    while True:
        if known.is_recovered(await answer_to(instance, known.sample, limit=within), hurt):
            return watch.seconds
        if watch.seconds > within or instance.process.code is not None:
            return None
        await asyncio.sleep(pause)
        pause = min(LONGEST_POLL, pause * 1.5)


def recovery_limit(lab: Lab) -> float:
    """Seconds in which a service recovers: no longer than a restart would take."""
    return max(lab.contract.ready_within, 3 * lab.contract.deadline)


def shape_of(line: str) -> str:
    """A log line without what differs from one to the next: numbers, ids, times and durations."""
    line = re.sub(r"\b(?=[0-9a-fA-F-]*\d)[0-9a-fA-F-]{8,}\b", "#", line)
    return re.sub(r"\d+(\.\d+)?([eE]-?\d+)?\s?(ns|us|µs|ms|s|m)?\b", "#", line)
