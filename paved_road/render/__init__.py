"""A release and answers become a pristine tree: `prepare` compiles a release, `settle` answers, `render` renders.

Copier is the reference. An in-process renderer covers its common features, and is trusted because it is verified:
the built-in road's templates by this project's tests, a release of a foreign road by rendering it both ways the
first time it is seen. What it does not cover, or where the two differ, goes through Copier.
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
    "sources",
    "untrusted",
]
