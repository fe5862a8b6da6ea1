"""What a template sees while it is rendered: the answers and Copier's own variables."""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Any

import yaml

from paved_road.render.config import TemplateConfig
from paved_road.render.environment import SEPARATOR, operating_system


class Operation(StrEnum):
    """What a release is rendered for, as Copier's `_copier_operation` tells it to exclusions, tasks and migrations."""

    COPY = "copy"
    UPDATE = "update"


@dataclass(kw_only=True, slots=True)
class AnswerBook:
    """Answers by where they come from, the stronger source first; after Copier's `AnswersMap`."""

    answered: dict[str, Any] = field(default_factory=dict)
    """Settled while the questions were gone through."""
    given: dict[str, Any] = field(default_factory=dict)
    """Given beforehand: `--data`, `--answers`."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """`_src_path` and `_commit`."""
    recorded: dict[str, Any] = field(default_factory=dict)
    """Recorded by an earlier creation or update."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """The person's own defaults, stronger than the template's."""
    hidden: set[str] = field(default_factory=set)
    """Questions that do not apply (`when`): computed, not recorded."""

    def combined(self) -> dict[str, Any]:
        """Every value in force."""
        return dict(ChainMap(self.answered, self.given, self.metadata, self.recorded, self.defaults))

    def to_record(self, config: TemplateConfig) -> dict[str, Any]:
        """What the answers file keeps: never a secret, never an answer to a question that does not apply."""
        kept = {
            key: value
            for key, value in self.combined().items()
            if key in config.questions and key not in self.hidden and key not in config.secret and _is_plain(value)
        }
        return dict(self.metadata) | kept


def _is_plain(value: Any) -> bool:
    """Whether JSON can hold it."""
    return value is None or isinstance(value, str | int | float | bool | list | dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a template may ask about the run itself."""

    destination: Path
    source: Path
    """The template's own root on this machine."""
    ref: str | None
    commit: str | None
    answers_file: str = ""
    trust: bool = False


class External(dict[str, Any]):
    """`_external_data`: YAML files of the service, read when a template first asks for them."""

    def __init__(self, paths: Mapping[str, str], destination: Path, render: Callable[[str], str]) -> None:
        super().__init__()
        self._paths, self._destination, self._render = paths, destination, render

    def __missing__(self, name: str) -> Any:
        if name not in self._paths:
            raise KeyError(name)
        path = (self._destination / self._render(self._paths[name])).resolve()
        inside = path.is_relative_to(self._destination.resolve())
        self[name] = yaml.safe_load(path.read_bytes()) if inside and path.is_file() else {}
        return self[name]


def build(
    book: AnswerBook, config: TemplateConfig, around: Surroundings, *, phase: str, external: Mapping[str, Any]
) -> dict[str, Any]:
    """The variables of one rendering. The names are Copier's."""
    return {
        **book.combined(),
        "_external_data": external,
        "_copier_answers": book.to_record(config),
        "_copier_conf": {
            "src_path": PurePath(around.source),
            "dst_path": PurePath(around.destination),
            "answers_file": PurePath(around.answers_file),
            "vcs_ref": around.ref,
            "vcs_ref_hash": around.commit,
            "data": dict(book.given),
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
