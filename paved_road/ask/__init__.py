"""Asks a person a template's questions on a terminal. All output goes to standard error.

`interview` decides what is asked; `screen` (with `fields` and `choosing`) or `lines` draws it; `saved_answers` stores
the answers until they are used.
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
    """Asks the questions of one command, and saves the answers until the command succeeds."""

    def __init__(self, command: str, *, review: str, dry_run: bool) -> None:
        self._command, self._review, self._dry_run = command, review, dry_run
        self._saved: list[SavedAnswers] = []

    def __call__(self, topic: Topic, settle: Callable[[Ask], SettledAnswers]) -> SettledAnswers:
        """Have the questions about one topic answered."""
        from paved_road.ask.interview import Talk
        from paved_road.ask.saved_answers import SavedAnswers

        saved = SavedAnswers(self._command, topic)
        earlier = saved.read()
        goes_on = bool(earlier.answers)
        talk = Talk(topic, _person(), earlier, on_use=_note_earlier_answers)
        try:
            # A dry run writes nothing, so it needs no review, except of saved answers that it did not ask for.
            return talk.hold(settle, review=self._review if goes_on or not self._dry_run else "")
        finally:
            if saved.write(talk.everything()):
                self._saved.append(saved)

    @property
    def has_saved(self) -> bool:
        """Whether some answers are saved."""
        return bool(self._saved)

    def forget(self) -> None:
        """Remove the saved answers, once the command has succeeded."""
        for saved in self._saved:
            saved.forget()
        self._saved.clear()


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
        raise NotWanted("nothing was written", hint=_GO_ON if interviewer.has_saved else "") from None
    except (KeyboardInterrupt, EOFError):
        raise Stopped("interrupted", hint=_GO_ON if interviewer.has_saved else "") from None
    except (PavedError, OSError):
        if interviewer.has_saved:
            ui.note(_GO_ON)
        raise


def _note_earlier_answers() -> None:
    """Print a note that saved answers are used, because a list of all answers does not always follow."""
    ui.note("your answers from before are used; change them in the list of all answers")


def _person() -> Person:
    """The interface to the person: line by line if the terminal cannot move its cursor."""
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        from paved_road.ask.lines import Lines

        return Lines()
    from paved_road.ask.screen import Screen

    return Screen()
