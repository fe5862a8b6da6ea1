"""Putting a template's questions to a person on a terminal. Everything is shown on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paved_road import ui

if TYPE_CHECKING:
    from paved_road.render.questions import Ask

__all__ = ["asker"]


def asker() -> Ask | None:
    """The function that puts a question to the person; None when nobody is there."""
    if not ui.interactive():
        return None
    from paved_road.ask import lines

    return lines.ask
