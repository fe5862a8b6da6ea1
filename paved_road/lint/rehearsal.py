"""A rehearsal of `paved new`: answer the questions with their defaults, and render the files once in-process.

It runs neither the tasks nor the extensions of the template. A question without a default gets a stand-in that its own
validator accepts, so whatever fails with it also fails for a person.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from paved_road.errors import AnswerError, PavedError, TemplateError, UnsupportedTemplate
from paved_road.lint.sources import Source, TemplateFault
from paved_road.render import CommandContext, CompiledTemplate, Operation, Renderer, message_before, questions, render
from paved_road.render.context import AnswerSources, SettledAnswers
from paved_road.render.prompts import MISSING, NOT_ASKED, Prompt

STAND_INS = ("example", "example-name", "Example", "example@example.com", "example.com", "1.0.0", 1, 8080, True, "[]")
"""Answers to try where a question has no default."""


def findings(template: CompiledTemplate, source: Source) -> Iterator[TemplateFault]:
    """The questions that cannot be answered; if all can, why the files cannot be rendered."""
    refused: dict[str, PavedError] = {}
    unknown: set[str] = set()

    def stand_in(prompt: Prompt) -> Any:
        if prompt.default is not MISSING:
            return NOT_ASKED
        fit = next(_accepted(prompt), NOT_ASKED)
        if fit is NOT_ASKED:
            unknown.add(prompt.name)
        return fit

    with tempfile.TemporaryDirectory(prefix="paved-check-") as folder:
        destination = Path(folder) / "example"
        answers = questions.settle(
            template.config,
            template.environment,
            template.surroundings(destination),
            AnswerSources(),
            ask=stand_in,
            refused=refused.__setitem__,
        )
        for name, error in refused.items():
            others = (refused.keys() | unknown) - {
                name
            }  # an error that depends on another open question is not reported
            if name not in unknown and not any(other in repr(template.config.questions[name]) for other in others):
                text = said(error).replace(f"the answer to {name!r}", f"the default of {name!r}")
                yield source.finding(text, name, *_key(template.config.questions[name], error))
        if not refused:
            try:
                _rendered(template, answers, destination)
            except PavedError as error:
                yield located(error, source, template)


def _accepted(prompt: Prompt) -> Iterator[Any]:
    """The stand-ins that a question accepts as its answer."""
    own = [choice.value for choice in prompt.choices if not choice.refused]
    for value in [own[:1]] if prompt.multiselect else own or STAND_INS:
        try:
            yield prompt.accept(value)
        except (AnswerError, TemplateError):
            continue


def _key(details: Any, error: PavedError) -> tuple[str, ...]:
    """The key of the question in which the error is."""
    if isinstance(error, AnswerError):
        return ("default",)
    if error.message.startswith("the choices"):
        return ("choices",)
    return tuple(key for key, value in details.items() if error.cause.endswith(repr(value)))[:1]


def _rendered(template: CompiledTemplate, answers: SettledAnswers, destination: Path) -> None:
    """Do what `paved new --dry-run` does after the questions."""
    message_before(template, destination, Operation.COPY)
    try:
        pristine = render(template, answers, destination, renderer=Renderer.OURS)
    except UnsupportedTemplate:  # only Copier will do
        pristine = render(template, answers, destination, renderer=Renderer.COPIER)
    context = CommandContext(
        template=template, answers=answers, answers_file=pristine.answers_file, destination=destination,
        source=template.surroundings(destination).source, operation=Operation.COPY,
    )  # fmt: skip
    context.tasks()


def located(error: PavedError, source: Source, template: CompiledTemplate) -> TemplateFault:
    """An error of a template, with the file or the setting that its message names."""
    text = said(error)
    if (placed := re.match(r"(.+):(\d+): ", text)) and placed[1] in template.files:
        return TemplateFault(file=placed[1], line=int(placed[2]), text=text[placed.end() :])
    root = template.config.subdirectory.removeprefix("./").strip("/")
    at = re.search(r"while rendering (?P<path>.+?)(?:, line (?P<line>\d+))?$", error.message)
    if at and (path := next((one for one in (f"{root}/{at['path']}", at["path"]) if one in template.files), None)):
        return TemplateFault(file=path, line=int(at["line"] or 1), text=f"rendering it fails: {error.cause}")
    if at and (part := re.fullmatch(r"a path \((.*)\)", at["path"])):
        path = next((one for one in template.files if part[1] in one.split("/")), source.path)
        return TemplateFault(file=path, line=1, text=f"its path: {error.cause}")
    named = (name for name in template.config.settings if re.search(rf"\b_{re.escape(name)}\b", error.message))
    if name := next(named, None):
        items = template.config.settings[name]
        place = [at for at, one in enumerate(items) if f"({one})" in text] if isinstance(items, list) else []
        return source.finding(text, f"_{name}", *place[:1])
    path = next((one for one in template.files if re.search(rf"(?<!\S){re.escape(one)}(?![^\s,:])", text)), None)
    return replace(source.finding(text), file=path) if path else source.finding(text)


def said(error: PavedError) -> str:
    """An error on one line."""
    return f"{error.message}: {error.cause}" if error.cause else error.message
