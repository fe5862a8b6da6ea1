"""Answers for a repository that was not made from the template: its own words, as near as the template takes them.

A repository written by hand has the name it has (`My Repo`, `Foo_Bar`). Where a validator refuses it as an answer and
nobody can be asked, the first like it that the validator takes is the answer, and a note says so.
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
"""Characters of a name: few systems take more."""


class Likely:
    """An interview without a person: every default, or what is like it and valid."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        """What was answered in place of a default."""

    def __call__(self, _: Topic, settle: Callable[[Ask], SettledAnswers]) -> SettledAnswers:
        """Settle the questions."""
        return settle(self._answer)

    def _answer(self, prompt: Prompt) -> Any:
        if not isinstance(prompt.default, str) or prompt.secret or _is_valid(prompt, prompt.default):
            return NOT_ASKED
        found = next((text for text in likenesses(prompt.default) if _is_valid(prompt, text)), None)
        if found is None:
            return NOT_ASKED  # and the default is refused, with the reason and the flag
        self.notes.append(
            f"{prompt.name} is {found!r}: the template does not take {prompt.default!r}; "
            f"another one: --data {prompt.name}=VALUE"
        )
        return prompt.accept(parsed(found))


def likenesses(text: str) -> Iterator[str]:
    """Texts like this one that more and more validators take.

    >>> list(likenesses("My Repo"))[:3]
    ['My Repo', 'my-repo', 'my_repo']
    """
    yield re.sub(r'["\\]+', "'", " ".join(text.split()))
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # an umlaut is two characters then
    words = re.sub(r"[^a-z0-9]+", "-", letters.lower())
    name = re.sub(r"^[^a-z]+", "", words)[:_LONGEST].strip("-")
    for one in (name, f"{name[: _LONGEST - 8]}-service".strip("-"), "service"):
        yield one
        yield one.replace("-", "_")


def _is_valid(prompt: Prompt, text: str) -> bool:
    with contextlib.suppress(AnswerError):
        prompt.accept(parsed(text))
        return True
    return False
