"""Renders a release for given answers: `prepare` compiles the release, `settle` settles the answers, `render` renders.

The result is the pristine tree. Copier is the reference. The in-process renderer is faster and covers Copier's common
features. It is used only where it is verified: this project's tests compare the two for the built-in road, and each
release of a foreign road is rendered by both the first time it is used. Where they differ, or where the in-process
renderer lacks a feature, Copier renders.
"""

from paved_road.render.context import Operation
from paved_road.render.rendering import (
    CommandContext,
    Pristine,
    Renderer,
    answers_file_of,
    empty_folders,
    message_before,
    render,
    rendered_text,
    sources,
)
from paved_road.render.template import CompiledTemplate, prepare, untrusted

__all__ = [
    "CommandContext",
    "CompiledTemplate",
    "Operation",
    "Pristine",
    "Renderer",
    "answers_file_of",
    "empty_folders",
    "message_before",
    "prepare",
    "render",
    "rendered_text",
    "sources",
    "untrusted",
]
