"""Where the answers file goes: where it is, unless the template put it there and its new release says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paved_road.errors import AnswerError, TemplateError, UsageError
from paved_road.render import answers_file_of
from paved_road.service import answers_file, answers_path

if TYPE_CHECKING:
    from paved_road.git.entries import Files
    from paved_road.render import CompiledTemplate
    from paved_road.render.context import SettledAnswers
    from paved_road.service.model import Service


def find(
    service: Service, before: CompiledTemplate | None, form: CompiledTemplate, book: SettledAnswers, head: Files
) -> str:
    """The answers file of the updated service; `UsageError` where something else is in its place."""
    now, wanted = service.answers_file, answers_file_of(form, book, service.path)
    if wanted == now or before is None or _before(service, before) != now:
        return now
    answers_path.check_free(service.path, wanted)
    if wanted in head:
        raise UsageError(
            f"{form.release.version} moves the answers file to {wanted}, which the service has already",
            cause=f"git has a file there, and {now} is the answers file",
            hint=f"git mv {wanted} elsewhere, and commit",
        )
    return wanted


def _before(service: Service, before: CompiledTemplate) -> str | None:
    """Where the release that the service comes from puts its answers file; None where that cannot be known."""
    setting = str(before.config.settings.get("answers_file") or answers_file.DEFAULT)
    if "{" not in setting:
        return setting
    try:
        return answers_file_of(before, before.settle(service.path, given={}, recorded=service.answers), service.path)
    except (AnswerError, TemplateError):
        return None
