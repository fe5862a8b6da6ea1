"""The clients of a live check: how they choose an instance, and what they write down."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from paved_road.check.live.healthy import HealthyDependencies
from paved_road.check.live.lab import Lab
from paved_road.check.live.load import ClosedLoad, OpenLoad, Rotation
from paved_road.check.live.standin import slow
from tests.check.twin import FOLDER, contract


def lab(**changes: Any) -> Lab:
    return Lab(path=FOLDER, contract=contract(**changes), seed=1, answers=HealthyDependencies(FOLDER))


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


def test_a_closed_load_has_one_request_of_each_client_on_its_way() -> None:
    async def tried() -> None:
        async with lab() as room, room.service() as service:
            inventory = room.standins["inventory"]
            inventory.forget()
            async with ClosedLoad(service, [room.sample], clients=3, bodies=True) as load:
                assert await load.answered(30)
            assert {(answer.status, answer.port) for answer in load.answers} == {(200, service.port)}
            assert b"stock" in load.answers[0].body
            assert load.answers[0].header("Content-Type") == "application/json"
            assert 1 <= inventory.most_in_flight <= 3
            assert load.in_flight == 0

    run(tried())


def test_an_open_load_does_not_wait_for_answers() -> None:
    async def tried() -> None:
        async with lab() as room, room.service() as service:
            inventory = room.standins["inventory"]
            await inventory.behave(slow(0.2))
            inventory.forget()
            async with OpenLoad(service, [room.sample], rate=200) as load:
                assert await load.busy(8)
            assert inventory.most_in_flight > 1
            due = [answer.due for answer in sorted(load.answers, key=lambda each: each.due)]
            assert abs((due[-1] - due[0]) / (len(due) - 1) - 1 / 200) < 0.0001
            assert all(answer.whole for answer in load.answers)

    run(tried())


def test_a_lost_instance_gets_no_more_requests_and_what_it_lost_is_tried_on_the_other() -> None:
    async def tried() -> None:
        async with lab() as room, room.service() as one, room.service() as other:
            async with (
                Rotation([one, other]) as rotation,
                ClosedLoad(rotation, room.contract.samples, clients=6, attempts=2) as load,
            ):
                assert await load.answered(60)
                one.process.kill()
                seen = len(load.answers)
                assert await load.answered(seen + 60)
            assert {answer.port for answer in load.answers[:60]} == {one.port, other.port}
            assert {answer.port for answer in load.answers[seen + 6 :]} == {other.port}
            assert all(answer.status == 200 for answer in load.answers)
            assert rotation.said(one) == [200, 0]
            assert rotation.said(other) == [200]

    run(tried())


def test_nothing_is_sent_to_an_instance_that_is_not_ready() -> None:
    async def tried() -> None:
        async with lab() as room, room.service() as service:
            async with Rotation([service]) as rotation, ClosedLoad(rotation, [room.sample], clients=4) as load:
                assert await load.answered(20)
                await room.standins["payments"].behave(slow(0.5))  # the twin is unready without it
                while 503 not in rotation.said(service):
                    await asyncio.sleep(0.01)
                await load.stop()
            unready = next(poll for poll in rotation.polls if poll.status == 503)
            assert all(answer.began <= unready.answered for answer in load.answers)

    run(tried())
