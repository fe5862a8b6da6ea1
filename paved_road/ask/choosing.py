"""A list of choices: a person selects one with the arrow keys, or by typing its label or value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paved_road.errors import AnswerError, similar
from paved_road.render.context import parsed
from paved_road.render.prompts import MISSING, Choice, Prompt


class Menu:
    """The state of a list: the choice pointed at, the checked choices, and the text typed to find one."""

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
        """Point at the next choice in this direction that is available."""
        self.typed = ""
        places = [(self.pointed + step * far) % len(self.choices) for far in range(1, len(self.choices) + 1)]
        self.pointed = next((place for place in places if not self.choices[place].refused), self.pointed)

    def type(self, text: str) -> None:
        """Add to the typed text, and point at the choice that it means."""
        self.typed += text
        self._point()

    def erase(self) -> None:
        """Remove the last typed letter."""
        self.typed = self.typed[:-1]
        self._point()

    def space(self) -> None:
        """Check or uncheck the choice, or add a space to the typed text if a label continues with one."""
        is_letter = bool(self.typed) and (self._begins(f"{self.typed} ") or self._find(self.typed) is None)
        if self.several and not is_letter:
            self._check(self.pointed, on=self.pointed not in self.checked)
        elif self.typed:
            self.type(" ")

    def enter(self) -> Any:
        """The answer, for the prompt's `accept`; `MISSING` if this only checked the typed choices.

        Raises `AnswerError` if the typed text is not an available choice.
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
        """The index of the choice that a text means; None if there is none.

        A whole label or value wins over the beginning of one, and that over the beginning of a word inside a label. A
        label wins over a value.
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
    return any(type(item) is type(value) and item == value for item in values)
