"""Finds answers for a repository that was not made from the template: values close to its own that are valid.

A repository written by hand may have any name (`My Repo`, `Foo_Bar`). If a validator refuses it as an answer and nobody
can be asked, the first similar name that the validator accepts is the answer, and a note reports it.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from paved_road.errors import AnswerError
from paved_road.render.context import SettledAnswers, parsed
from paved_road.render.prompts import NOT_ASKED, Ask, Prompt, Topic

_LONGEST = 40
"""The largest number of characters in a name: few systems allow more."""


class Likely:
    """An interview without a person: it takes each default, or a similar value if the default is not valid."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        """One note for each answer that differs from the default."""

    def __call__(self, _: Topic, settle: Callable[[Ask], SettledAnswers]) -> SettledAnswers:
        """Settle the questions."""
        return settle(self._answer)

    def _answer(self, prompt: Prompt) -> Any:
        if not isinstance(prompt.default, str) or prompt.secret or _is_valid(prompt, prompt.default):
            return NOT_ASKED
        similar = next((text for text in likenesses(prompt.default) if _is_valid(prompt, text)), None)
        if similar is None:
            return NOT_ASKED  # the default is then refused, with the reason and the flag
        self.notes.append(
            f"{prompt.name} is {similar!r}: the template does not take {prompt.default!r}; "
            f"another one: --data {prompt.name}=VALUE"
        )
        return prompt.accept(parsed(similar))


def likenesses(text: str) -> Iterator[str]:
    """Texts similar to this one; each is more likely to be valid, and less similar, than the one before.

    >>> list(likenesses("My Repo"))[:3]
    ['My Repo', 'my-repo', 'my_repo']
    """
    yield re.sub(r'["\\]+', "'", " ".join(text.split()))
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # drops the dots of an umlaut
    words = re.sub(r"[^a-z0-9]+", "-", letters.lower())
    name = re.sub(r"^[^a-z]+", "", words)[:_LONGEST].strip("-")
    for candidate in (name, f"{name[: _LONGEST - 8]}-service".strip("-"), "service"):
        yield candidate
        yield candidate.replace("-", "_")


def _is_valid(prompt: Prompt, text: str) -> bool:
    with contextlib.suppress(AnswerError):
        prompt.accept(parsed(text))
        return True
    return False
