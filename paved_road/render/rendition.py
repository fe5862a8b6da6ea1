"""A release rendered for answers. Nothing of it is computed before it is asked for, and nothing twice."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from paved_road.errors import AnswerError, TemplateError
from paved_road.render import Operation, answers_file_of, render, sources

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
    """Settles the answers, the first time that they are needed."""
    destination: Path
    """The folder that the template may know the name of."""
    answers_file: str | None = None
    """Where the answers file goes; None for where the template puts it."""
    operation: Operation = Operation.COPY
    tasks: bool = False
    """Whether the tasks of an update shape the files."""
    store: Callable[[Pristine], Pristine] = lambda pristine: pristine
    """Converts the files to what git stores of them, as the attributes of the service's repository demand."""

    @functools.cached_property
    def answers(self) -> SettledAnswers:
        """The settled answers."""
        return self.settle()

    @functools.cached_property
    def pristine(self) -> Pristine:
        """The pristine files and what the template says with them."""
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
        """The template's source of each rendered path, as far as our renderer can tell; {} where it cannot."""
        return sources(self.template, self.answers, self.destination)

    @property
    def answers_place(self) -> str:
        """Where the template itself puts the answers file."""
        return answers_file_of(self.template, self.answers, self.destination)

    def if_renderable(self) -> Pristine | None:
        """The pristine files; None where the release does not take the answers or does not render."""
        try:
            return self.pristine
        except (AnswerError, TemplateError):
            return None

    def for_operation(self, operation: Operation, *, tasks: bool = False) -> Rendition:
        """The same release and answers, rendered for another operation, or with or without tasks."""
        if (operation, tasks) == (self.operation, self.tasks):
            return self
        return replace(self, settle=lambda: self.answers, operation=operation, tasks=tasks)

    def answered(
        self, recorded: Mapping[str, Any], *, given: Mapping[str, Any] = {}, defaults: Mapping[str, Any] = {}
    ) -> Rendition:
        """The same release for other answers: those `recorded`, unless they are `given`, else the `defaults`."""
        template, destination = self.template, self.destination
        return replace(
            self, settle=lambda: template.settle(destination, given=given, recorded=recorded, defaults=defaults)
        )
