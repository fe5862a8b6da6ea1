"""Which calls each sample request makes to which dependency, learned in the steady state.

What a service sends to a dependency while that is hurt is compared with this, so that its own probes of the dependency
are not taken for retries of a request.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from paved_road.check.contract.model import Sample
from paved_road.check.live.lab import POLL, Instance, Lab
from paved_road.check.live.standin import StandIn
from paved_road.check.model import NotApplicable
from paved_road.process.ask import Reply
from paved_road.process.listen import Call
from paved_road.process.wire import exchange, request_bytes

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""RFC 9110, section 9.2.2."""
RESUMES = 65.0
"""Fair seconds in which calls to a recovered dependency begin again. Circuit breakers wait 5 s (Hystrix, Polly) to 60 s
(resilience4j, gobreaker, pybreaker) by default before they try."""
REFUSED = 5
"""Refusals in a row after which a request is given up."""

_VARIABLE = re.compile(r"(?<=/)(\d+|[0-9a-fA-F-]{16,})(?=/|$)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A kind of call that a sample request makes to a dependency."""

    sample: Sample
    standin: StandIn
    method: str
    path: str
    """Without the query; numbers and ids in it are `*`."""
    times: int
    """How often one request makes the very same call when all is well."""
    idempotent: bool
    """Whether the dependency may get such a call twice: by its method, or because it carries an idempotency key."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def name(self) -> str:
        """The dependency's name."""
        return self.standin.dependency.name

    def calls(self) -> list[Call]:
        """The calls of this kind since the stand-in was told to forget."""
        return [call for call in self.standin.calls if _kind(call) == (self.method, self.path)]

    def attempts(self) -> int:
        """How often the very same call was made since the stand-in was told to forget."""
        return most_alike(self.calls())


async def routes(lab: Lab, service: Instance) -> list[Route]:
    """The calls of every sample request. Raises `NotApplicable` if no request calls a dependency."""
    if not lab.standins:
        raise NotApplicable("the run contract names no dependency (dependencies)")
    if not lab.contract.samples:
        raise NotApplicable("the run contract has no sample request (sample)")
    found = [route for sample in lab.contract.samples for route in await _routes_of(sample, lab, service)]
    if not found:
        names = ", ".join(lab.standins)
        raise NotApplicable(
            f"no sample request makes the service call a dependency ({names}); add one that does to the run contract"
        )
    return found


def one_each(found: Iterable[Route]) -> list[Route]:
    """Of routes that make the same kind of call to the same dependency, the first one."""
    return list({(route.name, route.method, route.path): route for route in reversed(list(found))}.values())[::-1]


async def calm(route: Route, service: Instance) -> Reply | None:
    """Let the dependency be healthy, and ask until a request reaches it and is answered well.

    None if that does not happen within `RESUMES` fair seconds, or the service keeps refusing the request (4xx), as it
    does when the same order cannot be made twice: that is no matter of waiting.
    """
    await route.standin.recover()
    refused = 0
    watch = service.stopwatch()
    while watch.seconds <= RESUMES:
        await route.standin.idle()
        route.standin.forget()
        answer = await service.ask(route.sample)
        if route.calls() and 200 <= answer.status < 300:
            return answer
        refused = refused + 1 if 400 <= answer.status < 500 and answer.status != 429 else 0
        if refused == REFUSED:
            return None
        await asyncio.sleep(POLL)
    return None


async def send(service: Instance, sample: Sample, *, within: float) -> int:
    """Send a request, one of many at once, with as little work as possible. The status; 0 when no whole answer came."""
    headers = {**service.contract.headers, **sample.headers}
    data = request_bytes(sample.method, sample.target, service.port, headers, sample.body)
    answer = await exchange(None, service.port, data, within, head_only=sample.method == "HEAD")
    if answer.wire is not None:
        answer.wire.close()
    return answer.status


async def _routes_of(sample: Sample, lab: Lab, service: Instance) -> list[Route]:
    for standin in lab.standins.values():
        standin.forget()
    answer = await service.ask(sample)
    if not 200 <= answer.status < 300:
        return []
    found = []
    for standin in lab.standins.values():
        kinds = defaultdict(list)
        for call in standin.calls:
            kinds[_kind(call)].append(call)
        found += [
            Route(
                sample=sample, standin=standin, method=method, path=path, times=most_alike(calls),
                idempotent=_may_be_repeated(calls[0]),
            )
            for (method, path), calls in kinds.items()
        ]  # fmt: skip
    return found


def most_alike(calls: Iterable[Call]) -> int:
    """How many of the calls are the very same one, at most."""
    return max(Counter((call.method, call.target, call.body) for call in calls).values(), default=0)


def _kind(call: Call) -> tuple[str, str]:
    return call.method, _VARIABLE.sub("*", call.target.partition("?")[0])


def _may_be_repeated(call: Call) -> bool:
    return call.method in IDEMPOTENT or any("idempot" in name for name in call.headers)
