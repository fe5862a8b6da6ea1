"""Questions asked line by line: the question is printed, an answer is typed, the next line says what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from paved_road.errors import AnswerError
from paved_road.escape import visible, visible_lines

if TYPE_CHECKING:
    from paved_road.render.questions import Prompt


def ask(prompt: Prompt) -> Any:
    """Ask until the answer is one."""
    from rich.console import Console
    from rich.markup import escape
    from rich.prompt import Prompt as RichPrompt

    console = Console(stderr=True, highlight=False)
    numbered = _is_numbered(prompt)
    for number, choice in enumerate(prompt.choices, 1):
        refused = f" (not available: {choice.refused})" if choice.refused else ""
        console.print(f"  {number}." if numbered else "  -", visible(choice.label + refused), markup=False)
    default = _shown(prompt)
    label = "\n".join(visible_lines(prompt.help or prompt.name))
    if prompt.multiselect and prompt.choices:
        label += f"; {_how_to_choose(prompt)}"
    if default not in (..., "") and not prompt.secret:
        label += f" ({visible(default)})"
    if default in (..., "") and prompt.placeholder:
        label += f" (for example {visible(prompt.placeholder)})"
    while True:
        typed = RichPrompt.ask(
            escape(label), console=console, password=prompt.secret, default=default, show_default=False
        )
        try:
            if not (prompt.multiselect and prompt.choices and not typed.strip()):
                return prompt.accept(_meant(prompt, typed))
            said = "nothing was typed"
        except AnswerError as error:
            said = error.cause or error.message
        console.print(f"  {visible(said)}", style="red", markup=False)
        if prompt.choices:
            console.print(f"  {_how_to_choose(prompt)}", markup=False)


def _how_to_choose(prompt: Prompt) -> str:
    """What a person may type at a question that has choices."""
    if prompt.multiselect:
        return f"type {'numbers or labels' if _is_numbered(prompt) else 'labels'} with commas between, [] for none"
    return "type the number or the label of a choice" if _is_numbered(prompt) else "type the label of a choice"


_LIKE_A_NUMBER = re.compile(r"\s*[-+.]?\d")


def _is_numbered(prompt: Prompt) -> bool:
    """Whether a number stands for a choice by its place: not where it could mean a choice that is a number itself."""
    texts = (str(text) for choice in prompt.choices for text in (choice.label, choice.value))
    return not any(map(_LIKE_A_NUMBER.match, texts))


def _preset(prompt: Prompt) -> list[int]:
    """The places of the choices that the default selects."""
    preset = prompt.default if prompt.multiselect and isinstance(prompt.default, list) else [prompt.default]
    return [place for place, choice in enumerate(prompt.choices) if choice.value in preset]


def _shown(prompt: Prompt) -> Any:
    """The default as the person would type it; an ellipsis makes Rich insist on an answer."""
    if prompt.choices:
        numbered = _is_numbered(prompt)
        words = [str(place + 1) if numbered else prompt.choices[place].label for place in _preset(prompt)]
        if words or prompt.default == []:
            return ", ".join(words) or "[]"
    return ... if prompt.typed is None else prompt.typed


def _meant(prompt: Prompt, typed: str) -> Any:
    """The answer that a person means: a choice may be typed as its label, its value or the number before it."""
    from paved_road.render.context import parsed

    if not prompt.choices:
        return typed
    preset = [parsed(prompt.choices[place].value) for place in _preset(prompt)]
    if preset and typed == _shown(prompt):
        return preset if prompt.multiselect else preset[0]
    if not prompt.multiselect:
        return _chosen(prompt, typed)
    if any(typed == choice.label for choice in prompt.choices):  # it may hold commas
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
