"""An event loop whose time does not take any."""

import asyncio
import selectors


class VirtualClock(selectors.DefaultSelector):
    """Where the loop would wait for a timer, it is that time already."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(timeout if timeout is None else 0)
        if timeout is not None and not events:
            self.now += timeout
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = VirtualClock()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now
