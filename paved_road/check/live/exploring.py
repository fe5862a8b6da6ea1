"""Looks for the smallest combination of failing calls that breaks a promise, as lineage-driven fault injection does.

The stand-ins tell which calls a request makes. Each of them is made to fail in each way, then each pair of them. What
cannot say anything new is left out: a pair that contains what broke a promise alone, one of calls that are not made
together, and other failures of a pair of calls that broke one already. The idea is of Alvaro, Rosen and Hellerstein,
"Lineage-driven Fault Injection" (2015).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from paved_road.check.live import standin as ways
from paved_road.check.live.lab import Instance, Lab
from paved_road.check.live.standin import Behaviour, StandIn
from paved_road.check.live.steady import (
    KnownSample,
    answer_to,
    is_good,
    is_in_time,
    observe,
    recovery_limit,
    until_recovered,
)
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check
from paved_road.process.ask import Reply
from paved_road.process.listen import Call, Exchange

MOST = 200
"""Combinations that are tried at most."""
LONGEST = 120.0
"""Seconds after which no further combination is begun."""


@dataclass(frozen=True, slots=True, order=True)
class CallKind:
    """What a request calls."""

    dependency: str
    method: str
    path: str
    """Without the query."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, order=True)
class FailingCall:
    """One call, and how it fails."""

    kind: CallKind
    how: str

    def __str__(self) -> str:
        return f"{self.kind.dependency} {self.how} on {self.kind}"


Combination = frozenset[FailingCall]


async def _reset(_: StandIn, exchange: Exchange) -> None:
    exchange.reset()


FAILURES: dict[str, Behaviour] = {
    "resets the connection": _reset,
    "hangs": ways.hang,
    "answers 500": ways.status(500),
    "answers 429": ways.status(429, retry_after="30"),
    "answers garbage": ways.garbage,
}


@dataclass(kw_only=True)
class Exploration:
    """What was tried of one sample."""

    known: KnownSample
    made: dict[Combination, set[CallKind]] = field(default_factory=dict)
    """The calls that the sample made under each combination."""
    broken: list[Combination] = field(default_factory=list)

    def is_known(self, combination: Combination) -> bool:
        """Whether the same calls, failing in other ways, broke a promise together."""
        kinds = {each.kind for each in combination}
        return len(kinds) > 1 and any({each.kind for each in other} == kinds for other in self.broken)

    def singles(self) -> list[Combination]:
        """Each call that the healthy service makes, failing in each way."""
        return [frozenset({FailingCall(kind, how)}) for kind in sorted(self.made[frozenset()]) for how in FAILURES]

    def pairs(self) -> Iterator[Combination]:
        """Each pair that can say something new, after all singles were tried."""
        tried = [combination for combination in self.made if len(combination) == 1]
        alone = [one for combination in tried for one in combination if combination not in self.broken]
        failing = {FailingCall(kind, how) for kind in set().union(*self.made.values()) for how in FAILURES}
        for first, second in itertools.product(alone, sorted(failing)):
            if first.kind == second.kind or second.kind not in self.made[frozenset({first})]:
                continue
            other = frozenset({second})
            if other in self.broken or (other in self.made and first.kind not in self.made[other]):
                continue
            yield frozenset({first, second})


@live_check("explored-failures")
async def explored_failures(lab: Lab) -> None:
    """No single failing call, and no pair of them, breaks a promise.

    Raises `NotApplicable` if no sample calls a dependency.
    """
    until = time.monotonic() + LONGEST
    async with lab.service() as service:
        explorations = []
        for known in await observe(lab, service):
            kinds = {kind_of(name, call) for name, calls in known.calls.items() for call in calls}
            if kinds:
                explorations.append(Exploration(known=known, made={frozenset(): kinds}))
        if not explorations:
            raise NotApplicable("no sample request makes the service call a dependency: add one that does (sample)")
        left = MOST
        for one in explorations:
            singles, pairs = await _tried(lab, service, one, one.singles()[:left], until), 0
            left -= singles
            if singles == len(one.singles()):
                unique = sorted(set(one.pairs()), key=sorted)
                pairs = await _tried(lab, service, one, unique[:left], until)
                left -= pairs
                singles_left, pairs_left = 0, len(unique) - pairs
            else:
                singles_left, pairs_left = len(one.singles()) - singles, 0
            _summarise(lab, one, f"{singles} failing calls and {pairs} pairs", singles_left + pairs_left)


