"""A list of choices that a person moves through with arrows or by typing: a label or a value, never a position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paved_road.errors import AnswerError, similar
from paved_road.render.context import parsed
from paved_road.render.prompts import MISSING, Choice, Prompt


class Menu:
    """What is pointed at, what is checked, and what was typed to find it."""

    def __init__(self, prompt: Prompt) -> None:
        self.choices = prompt.choices
        self.several = prompt.multiselect
        preset = prompt.default if self.several and isinstance(prompt.default, list) else [prompt.default]
        places = [place for place, choice in enumerate(self.choices) if _has(preset, choice.value)]
        open_ones = [place for place, choice in enumerate(self.choices) if not choice.refused]
        self.checked = {place for place in places if place in open_ones} if self.several else set[int]()
        self.pointed = next((place for place in (*places, *open_ones) if place in open_ones), 0)
        self.typed = ""

    def move(self, step: int) -> None:
        """Point at the next choice in this direction that can be chosen."""
        self.typed = ""
        places = [(self.pointed + step * far) % len(self.choices) for far in range(1, len(self.choices) + 1)]
        self.pointed = next((place for place in places if not self.choices[place].refused), self.pointed)

    def type(self, text: str) -> None:
        """Point at what is meant by all that was typed since the last movement."""
        self.typed += text
        self._point()

    def erase(self) -> None:
        """Take the last typed letter back."""
        self.typed = self.typed[:-1]
        self._point()

    def space(self) -> None:
        """Check or uncheck where several can be chosen; a letter of a label where it is one."""
        is_letter = bool(self.typed) and (self._begins(f"{self.typed} ") or self._find(self.typed) is None)
        if self.several and not is_letter:
            self._check(self.pointed, on=self.pointed not in self.checked)
        elif self.typed:
            self.type(" ")

    def enter(self) -> Any:
        """The answer, for the prompt's `accept`; `MISSING` where what was typed was checked and the person goes on.

        Raises `AnswerError` for what cannot be chosen.
        """
        typed, self.typed = self.typed, ""
        if not self.several:
            return parsed(self.choices[self._allowed(self._meant(typed))].value)
        if not typed:
            return [parsed(self.choices[place].value) for place in sorted(self.checked)]
        whole = self._find(typed) is not None
        for word in [typed] if whole else [word.strip() for word in typed.split(",") if word.strip()]:
            self._check(self._meant(word), on=True)
        return MISSING

    def _check(self, place: int, *, on: bool) -> None:
        self.pointed = self._allowed(place)
        (self.checked.add if on else self.checked.discard)(place)
        self.typed = ""

    def _point(self) -> None:
        found = self._find(self.typed)
        self.pointed = self.pointed if found is None else found

    def _meant(self, text: str) -> int:
        found = self._find(text)
        if found is None:
            labels = [choice.label for choice in self.choices if not choice.refused]
            raise AnswerError(f"no choice is called {text}", hint=similar(text, labels))
        return found

    def _allowed(self, place: int) -> int:
        if why := self.choices[place].refused:
            raise AnswerError(f"{self.choices[place].label} is not available", cause=why)
        return place

    def _find(self, text: str) -> int | None:
        """The place of the choice that a text means: its label before its value, all of it before its beginning.

        Last comes the beginning of a word inside a label.
        """
        wanted = text.strip().casefold()
        if not wanted:
            return self.pointed
        exact: tuple[Callable[[Choice], bool], ...] = (
            lambda choice: choice.label == text.strip(),
            lambda choice: str(choice.value) == text.strip(),
            lambda choice: choice.label.casefold() == wanted,
            lambda choice: str(choice.value).casefold() == wanted,
        )
        near: tuple[Callable[[Choice], bool], ...] = (
            lambda choice: choice.label.casefold().startswith(wanted),
            lambda choice: str(choice.value).casefold().startswith(wanted),
            lambda choice: f" {wanted}" in choice.label.casefold(),
        )
        for test in (*exact, *near):
            for place, choice in enumerate(self.choices):
                if test(choice) and (test in exact or not choice.refused):
                    return place
        return None

    def _begins(self, text: str) -> bool:
        return any(choice.label.casefold().startswith(text.casefold()) for choice in self.choices if text.strip())


def _has(values: list[Any], value: Any) -> bool:
    return any(type(one) is type(value) and one == value for one in values)
