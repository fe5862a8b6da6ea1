"""What an update is asked for, what its stages may use, and what a person reads about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from paved_road.offroad.clock import today

if TYPE_CHECKING:
    from paved_road.git import Scratch
    from paved_road.render.prompts import Interview
    from paved_road.road.model import Release
    from paved_road.service.origin import Origin
    from paved_road.settings.config import Config


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateRequest:
    """What the person asked for."""

    to: str | None = None
    template: str | None = None
    """The template's name on its road now, where that has changed."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    trust: bool = False
    no_base: bool = False
    dry_run: bool = False
    """Whether nothing of the template's may run: the plan lists its tasks and migrations instead."""
    commit: bool = False
    """Whether a clean update is committed."""
    branch: str | None = None
    """The new branch to commit a clean update on."""
    today: date = field(default_factory=today)
    """The day that decides which deviations still hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialogue:
    """How a person at a terminal takes part in the planning of an update."""

    interview: Interview | None = None
    """Asks the questions; without it every question has its default."""
    greet: Callable[[str], None] = lambda _: None
    """Shows what the template says before it asks anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What every stage of an update may use."""

    request: UpdateRequest
    config: Config
    origin: Origin
    wanted: Release
    """The release that the request names, or the latest."""
    scratch: Scratch
    """A repository for new objects, which sees the service's."""


class FileOutcome(StrEnum):
    """What an update does to a file."""

    ADDED = "added"
    UPDATED = "updated"
    MERGED = "merged"
    MOVED = "moved"
    DELETED = "deleted"
    MIGRATED = "migrated"
    KEPT = "kept"
    REGENERATED = "regenerated"
    CONFLICT = "conflict"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One file of the summary."""

    path: str
    outcome: FileOutcome
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What a person reads about an update."""

    changes: tuple[Change, ...]
    changelog: str
    answers_changed: tuple[str, ...]
    """The questions with another answer, where nothing else is new: the update is to the same release."""
    notes: tuple[str, ...]
