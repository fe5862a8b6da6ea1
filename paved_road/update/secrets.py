"""Secret answers: which ones no file records, and the flags that give them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from paved_road.errors import AnswerError, TemplateError
from paved_road.render import CompiledTemplate
from paved_road.service.model import Service

if TYPE_CHECKING:
    from paved_road.render.rendition import Rendition


def unrecorded(
    old: Rendition | None, template: CompiledTemplate, service: Service, given: Collection[str]
) -> frozenset[str]:
    """Secret questions that the service has answered, without a record of the answer, and that are not answered now.

    Without the old release, every secret question may be one of them. Raises `AnswerError` if a person has to answer.
    """
    answered = (old.template if old else template).config.secret & template.config.questions.keys()
    if answered and old is not None:
        with contextlib.suppress(AnswerError, TemplateError):
            answered -= old.answers.hidden
    answered -= service.answers.keys()
    missing = answered.difference(given)
    if missing and answered & set(given):
        raise answer_needed(missing, "another secret answer is given, and the update cannot tell their lines apart")
    if public := missing - template.config.secret:
        raise answer_needed(public, f"{template.release.version} records it, but until now it was secret")
    return missing


def answer_needed(names: Iterable[str], cause: str) -> AnswerError:
    """The error that asks for these secret answers."""
    shown = ", ".join(repr(name) for name in sorted(names))
    return AnswerError(f"there is no record of the secret answer to {shown}", cause=cause, hint=flags(names))


def flags(names: Iterable[str]) -> str:
    """The flags that give these answers."""
    return " ".join(f"--data {name}=VALUE" for name in sorted(names))
