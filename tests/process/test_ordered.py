"""A signal cancels asynchronous work, wherever that is, before it takes effect."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from paved_road.process import ordered


class Ended(BaseException):
    """What the handler of a signal raises."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_work_is_cleaned_up_before_the_signal_takes_effect(number: int) -> None:
    done: list[str] = []

    def end(*_: object) -> None:
        done.append("handler")
        raise Ended

    async def forgotten() -> None:
        os.kill(os.getpid(), number)

    async def work() -> None:
        task = asyncio.create_task(forgotten())
        try:
            await asyncio.sleep(60)
        finally:
            done.append("clean")
            await task

    before = signal.signal(number, end)
    try:
        with pytest.raises(Ended):
            ordered.run(work())
        assert signal.getsignal(number) is end
    finally:
        signal.signal(number, before)
    assert done == ["clean", "handler"]


def test_the_value_and_the_errors_are_those_of_the_work() -> None:
    async def seven() -> int:
        return 7

    async def wrong() -> None:
        raise KeyError("x")

    assert ordered.run(seven()) == 7
    with pytest.raises(KeyError):
        ordered.run(wrong())


def test_work_in_another_thread_is_left_to_its_thread() -> None:
    async def seven() -> int:
        return 7

    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(ordered.run(seven())))
    thread.start()
    thread.join()
    assert found == [7]
