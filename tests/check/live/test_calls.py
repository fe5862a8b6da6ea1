"""Which calls the sample requests make."""

from __future__ import annotations

import asyncio

import pytest

from paved_road.check.live.calls import Route, calm, one_each, routes
from paved_road.check.live.healthy import HealthyDependencies
from paved_road.check.live.lab import Lab
from paved_road.check.live.standin import status
from paved_road.check.model import NotApplicable
from tests.check.twin import FOLDER, SAMPLES, contract


def lab(**changes: object) -> Lab:
    return Lab(path=FOLDER, contract=contract(**changes), seed=1, answers=HealthyDependencies(FOLDER))


def test_the_calls_of_each_sample_are_learned_without_the_probes_of_the_service() -> None:
    async def learn() -> list[Route]:
        async with lab() as opened, opened.service() as service:
            found = await routes(opened, service)
            assert await calm(found[0], service) is not None
            return found

    found = asyncio.run(learn())
    assert [f"{route.sample}: {route.name} {route}" for route in found] == [
        "GET /orders/1: inventory GET /items/*", "POST /orders: payments POST /payments",
    ]  # fmt: skip
    assert [(route.times, route.idempotent) for route in found] == [(1, True), (1, False)]
    assert one_each([*found, *found]) == found


def test_a_contract_whose_requests_call_nothing_says_what_to_add() -> None:
    async def learn() -> None:
        async with lab(samples=(SAMPLES[0],)) as opened, opened.service() as service:
            await opened.standins["inventory"].behave(status(500))
            for _ in range(5):  # opens the breaker, so that no call is made
                await service.ask(SAMPLES[0])
            await routes(opened, service)

    with pytest.raises(NotApplicable, match="add one that does"):
        asyncio.run(learn())
