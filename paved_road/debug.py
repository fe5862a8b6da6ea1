"""What happens below the surface, for those who look into paved itself (`--debug`); nobody listens by default."""

from __future__ import annotations

from collections.abc import Callable

from paved_road.text.redaction import redact

_listeners: list[Callable[[str], None]] = []


def listen(listener: Callable[[str], None]) -> None:
    """From now on, in this process, `listener` hears it."""
    _listeners[:] = [listener]


def silence() -> None:
    """From now on nobody hears it."""
    _listeners.clear()


def tell(*words: object) -> None:
    """One line for whoever listens."""
    for listener in _listeners:
        listener(redact(" ".join(map(str, words))))
