"""The variables of a template while it is rendered: the answers and Copier's own variables."""

from __future__ import annotations

import contextlib
import sys
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Any

import yaml

from paved_road.errors import ForbiddenPath, TemplateError
from paved_road.files import contained, yml
from paved_road.git import address
from paved_road.render.config import TemplateConfig
from paved_road.render.environment import SEPARATOR, operating_system


class Operation(StrEnum):
    """What a release is rendered for; exclusions, tasks and migrations can read it as Copier's `_copier_operation`."""

    COPY = "copy"
    UPDATE = "update"


class ParsedText(str):
    """A text that is already parsed: the answer itself to a YAML or JSON question, not YAML or JSON to parse."""

    __slots__ = ()


def parsed(value: Any) -> Any:
    """Mark the texts in a value, so that they are not parsed a second time."""
    if isinstance(value, list):
        return [parsed(item) if isinstance(item, str) else item for item in value]
    return ParsedText(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class AnswerType:
    """The type of a question, as it was evaluated."""

    type: str
    multiselect: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerSources:
    """The answers that are known before any question is asked, by where they come from."""

    given: Mapping[str, Any] = field(default_factory=dict)
    """Given beforehand: `--data`, `--answers`."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """`_src_path` and `_commit`."""
    recorded: Mapping[str, Any] = field(default_factory=dict)
    """Recorded by an earlier creation or update."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """The person's own defaults, stronger than the template's."""


@dataclass(kw_only=True, slots=True)
class SettledAnswers:
    """Answers by where they come from, the stronger source first; after Copier's `AnswersMap`."""

    answered: dict[str, Any] = field(default_factory=dict)
    """The value of each question that is settled so far."""
    given: dict[str, Any] = field(default_factory=dict)
    """Given beforehand: `--data`, `--answers`."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """`_src_path` and `_commit`."""
    recorded: dict[str, Any] = field(default_factory=dict)
    """Recorded by an earlier creation or update."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """The person's own defaults, stronger than the template's."""
    hidden: set[str] = field(default_factory=set)
    """Questions that do not apply (`when`): their values are computed and not recorded."""
    assumed: set[str] = field(default_factory=set)
    """Secret questions without an answer: their default applies, and is not validated."""
    refused: dict[str, str] = field(default_factory=dict)
    """Questions whose recorded answer is no longer valid, and why: the validator's message, or the choices."""
    asked: set[str] = field(default_factory=set)
    """Questions that a person answered on the terminal."""
    types: dict[str, AnswerType] = field(default_factory=dict)
    """The types of the questions that are settled so far."""

    def combined(self) -> dict[str, Any]:
        """Every name and its value, from the strongest source that has one."""
        return dict(ChainMap(self.answered, self.given, self.metadata, self.recorded, self.defaults))

    def for_answers_file(self, config: TemplateConfig) -> dict[str, Any]:
        """The values that Copier records: no secrets, and no answers to questions that do not apply."""
        recordable = {
            key: value
            for key, value in self.combined().items()
            if key in config.questions and key not in self.hidden and key not in config.secret and _is_plain(value)
        }
        return dict(self.metadata) | recordable

    def omitted_by_copier(self, config: TemplateConfig) -> dict[str, Any]:
        """A person's answers that Copier does not record because JSON lacks their type: dates, sets, bytes."""
        return {
            name: value
            for name, value in self.answered.items()
            if isinstance(value, _YAML_ONLY)
            and any(name in source for source in (self.given, self.recorded, self.defaults, self.asked))
            and name not in self.hidden
            and name not in config.secret
        }


_YAML_ONLY = (date, bytes, set)
"""Types that YAML has and JSON lacks; a `datetime` is a `date`."""


def _is_plain(value: Any) -> bool:
    """Whether JSON can represent the value."""
    return value is None or isinstance(value, str | int | float | bool | list | dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a template can read about the run itself."""

    destination: Path
    source: Path
    """The template's own root on this machine."""
    ref: str | None
    commit: str | None
    answers_file: str = ""
    trust: bool = False


class External(dict[str, Any]):
    """`_external_data`: YAML files of the service, read when a template first uses them."""

    def __init__(self, paths: Mapping[str, str], around: Surroundings, render: Callable[[str], str]) -> None:
        super().__init__()
        self._paths, self._around, self._render = paths, around, render

    def __missing__(self, name: str) -> Any:
        if name not in self._paths:
            raise KeyError(name)
        relative = self._render(self._paths[name])
        content = self._content(relative)
        try:
            self[name] = {} if content is None else yml.load(content)
        except yaml.YAMLError as error:
            raise TemplateError(
                f"the service's {relative} {yml.what_is_wrong(error)}", cause=yml.message_of(error)
            ) from error
        return self[name]

    def files(self) -> dict[str, bytes]:
        """The content of the files that exist, by their path in the service."""
        contents = {}
        for template in self._paths.values():
            # Copier reads a file when the template uses it, and reports only then what is wrong with its name.
            with contextlib.suppress(Exception):
                path = self._render(template)
                if (content := self._content(path)) is not None:
                    contents[path] = content
        return contents

    def _content(self, relative: str) -> bytes | None:
        """A file's content; None if it does not exist. Only a trusted template may read outside the service."""
        root = address.resolved(self._around.destination)
        path = address.resolved(root / relative)
        if not self._around.trust and not path.is_relative_to(root):
            raise ForbiddenPath(
                f"the template's _external_data reads {relative!r}",
                cause="it is outside the service",
                hint="read the template first; to let it, add --trust",
            )
        if not path.is_file():
            return None
        try:
            return contained.read_regular(path.parent, path.name)
        except contained.Refused as error:
            raise TemplateError(f"the service's {relative} is no _external_data", cause=error.strerror or "") from error


def build(
    answers: SettledAnswers, config: TemplateConfig, around: Surroundings, *, phase: str, external: Mapping[str, Any]
) -> dict[str, Any]:
    """The variables for rendering. The names are Copier's."""
    return {
        **answers.combined(),
        "_external_data": external,
        "_copier_answers": answers.for_answers_file(config),
        "_copier_conf": {
            "src_path": PurePath(around.source),
            "dst_path": PurePath(around.destination),
            "answers_file": PurePath(around.answers_file),
            "vcs_ref": around.ref,
            "vcs_ref_hash": around.commit,
            "data": dict(answers.given),
            "settings": {"defaults": {}, "trust": []},
            "defaults": True,
            "user_defaults": {},
            "overwrite": True,
            "pretend": False,
            "quiet": True,
            "exclude": (),
            "skip_if_exists": (),
            "use_prereleases": False,
            "cleanup_on_error": True,
            "conflict": "inline",
            "context_lines": 3,
            "unsafe": around.trust,
            "skip_answered": False,
            "skip_tasks": False,
            "sep": SEPARATOR,
            "os": operating_system(),
        },
        "_folder_name": around.destination.name,
        "_copier_python": sys.executable,
        "_copier_phase": phase,
    }
