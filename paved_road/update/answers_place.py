"""Where the answers file goes: it stays, unless the old release put it there and the new one puts it elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paved_road.errors import AnswerError, TemplateError, UsageError
from paved_road.service import answers_file, answers_path

if TYPE_CHECKING:
    from paved_road.render.rendition import Rendition
    from paved_road.update.start import Start


def find_answers_place(start: Start, new: Rendition) -> str:
    """The answers file of the updated service. Raises `UsageError` if something else is in its place."""
    now, wanted = start.service.answers_file, new.answers_place
    if wanted == now or start.old is None or _place_before(start.old) != now:
        return now
    answers_path.check_free(start.service.path, wanted)
    if wanted in start.head:
        raise UsageError(
            f"{new.template.release.version} moves the answers file to {wanted}, which the service has already",
            cause=f"git has a file there, and {now} is the answers file",
            hint=f"git mv {wanted} elsewhere, and commit",
        )
    return wanted


def _place_before(old: Rendition) -> str | None:
    """Where the release that the service comes from puts its answers file; None where that cannot be known."""
    setting = str(old.template.config.settings.get("answers_file") or answers_file.DEFAULT)
    if "{" not in setting:
        return setting
    try:
        return old.answers_place
    except (AnswerError, TemplateError):
        return None
