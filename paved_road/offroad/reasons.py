"""Refuses reasons that only fill the field."""

from __future__ import annotations

import re

EXAMPLE = (
    "The cluster of the payment zone pulls images only from the bank's own registry, "
    "so the road's public base image cannot be deployed there."
)

_PLACEHOLDER = re.compile(
    r"\b(todo|tbd|tba|fixme|xxx+|lorem ipsum|placeholder|asdf\w*|fill (me|this) in|<[^>]+>)\b|^<.*>$"
)
# Could be said of any deviation.
_BOILERPLATE = re.compile(
    r"""(as\ )?(discussed|agreed|usual)|not\ applicable|does\ not\ apply|(it\ is\ )?(needed|necessary|required|legacy)
    |we\ (need|want|have)\ (it|this|to)|(special|business|technical|operational)\ (reasons?|needs?|requirements?)
    |(temporary|quick)(\ (fix|solution|workaround|exception))?|will\ (be\ )?(fix|fixed|do)(\ (it|this))?(\ later)?
    |see\ (the\ )?(issue|ticket|link|pr|above|below)|because|reason|none|no\ reason|exception|deviation|off\ road
    |accepted\ risk|false\ positive|experiment|operational\ need|n\ ?a|test|(we\ )?do\ not\ (need|want)\ (it|this)""",
    re.VERBOSE,
)
_FEWEST_WORDS = 5


def check_reason(reason: str, *, required: bool = False) -> str:
    """Return `reason`. Raises `ValueError`, with a good example, if it is boilerplate, or empty and `required`."""
    if fault := _fault(reason, required=required):
        raise ValueError(f"{fault}; a good one: {EXAMPLE}")
    return reason


def _fault(reason: str, *, required: bool) -> str | None:
    if not reason.strip():
        return "the reason is empty" if required else None
    if _PLACEHOLDER.search(reason.lower()):
        return f"the reason {reason!r} is a placeholder"
    words = re.findall(r"[^\W_]+", reason.lower())
    if _BOILERPLATE.fullmatch(" ".join(words)):
        return f"the reason {reason!r} fits any deviation"
    if len(set(words)) < _FEWEST_WORDS:
        return f"the reason {reason!r} is too short for people outside the team"
    if " ".join(reason.split()) == EXAMPLE:
        return "the reason is the example"
    return None