def kind_of(dependency: str, call: Call) -> CallKind:
    """Which kind of call this is."""
    return CallKind(dependency, call.method, call.target.partition("?")[0])


async def _tried(
    lab: Lab, service: Instance, one: Exploration, combinations: Sequence[Combination], until: float
) -> int:
    """Try the combinations in an order that the seed decides. How many were tried until the time was over."""
    order = lab.random.sample(combinations, len(combinations))
    for number, combination in enumerate(order):
        if time.monotonic() > until:
            return number
        if not one.is_known(combination):
            await _try(lab, service, one, combination)
    return len(order)


async def _try(lab: Lab, service: Instance, one: Exploration, combination: Combination) -> None:
    did = f"{one.known} while " + ", and ".join(map(str, sorted(combination)))
    for standin in lab.standins.values():
        standin.forget()
        await standin.behave(_failing(standin, combination))
    reply = await answer_to(service, one.known.sample, limit=lab.contract.deadline)
    one.made[combination] = {kind_of(name, call) for name, each in lab.standins.items() for call in each.calls}
    live = await service.is_live()  # after it: what the probe calls is no call of the sample
    for standin in lab.standins.values():
        await standin.recover()
    promised = _promised(lab, combination, reply)
    if promised or not live:
        one.broken.append(combination)
        lab.expect(
            not promised and live, did=did, observed=str(reply) + ("" if live else "; it is not live any more"),
            expected=promised or "a process that stays live", excerpt=reply.text[:300], seconds=reply.seconds,
        )  # fmt: skip
    seconds = await until_recovered(service, one.known, reply, within=recovery_limit(lab))
    if seconds is None:
        lab.require(
            seconds is not None, did=f"{did}, and after all are healthy again",
            observed=f"still not as before after {recovery_limit(lab):g} s", expected="the answer as before",
            excerpt=service.process.said[-500:],
        )  # fmt: skip


def _failing(standin: StandIn, combination: Combination) -> Behaviour:
    """Fail the calls of a combination, and answer all others."""
    name = standin.dependency.name
    failing = {each.kind: FAILURES[each.how] for each in combination if each.kind.dependency == name}

    async def behaviour(standin: StandIn, exchange: Exchange) -> None:
        await failing.get(kind_of(name, exchange.call), ways.healthy)(standin, exchange)

    return behaviour


def _promised(lab: Lab, combination: Combination, reply: Reply) -> str:
    """What was promised and is not so; "" when the promise is kept."""
    critical = any(lab.contract.dependency(each.kind.dependency).critical for each in combination)
    limit = lab.contract.deadline
    if is_good(reply) and is_in_time(reply, limit):
        return ""
    if critical:
        kept = 0 < reply.status != 500 and is_in_time(reply, limit)
        return "" if kept else f"an answer such as 503 within {limit:g} s, and no unhandled error (500)"
    return f"2xx within {limit:g} s"


def _summarise(lab: Lab, one: Exploration, tried: str, left: int) -> None:
    calls = ", ".join(f"{kind.dependency} {kind}" for kind in sorted(set().union(*one.made.values())))
    rest = f"; {left} more were not tried for want of time" if left else ""
    lab.expect(
        not one.broken, did=f"{one.known} with {tried}, of {calls}",
        observed=f"{len(one.broken) or 'none'} of them broke a promise{rest}",
        expected=f"none breaks a promise (again: paved check --select explored-failures --seed {lab.seed})",
    )  # fmt: skip
