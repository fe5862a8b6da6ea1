"""A release rendered for answers, computed on first use and only once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from paved_road.errors import AnswerError, TemplateError
from paved_road.render import Operation, answers_file_of, render, rendered_text, sources

if TYPE_CHECKING:
    from pathlib import Path

    from paved_road.git.entries import Tree
    from paved_road.render import CompiledTemplate, Pristine
    from paved_road.render.context import SettledAnswers


@dataclass(frozen=True, kw_only=True, eq=False)
class Rendition:
    """A release rendered for answers.

    Settling the answers raises `AnswerError` or `TemplateError`, rendering them `TemplateError`, or `UntrustedTemplate`
    for tasks that may not run.
    """

    template: CompiledTemplate
    settle: Callable[[], SettledAnswers]
    """Called once, when the answers are first needed."""
    destination: Path
    """The folder whose name the template can read."""
    answers_file: str | None = None
    """The path of the answers file; None for the template's own path."""
    operation: Operation = Operation.COPY
    tasks: bool = False
    """Whether the tasks of an update run on the files."""
    store: Callable[[Pristine], Pristine] = lambda pristine: pristine
    """Converts the files to what git stores, according to the attributes of the service's repository."""

    @functools.cached_property
    def answers(self) -> SettledAnswers:
        """The settled answers."""
        return self.settle()

    @functools.cached_property
    def pristine(self) -> Pristine:
        """The pristine files and the template's message."""
        return self.store(
            render(
                self.template, self.answers, self.destination, operation=self.operation, tasks=self.tasks,
                answers_file=self.answers_file,
            )
        )  # fmt: skip

    @property
    def tree(self) -> Tree:
        """The pristine files, by path."""
        return self.pristine.tree

    @functools.cached_property
    def sources(self) -> Mapping[str, str]:
        """The template's source of each rendered path; {} if our renderer cannot render the template."""
        return sources(self.template, self.answers, self.destination)

    @property
    def answers_place(self) -> str:
        """The template's own path for the answers file."""
        return answers_file_of(self.template, self.answers, self.destination)

    def text(self, name: str, source: str) -> str:
        """Render a Jinja text of the template for the answers; `name` says what it is, for messages.

        Raises `TemplateError` if it cannot be evaluated.
        """
        return rendered_text(self.template, self.answers, self.destination, name, source)

    def if_renderable(self) -> Pristine | None:
        """The pristine files; None if the release does not accept the answers or cannot be rendered."""
        try:
            return self.pristine
        except (AnswerError, TemplateError):
            return None

    def for_operation(self, operation: Operation, *, tasks: bool = False) -> Rendition:
        """The same release and answers, for another operation, or with or without tasks."""
        if (operation, tasks) == (self.operation, self.tasks):
            return self
        return replace(self, settle=lambda: self.answers, operation=operation, tasks=tasks)

    def answered(
        self, recorded: Mapping[str, Any], *, given: Mapping[str, Any] = {}, defaults: Mapping[str, Any] = {}
    ) -> Rendition:
        """The same release for other answers; `given` ones win over `recorded` ones, and those over `defaults`."""
        template, destination = self.template, self.destination
        return replace(
            self, settle=lambda: template.settle(destination, given=given, recorded=recorded, defaults=defaults)
        )
