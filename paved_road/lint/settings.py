"""Faults of `copier.yml`: keys that Copier silently ignores, and names of questions that do not exist."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from paved_road.errors import nearest, similar
from paved_road.lint.sources import Source, TemplateFault
from paved_road.render.answer_types import TYPES
from paved_road.render.config import TemplateConfig
from paved_road.road.versions import is_version

SETTINGS = (
    "answers_file", "envops", "exclude", "external_data", "jinja_extensions", "message_after_copy",
    "message_after_update", "message_before_copy", "message_before_update", "migrations", "min_copier_version",
    "preserve_symlinks", "secret_questions", "skip_if_exists", "subdirectory", "tasks", "templates_suffix",
)  # fmt: skip
"""Copier's settings, without the underscore."""

QUESTION = (
    "type", "help", "choices", "default", "multiselect", "multiline", "placeholder", "qmark", "secret", "validator",
    "when", "ask",
)  # fmt: skip
"""The keys that Copier knows in a question."""

_JINJAS_WORDS = frozenset({"and", "else", "false", "if", "in", "is", "none", "not", "or", "true"})

COMMAND = ("command", "when", "working_directory")
MIGRATION = (*COMMAND, "version", "before", "after")


def findings(config: TemplateConfig, source: Source, files: Iterable[str]) -> Iterator[TemplateFault]:
    """Misspelt settings and keys, names of questions that do not exist, and versions that are not versions."""
    yield from source.duplicate_keys()
    yield from _root(config.subdirectory, source, list(files))
    for name in config.settings:
        if name not in SETTINGS:
            suggestion = _suggestion(f"_{name}", [f"_{setting}" for setting in SETTINGS])
            yield source.finding(f"Copier has no setting _{name} and ignores it{suggestion}", f"_{name}")
    for name, details in config.questions.items():
        yield from _question(name, details, source)
    for position, name in enumerate(config.settings.get("secret_questions", ())):
        if name not in config.questions:
            text = f"_secret_questions names {name!r}, which is no question{_suggestion(str(name), config.questions)}"
            yield source.finding(text, "_secret_questions", position)
    for key, commands, known in (("_tasks", config.tasks, COMMAND), ("_migrations", config.migrations, MIGRATION)):
        for position, command in enumerate(commands):
            if isinstance(command, Mapping):
                yield from _command(command, known, source, key, position)


def _root(subdirectory: str, source: Source, files: list[str]) -> Iterator[TemplateFault]:
    """A `_subdirectory` that does not exist."""
    root = posixpath.normpath(subdirectory or ".")
    if "{" not in root and root != "." and not any(path.startswith(f"{root}/") for path in files):
        suggestion = _suggestion(root, {path.split("/", 1)[0] for path in files if "/" in path})
        text = f"_subdirectory is {root!r}, and the template has no such folder{suggestion}"
        yield source.finding(text, "_subdirectory")


def _question(name: str, details: Mapping[str, Any], source: Source) -> Iterator[TemplateFault]:
    if not name.isidentifier() or name in _JINJAS_WORDS:
        text = f"no Jinja expression can use a question named {name!r}"
        named = re.sub(r"\W+", "_", name)
        yield source.finding(f"{text}: call it {named}" if named.isidentifier() and named != name else text, name)
    unknown = [key for key in details if key not in QUESTION]
    if name in SETTINGS and len(unknown) == len(details) - ("default" in details):
        text = f"{name} is a question here; settings begin with an underscore: did you mean _{name}?"
        yield source.finding(text, name)
        return
    for key in unknown:
        text = f"the question {name!r} has the key {key!r}, which Copier ignores{_suggestion(str(key), QUESTION)}"
        yield source.finding(text, name, str(key))
    kind = details.get("type")
    if isinstance(kind, str) and "{" not in kind and kind not in TYPES:
        text = f"the question {name!r} has the type {kind!r}, which does not exist; {nearest(kind, TYPES)}"
        yield source.finding(text, name, "type")


def _command(
    command: Mapping[str, Any], known: tuple[str, ...], source: Source, key: str, position: int
) -> Iterator[TemplateFault]:
    for name in command:
        if name not in known:
            yield source.finding(f"{key} has the key {name!r}{_suggestion(str(name), known)}", key, position, str(name))
    version = str(command.get("version", "1"))
    if "{" not in version and not is_version(version):
        text = f"this migration is for {version!r}, which is not a version such as 1.2.0"
        yield source.finding(text, key, position, "version")


def _suggestion(word: str, known: Any) -> str:
    """The end of a message that suggests a similar word; empty if there is none."""
    suggestion = similar(word, known)
    return f"; {suggestion}" if suggestion else ""
