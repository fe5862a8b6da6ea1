"""Secret answers stay out of messages: what a template or a parser says may quote them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from paved_road.errors import PavedError


@contextlib.contextmanager
def hidden(secret: Iterable[str], *sources: Mapping[str, Any]) -> Iterator[None]:
    """An error raised in the block quotes no answer that `sources` have to the questions named by `secret`."""
    try:
        yield
    except PavedError as error:
        for text in _texts(secret, sources):
            error.message, error.cause, error.hint = (
                said.replace(text, "***") for said in (error.message, error.cause, error.hint)
            )
        error.args = (error.message,)
        raise


def _texts(secret: Iterable[str], sources: Iterable[Mapping[str, Any]]) -> list[str]:
    values = [source[name] for name in secret for source in sources if name in source]
    texts = {
        text for value in values if not isinstance(value, bool | None) for text in (repr(value)[:10_000], str(value))
    }
    return sorted((text for text in texts if len(text) >= _SHORTEST), key=len, reverse=True)


_SHORTEST = 3
"""Characters of a text that is hidden: a shorter one is in every message, and no secret."""
