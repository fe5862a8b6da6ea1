"""Runs asynchronous code so that a signal which ends this process first ends, in order, what the code has started.

A signal's own handler raises an exception wherever the loop happens to be. Inside of a task that nobody waits for, such
as a connection of a server, that exception would be lost, and the process would go on.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

_Value = TypeVar("_Value")

_ENDING = tuple(number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None)
"""`asyncio.run` itself treats SIGINT like this."""


def run(work: Coroutine[Any, Any, _Value]) -> _Value:
    """Run a coroutine in a loop of its own. After SIGTERM or SIGHUP it is cancelled, and then the signal takes effect.

    Raises what the coroutine raises, and what the handler of the signal does.
    """
    if threading.current_thread() is not threading.main_thread():
        return asyncio.run(work)
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in _ENDING}
    try:
        return asyncio.run(_until_signal(work, [one for one in _ENDING if before[one] != signal.SIG_IGN], came))
    except asyncio.CancelledError:
        if not came:
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    signal.raise_signal(came[0])
    raise SystemExit(128 + came[0])  # the handler let the process go on, but the work is not done


async def _until_signal(work: Coroutine[Any, Any, _Value], numbers: list[int], came: list[int]) -> _Value:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def end(number: int) -> None:
        if not came and task is not None:
            task.cancel()
        came.append(number)

    for number in numbers:
        loop.add_signal_handler(number, end, number)
    return await work
