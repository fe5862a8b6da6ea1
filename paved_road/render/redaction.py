"""Keeps secret answers out of error messages, because a template or a parser may quote them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from paved_road.errors import PavedError


@contextlib.contextmanager
def hidden(secret: Iterable[str], *sources: Mapping[str, Any]) -> Iterator[None]:
    """Replace the answers of secret questions with `***` in errors raised in the block.

    `secret` names the questions, and `sources` have their answers.
    """
    try:
        yield
    except PavedError as error:
        for text in _texts(secret, sources):
            error.message, error.cause, error.hint = (
                part.replace(text, "***") for part in (error.message, error.cause, error.hint)
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
"""The fewest characters of a text that is hidden: shorter ones occur in every message, and are no secrets."""
