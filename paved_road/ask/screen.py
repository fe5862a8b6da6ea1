"""Asks questions on a terminal that can move its cursor: line editing, arrow keys, check boxes.

After an answer, the question is erased and replaced by a line with the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prompt_toolkit.formatted_text import FormattedText, StyleAndTextTuples
from prompt_toolkit.shortcuts import print_formatted_text

from paved_road.ask.fields import MARGIN, STYLE, Terminal, field_for, label_of, place_of, wrapped
from paved_road.ask.interview import Back, Question, Row, answer_text
from paved_road.text.escape import visible


class Screen:
    """The interface to a person at a terminal that can move its cursor."""

    def __init__(self) -> None:
        self._terminal = Terminal()
        self._drawn: list[tuple[int, int]] = []
        """For each answered question and list of answers: its number of lines, and the terminal's columns then."""
        self._listed: int | None = None
        """The index in `_drawn` of the list of answers."""

    def ask(self, question: Question) -> Any:
        """Ask a question, and print its answer. Raises `Back` if the person wants the question before."""
        try:
            answer = field_for(self._terminal, question).run()
        except Back:
            self._erase_last_question()
            raise
        self._draw(_answered(question, answer, self._terminal.width))
        return answer

    def show(self, rows: Sequence[Row]) -> None:
        """Show the answers in aligned columns, one on each line."""
        widest = max((len(row.name) for row in rows), default=0)
        lines: StyleAndTextTuples = [("", "\n")]
        for row in rows:
            room = max(self._terminal.width - len(MARGIN) - widest - 3, 10)
            text = visible(row.answer)
            text = text if len(text) <= room else f"{text[: room - 3]}..."
            number = f"{row.number:>5}  " if row.number else MARGIN
            lines += [("class:place", number), ("", f"{visible(row.name):<{widest}}  "), ("class:answer", f"{text}\n")]
        if self._listed is not None:
            self._erase_from(self._listed)
        self._listed = len(self._drawn)
        self._draw(lines)

    def _draw(self, text: StyleAndTextTuples) -> None:
        print_formatted_text(FormattedText(text), style=STYLE, output=self._terminal.output)
        self._drawn.append((1 + sum(part[1].count("\n") for part in text), self._terminal.width))

    def _erase_last_question(self) -> None:
        """Erase the question before, which is asked again, and a list of answers below it."""
        last = len(self._drawn) - 1
        self._erase_from(max(last - (last == self._listed), 0))

    def _erase_from(self, first: int) -> None:
        """Erase what was drawn last, unless the terminal was resized or it is too tall for the screen."""
        gone, self._drawn = self._drawn[first:], self._drawn[:first]
        if self._listed is not None and self._listed >= first:
            self._listed = None
        lines = sum(height for height, _ in gone)
        if lines < self._terminal.height and {columns for _, columns in gone} == {self._terminal.width}:
            self._terminal.output.cursor_up(lines)
            self._terminal.output.erase_down()
            self._terminal.output.flush()


def _answered(question: Question, answer: Any, width: int) -> StyleAndTextTuples:
    """The line that replaces a question: its label with the answer next to it, or below it if there is no room."""
    prompt = question.prompt
    kind = "bool" if isinstance(answer, bool) else prompt.type
    shown = visible("(hidden)" if prompt.secret else answer_text(answer, kind, prompt))
    label = visible(label_of(prompt)[0])
    label += "" if label.endswith(("?", ".", "!", ":")) else ":"
    is_long = len(MARGIN) + len(label) + 1 + len(shown) >= width
    between = f"\n{MARGIN}" if is_long else " "
    label, shown = (wrapped(text, width)[len(MARGIN) :] if is_long else text for text in (label, shown))
    return [("class:place", place_of(question)), ("", f"{label}{between}"), ("class:answer", shown)]
