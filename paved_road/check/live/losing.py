"""A lost instance is a non-event: the others serve on, and what was acknowledged is done."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from paved_road.check.contract.model import Sample
from paved_road.check.live.lab import Instance, Lab
from paved_road.check.live.load import ClosedLoad, LoadAnswer, Rotation
from paved_road.check.live.standin import StandIn
from paved_road.check.live.stopping import good_samples, told
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check
from paved_road.text.counts import counted

CLIENTS = 8
ATTEMPTS = 3
"""How often a client tries, each time on another instance if there is one."""
LATER = 1.0
"""Seconds in which a service does what it has acknowledged, if it does not do so before its answer."""


@live_check("lost-instance")
async def lost_instance(lab: Lab) -> None:
    """After `kill -9` of one of two instances, clients that try the other one notice nothing.

    Raises `NotApplicable` if two instances cannot run on this machine.
    """
    if lab.contract.port_env is None:
        raise NotApplicable("the service's port is fixed, so that two instances cannot run here (port.env)")
    _ = lab.sample
    await lab.again_if_busy(lambda: _killed_under_load(lab))


async def _killed_under_load(lab: Lab) -> float:
    """Load two instances, kill one, and judge. The seconds that the other one waited for a core."""
    lost, other = await asyncio.gather(lab.start(), lab.start())
    await asyncio.gather(lab.steady(lost), lab.steady(other))
    samples = await good_samples(lab, other)
    writes = await _writes(lab, other, samples)
    for standin in lab.standins.values():
        await standin.idle()
        standin.forget()
    watch = other.stopwatch()
    async with (
        Rotation([lost, other], seed=lab.seed) as rotation,
        ClosedLoad(rotation, samples, clients=CLIENTS, attempts=ATTEMPTS) as load,
    ):
        await load.answered(5 * CLIENTS)
        lost.process.kill()
        before = len(load.answers)
        await load.answered(before + 5 * CLIENTS)
    for standin in lab.standins.values():
        await standin.idle()
    waited = watch.waited
    _judge(lab, load.answers, waited)
    _judge_other(lab, rotation, other)
    for write in writes:
        await _judge_writes(lab, write, load.answers)
    await other.process.stop()
    return waited


@dataclass(frozen=True, kw_only=True, slots=True)
class _Write:
    """A kind of call with which a sample request changes something in a dependency."""

    sample: Sample
    standin: StandIn
    method: str
    times: int
    """How many of them one request makes."""

    def calls(self) -> int:
        """How many came since the stand-in was told to forget."""
        return sum(call.method == self.method for call in self.standin.calls)


async def _writes(lab: Lab, service: Instance, samples: Sequence[Sample]) -> list[_Write]:
    """What the sample requests change in the dependencies, also when the service does so after its answer."""
    found = []
    for sample in samples:
        if sample.method in ("GET", "HEAD", "OPTIONS"):
            continue
        for standin in lab.standins.values():
            standin.forget()
        await service.ask(sample)
        if not (writes := _counted(lab, sample)):
            await asyncio.sleep(LATER)
            writes = [replace(each, times=1) for each in _counted(lab, sample)]
        found += writes
    return found


def _counted(lab: Lab, sample: Sample) -> list[_Write]:
    return [
        _Write(sample=sample, standin=standin, method=method, times=times)
        for standin in lab.standins.values()
        for method, times in Counter(call.method for call in standin.calls).items()
        if method not in ("GET", "HEAD", "OPTIONS")
    ]


def _judge(lab: Lab, answers: Sequence[LoadAnswer], waited: float) -> None:
    failed = [answer for answer in answers if not 200 <= answer.status < 300]
    again = sum(answer.attempts > 1 for answer in answers)
    longest = max(answer.seconds for answer in answers)
    longest = max(0.0, longest - waited)
    observed = f"{len(failed)} failed: {told(failed)}" if failed else f"all were answered, within {longest:.2f} s"
    lab.expect(
        not failed and longest <= lab.contract.deadline,
        did=f"kill -9 of one of two instances under {counted(len(answers), 'request')} of {CLIENTS} clients, "
        f"which sent {again} again to the other instance",
        observed=observed, expected=f"an answer of 2xx to each, within {lab.contract.deadline:g} s",
    )  # fmt: skip


def _judge_other(lab: Lab, rotation: Rotation, other: Instance) -> None:
    said = rotation.said(other)
    lab.expect(
        said == [200], did=f"asked {lab.contract.ready} of the other instance all the time",
        observed="it answered " + ", then ".join(str(status) if status else "nothing" for status in said),
        expected="that it stays ready", excerpt=other.process.said[-500:],
    )  # fmt: skip


async def _judge_writes(lab: Lab, write: _Write, answers: Sequence[LoadAnswer]) -> None:
    done = sum(200 <= answer.status < 300 for answer in answers if answer.sample is write.sample)
    await write.standin.called(done * write.times, within=LATER)
    seen, name = write.calls(), write.standin.dependency.name
    lab.expect(
        seen >= done * write.times, did=f"counted the {write.method} calls that {name} got for {write.sample}",
        observed=f"{seen} calls, after {done} answers that said it is done",
        expected=f"at least {done * write.times}: what is acknowledged is done, also when the instance is lost then",
    )  # fmt: skip
