"""The recorded answers of a service when the new release asks other questions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Container, Mapping
from typing import Any

from paved_road.errors import AnswerError
from paved_road.git import Scratch
from paved_road.git.entries import Files
from paved_road.render import CompiledTemplate
from paved_road.render.context import SettledAnswers, parsed
from paved_road.render.prompts import MISSING, Ask, Interview, Prompt, Topic
from paved_road.service import answers_file
from paved_road.service.model import Service


def ask_only_new(interview: Interview | None, recorded: Mapping[str, Any], secret: Container[str]) -> Interview | None:
    """An interview that asks only for answers that are missing, or that the new release does not accept.

    It does not ask for a secret answer that has a default.
    """
    if interview is None:
        return None
    person = interview

    def answered(topic: Topic, settle: Callable[[Ask], SettledAnswers]) -> SettledAnswers:
        return person(topic, lambda ask: settle(lambda prompt: answer(prompt, ask)))

    def answer(prompt: Prompt, ask: Ask) -> Any:
        if prompt.name in recorded:
            with contextlib.suppress(AnswerError):
                return prompt.accept(parsed(recorded[prompt.name]))
        return prompt.default if prompt.name in secret and prompt.default is not MISSING else ask(prompt)

    return answered


def refuse_lost_answers(
    template: CompiledTemplate, answers: SettledAnswers, service: Service, given: Collection[str], *, asked: bool
) -> None:
    """Raises `AnswerError` if the new release does not accept a recorded answer: it must not become the default."""
    known = {*answers.recorded, *answers.hidden, *given}
    lost = [name for name in template.config.questions if name in service.answers and name not in known]
    if asked or not lost:
        return
    shown = [repr(name) if name in template.config.secret else f"{name!r}: {service.answers[name]!r}" for name in lost]
    refused = {name: answers.refused[name] for name in lost if name in answers.refused}
    why = [f"{name}: {reason}" if lost[1:] else reason for name, reason in refused.items()]
    what = "the recorded answers" if lost[1:] else "the recorded answer"
    raise AnswerError(
        f"release {template.release.version} does not take {what} to {', '.join(shown)}",
        cause="; ".join(why) or f"{service.answers_file} was edited, or the question has changed",
        hint=" ".join(f"--data {name}=VALUE" for name in lost),
    )


def without_address_only_change(result: Files, head: Files, service: Service, scratch: Scratch) -> Files:
    """The result without a change of the answers file that only renames the road's address.

    That is no update, and `status` does not report one. The address is written with the next update that changes more.
    """
    name = service.answers_file
    if {path for path in {*result, *head} if result.get(path) != head.get(path)} != {name}:
        return result
    if result.get(name) is None or head.get(name) is None:
        return result
    before, after = scratch.read([head[name], result[name]])
    is_same = answers_file.parse_stated(before).road == answers_file.parse_stated(after).road
    return {**result, name: head[name]} if is_same and _beside_address(before) == _beside_address(after) else result


def _beside_address(answers: bytes) -> list[bytes]:
    """The lines of an answers file without the one that names the road."""
    return [line for line in answers.splitlines() if not line.startswith(b"_src_path:")]
