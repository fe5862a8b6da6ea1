import asyncio
import time
import warnings
from collections.abc import Awaitable, Callable

import anyio.to_thread
import pytest

from virtual_time import VirtualTimeLoop


async def test_a_timer_takes_no_time_and_ends_at_its_time() -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    await asyncio.sleep(3600)
    assert loop.time() - started == 3600


@pytest.mark.parametrize("in_thread", [asyncio.to_thread, anyio.to_thread.run_sync])
async def test_time_stands_still_while_a_thread_works(in_thread: Callable[..., Awaitable[None]]) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.timeout(0.001):
        await in_thread(time.sleep, 0.05)
    assert loop.time() == started
    await asyncio.sleep(3600)
    assert loop.time() - started == 3600


def test_the_loop_waits_for_its_threads_when_it_is_closed() -> None:
    done = []

    def work() -> None:
        time.sleep(0.05)
        done.append(True)

    async def leave_work_behind() -> None:
        asyncio.get_running_loop().run_in_executor(None, work)

    with warnings.catch_warnings(action="error"), asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(leave_work_behind())
    assert done == [True]
