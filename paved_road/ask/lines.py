"""Asks questions line by line: prints the question, reads the answer, and prints an error on the next line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from paved_road import ui
from paved_road.ask.interview import Back, Question, Row, in_brief, yes_or_no
from paved_road.errors import AnswerError
from paved_road.render.prompts import Prompt
from paved_road.text.escape import visible, visible_lines


class Lines:
    """The interface to a person at a terminal that cannot move its cursor."""

    def __init__(self) -> None:
        self._knows_back = False

    def ask(self, question: Question) -> Any:
        """Ask a question until its answer is valid. Raises `Back` if the person wants the question before."""
        prompt = question.prompt
        if question.back and not self._knows_back:
            ui.question("(to go back, type <)")
            self._knows_back = True
        if question.reason:
            _complain(question.reason)
        self._list(prompt)
        while True:
            typed = _typed(_label(question), shown_default(prompt), secret=prompt.secret, several=prompt.multiline)
            if question.back and typed == "<":
                raise Back
            try:
                if not (prompt.multiselect and prompt.choices and not typed.strip()):
                    return prompt.accept(meant_answer(prompt, typed))
                _complain("nothing was typed")
            except AnswerError as error:
                _complain(in_brief(error))
            if prompt.choices:
                _complain(_how_to_choose(prompt))

    def show(self, rows: Sequence[Row]) -> None:
        """Show the answers."""
        widest = max((len(row.name) for row in rows), default=0)
        for row in rows:
            ui.question(f"{f'{row.number}.' if row.number else '':>5} {row.name:<{widest}}  {row.answer}")

    def _list(self, prompt: Prompt) -> None:
        numbered = _is_numbered(prompt)
        for number, choice in enumerate(prompt.choices, 1):
            refused = f" (not available: {choice.refused})" if choice.refused else ""
            ui.question(f"  {f'{number}.' if numbered else '-'} {choice.label}{refused}")


def _label(question: Question) -> str:
    prompt, default = question.prompt, shown_default(question.prompt)
    label = "\n".join(visible_lines(prompt.help or prompt.name))
    if question.place:
        label = f"{question.place} {label}"
    if prompt.multiselect and prompt.choices:
        label += f"; {_how_to_choose(prompt)}"
    if prompt.multiline:
        label += "; a line with . alone ends it"
    if default not in (..., "") and not prompt.secret:
        label += f" ({visible(default)})"
    if default in (..., "") and prompt.placeholder:
        label += f" (for example {visible(prompt.placeholder)})" if prompt.name else f" [{prompt.placeholder}]"
    return label


def _typed(label: str, default: Any, *, secret: bool, several: bool) -> str:
    """Read what the person types: one line, or all lines until one with only a full stop."""
    from rich.console import Console
    from rich.markup import escape
    from rich.prompt import Prompt as RichPrompt

    console = Console(stderr=True, highlight=False)
    typed = str(RichPrompt.ask(escape(label), console=console, password=secret, default=default, show_default=False))
    if not several or typed in (default, "<"):
        return typed
    lines: list[str] = []
    while typed != ".":
        lines.append(typed)
        typed = console.input("")
    return "\n".join(lines)


def _complain(text: str) -> None:
    ui.question(f"  {text}")


def _how_to_choose(prompt: Prompt) -> str:
    """What a person may type at a question that has choices."""
    if prompt.multiselect:
        return f"type {'numbers or labels' if _is_numbered(prompt) else 'labels'} with commas between, [] for none"
    return "type the number or the label of a choice" if _is_numbered(prompt) else "type the label of a choice"


_LIKE_A_NUMBER = re.compile(r"\s*[-+.]?\d")


def _is_numbered(prompt: Prompt) -> bool:
    """Whether choices are numbered: only if none of them looks like a number itself."""
    texts = (str(text) for choice in prompt.choices for text in (choice.label, choice.value))
    return not any(map(_LIKE_A_NUMBER.match, texts))


def _preset(prompt: Prompt) -> list[int]:
    """The indexes of the choices that the default selects."""
    preset = prompt.default if prompt.multiselect and isinstance(prompt.default, list) else [prompt.default]
    return [place for place, choice in enumerate(prompt.choices) if choice.value in preset]


def shown_default(prompt: Prompt) -> Any:
    """The default as the person would type it; an ellipsis makes Rich require an answer."""
    if prompt.choices:
        numbered = _is_numbered(prompt)
        words = [str(place + 1) if numbered else prompt.choices[place].label for place in _preset(prompt)]
        if words or prompt.default == []:
            return ", ".join(words) or "[]"
    return ... if prompt.typed is None else prompt.typed


def meant_answer(prompt: Prompt, typed: str) -> Any:
    """The answer that the typed text means; a choice may be typed as its label, its value or its number."""
    from paved_road.render.context import parsed

    if not prompt.choices:
        return yes_or_no(typed) if prompt.type == "bool" else typed
    preset = [parsed(prompt.choices[place].value) for place in _preset(prompt)]
    if preset and typed == shown_default(prompt):
        return preset if prompt.multiselect else preset[0]
    if not prompt.multiselect:
        return _chosen(prompt, typed)
    if any(typed == choice.label for choice in prompt.choices):  # a label may contain commas
        return [_chosen(prompt, typed)]
    return [_chosen(prompt, item.strip()) for item in typed.strip().strip("[]").split(",") if item.strip()]


def _chosen(prompt: Prompt, typed: str) -> Any:
    from paved_road.render.context import parsed

    if typed.isdecimal() and _is_numbered(prompt) and 1 <= int(typed) <= len(prompt.choices):
        return parsed(prompt.choices[int(typed) - 1].value)
    bare = typed.strip("\"'")
    same = [choice for word in (typed, bare) for choice in prompt.choices if word == choice.label]
    same += [choice for choice in prompt.choices if choice.value == bare]
    return parsed(same[0].value) if same else bare
