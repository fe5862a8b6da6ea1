"""SIGTERM and SIGHUP end a command in order: it cleans up, ends its child processes and reports the signal."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_ENDING = tuple(number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None)


class EndedBySignal(BaseException):
    """A signal asks the command to end. It is no `Exception`, so that no `except Exception` catches it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name = signal.Signals(number).name
        self.exit_code = 128 + number
        """As a shell reports it: 143 for SIGTERM, 129 for SIGHUP."""


@contextlib.contextmanager
def raising() -> Iterator[None]:
    """Within the block, the first SIGTERM or SIGHUP raises `EndedBySignal`; later ones do not disturb the clean-up.

    A signal that is already ignored (`nohup`) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _ENDING}
    ours = [number for number, handler in before.items() if handler is signal.SIG_DFL]

    def end(number: int, _: FrameType | None) -> None:
        for each in ours:
            signal.signal(each, signal.SIG_IGN)
        raise EndedBySignal(number)

    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])
