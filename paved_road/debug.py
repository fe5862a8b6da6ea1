"""Debug lines, which `--debug` shows; by default nothing receives them."""

from __future__ import annotations

from collections.abc import Callable

from paved_road.text.redaction import redact

_listeners: list[Callable[[str], None]] = []


def send_to(listener: Callable[[str], None]) -> None:
    """Send the debug lines of this process to `listener` from now on."""
    _listeners[:] = [listener]


def stop() -> None:
    """Send the debug lines to nobody from now on."""
    _listeners.clear()


def is_shown() -> bool:
    """Whether anybody receives the debug lines."""
    return bool(_listeners)


def log(*words: object) -> None:
    """Log one debug line."""
    for listener in _listeners:
        listener(redact(" ".join(map(str, words))))
