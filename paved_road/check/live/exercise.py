"""What makes a service talk: requests that go well, requests that it must refuse, and dependencies that are down."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from paved_road.check.contract.model import Sample
from paved_road.check.live.lab import Instance, Lab
from paved_road.check.live.standin import refuse
from paved_road.process.ask import Reply

UNKNOWN = Sample(method="GET", target="/paved-check/no-such-page")
"""A request for a path that no service has."""


class WrongRequest(NamedTuple):
    """A request that a service should refuse, and why."""

    sample: Sample
    why: str


class Telling(NamedTuple):
    """What was done, and the answer to it."""

    did: str
    sample: Sample
    answer: Reply


def refused_requests(sample: Sample) -> list[WrongRequest]:
    """Requests like a sample that a service should refuse: 404, 405, and 400 or 422."""
    wrong = [
        WrongRequest(UNKNOWN, "an unknown path"),
        WrongRequest(replace(sample, method="TRACE", body=b""), "a wrong method"),
    ]
    path, mark, query = sample.target.partition("?")
    if re.search(r"/[0-9]+(?=/|$)", path):
        target = re.sub(r"/[0-9]+(?=/|$)", "/not-a-number", path)
        wrong.append(WrongRequest(replace(sample, target=target + mark + query), "a word instead of a number"))
    if sample.body or sample.method in ("POST", "PUT", "PATCH"):
        headers = {**sample.headers, "content-type": "application/json"}
        wrong.append(WrongRequest(replace(sample, body=b'{"', headers=headers), "a body that is not JSON"))
    return wrong


async def exercised(lab: Lab, service: Instance, headers: Mapping[str, str]) -> AsyncIterator[Telling]:
    """Send every kind of request, in the steady state and while each dependency is down, and tell each answer."""
    for sample in lab.contract.samples or (UNKNOWN,):
        yield Telling(str(sample), sample, await service.ask(sample, headers=headers))
        for wrong in refused_requests(sample):
            yield Telling(
                f"{wrong.sample} ({wrong.why})", wrong.sample, await service.ask(wrong.sample, headers=headers)
            )
    if (crash := lab.contract.crash) is not None:
        yield Telling(f"{crash} (its handler fails)", crash, await service.ask(crash, headers=headers))
    for standin in lab.standins.values():
        await standin.behave(refuse)
        for sample in lab.contract.samples:
            did = f"{sample} while {standin.dependency.name} refuses connections"
            yield Telling(did, sample, await service.ask(sample, headers=headers))
        await standin.recover()
