"""What a check has: trials that are repeated when the machine was too busy, and ends that are waited for."""

from __future__ import annotations

import asyncio
import signal

import pytest

from paved_road.check.live.healthy import HealthyDependencies
from paved_road.check.live.lab import BUSY, Lab, NoSteadyState
from tests.check.twin import FOLDER, contract


def lab(*faults: str) -> Lab:
    return Lab(path=FOLDER, contract=contract(*faults), seed=1, answers=HealthyDependencies(FOLDER))


def repeated(held: list[bool], waited: float) -> tuple[int, list[bool]]:
    """How many trials were made, and what the evidence says, when they end so one after the other."""
    room, made = lab(), iter(held)

    async def trial() -> float:
        holds = next(made)
        room.expect(holds=True, did="a", observed="b", expected="b")
        room.expect(holds, did="c", observed="d", expected="d")
        return waited

    asyncio.run(room.again_if_busy(trial))
    return len(held) - len(list(made)), [one.held for one in room.evidence]


def test_a_fault_counts_at_once_when_the_service_had_its_core() -> None:
    assert repeated([False, True, True], waited=0.0) == (1, [True, False])


def test_on_a_busy_machine_a_fault_counts_when_it_is_found_three_times() -> None:
    assert repeated([False, False, False, True], waited=2 * BUSY) == (3, [True, False])
    assert repeated([False, True, False, True], waited=2 * BUSY) == (2, [True, True])
    assert repeated([True, False], waited=2 * BUSY) == (1, [True, True])


def test_a_service_that_does_not_get_to_its_steady_state_is_tried_three_times() -> None:
    room, tried = lab(), []

    async def trial() -> float:
        tried.append(1)
        raise NoSteadyState("it does not get ready")

    with pytest.raises(NoSteadyState):
        asyncio.run(room.again_if_busy(trial))
    assert len(tried) == 3


def test_an_end_is_waited_for_and_its_lack_is_told() -> None:
    async def ends(*faults: str) -> tuple[int | None, float]:
        async with lab(*faults) as room, room.service() as service:
            return await service.stop(signal.SIGTERM, within=1.5)

    code, seconds = asyncio.run(ends())
    assert code == 0
    assert seconds < 1.5
    assert asyncio.run(ends("ignores-sigterm"))[0] is None


def test_what_a_check_leaves_running_ends_with_the_lab() -> None:
    async def leaves() -> int | None:
        async with lab() as room:
            left = await room.start()
            assert left.process.code is None
        return left.process.code

    assert asyncio.run(leaves()) == -signal.SIGKILL
