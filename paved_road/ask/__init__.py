"""Putting a template's questions to a person on a terminal. Everything is drawn on standard error.

`interview` decides what is asked; `screen` (with `fields` and `choosing`) or `lines` draws it; `kept` holds the answers
until they are used.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from paved_road import ui
from paved_road.errors import NotWanted, PavedError, Stopped

if TYPE_CHECKING:
    from paved_road.ask.interview import Person
    from paved_road.ask.saved_answers import SavedAnswers
    from paved_road.render.context import SettledAnswers
    from paved_road.render.prompts import Ask, Topic

__all__ = ["Interviewer", "asking"]

_GO_ON = "your answers are kept; run the same command again to go on"


class Interviewer:
    """Asks for one command, and keeps the answers until the command has done what they were given for."""

    def __init__(self, command: str, *, review: str, dry_run: bool) -> None:
        self._command, self._review, self._dry_run = command, review, dry_run
        self._kept: list[SavedAnswers] = []

    def __call__(self, topic: Topic, settle: Callable[[Ask], SettledAnswers]) -> SettledAnswers:
        """Have the questions about one topic answered."""
        from paved_road.ask.interview import Talk
        from paved_road.ask.saved_answers import SavedAnswers

        kept = SavedAnswers(self._command, topic)
        said = kept.read()
        goes_on = bool(said.answers)
        talk = Talk(topic, _person(), said, on_use=_tell_of_earlier)
        try:
            # A dry run writes nothing, so it has no review: but for answers that it did not ask for.
            return talk.hold(settle, review=self._review if goes_on or not self._dry_run else "")
        finally:
            if kept.write(talk.everything()):
                self._kept.append(kept)

    @property
    def has_kept(self) -> bool:
        """Whether some answers are kept."""
        return bool(self._kept)

    def forget(self) -> None:
        """The command has done what it was asked for: nobody needs the answers again."""
        for kept in self._kept:
            kept.forget()
        self._kept.clear()


@contextlib.contextmanager
def asking(command: str, *, wanted: bool, review: str, dry_run: bool) -> Iterator[Interviewer | None]:
    """The interviewer that asks while `command` runs; None without a terminal, or if asking is not `wanted`.

    `review` is the question under the list of the answers. If the command fails or is interrupted, a note says that
    the answers are kept. Raises `NotWanted` if the person declines, and `Stopped` if they interrupt.
    """
    if not wanted or not ui.interactive():
        yield None
        return
    from paved_road.ask.interview import Declined

    interviewer = Interviewer(command, review=review, dry_run=dry_run)
    try:
        yield interviewer
    except Declined:
        raise NotWanted("nothing was written", hint=_GO_ON if interviewer.has_kept else "") from None
    except (KeyboardInterrupt, EOFError):
        raise Stopped("interrupted", hint=_GO_ON if interviewer.has_kept else "") from None
    except (PavedError, OSError):
        if interviewer.has_kept:
            ui.note(_GO_ON)
        raise


def _tell_of_earlier() -> None:
    """Said when one is taken: no list of answers follows where none of their questions is put."""
    ui.note("your answers from before are used; change them in the list of all answers")


def _person() -> Person:
    """The person at this terminal: line by line where it cannot move the cursor."""
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        from paved_road.ask.lines import Lines

        return Lines()
    from paved_road.ask.screen import Screen

    return Screen()
