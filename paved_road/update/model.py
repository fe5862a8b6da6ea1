"""What an update is asked for, what it comes to, and the stages in between.

    start, new -> inputs -> sides -> merge -> decided -> summary

Each stage is a frozen value that one function of one module makes from those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from paved_road import git
from paved_road.git import Commit
from paved_road.offroad.clock import today
from paved_road.text.redaction import redact
from paved_road.update import decisions

if TYPE_CHECKING:
    from paved_road.git import Scratch
    from paved_road.git.entries import Snapshot, TreeEntry
    from paved_road.render.prompts import Interview
    from paved_road.road.model import Release
    from paved_road.service.model import Service
    from paved_road.service.origin import Origin
    from paved_road.settings.config import Config
    from paved_road.update.decide import Decided
    from paved_road.update.decisions import ConflictReason, Decision
    from paved_road.update.inputs import Inputs
    from paved_road.update.merge.trees import Merged
    from paved_road.update.sides import Aligned
    from paved_road.update.start import Start
    from paved_road.update.target import New


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """The stages of an update before its merge."""

    context: Context
    start: Start
    new: New
    inputs: Inputs
    aligned: Aligned


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """An update, computed and not yet applied. Valid while its scratch repository exists."""

    prepared: Prepared
    merged: Merged
    decided: Decided
    summary: Summary

    @property
    def request(self) -> UpdateRequest:
        """What the person asked for."""
        return self.prepared.context.request

    @property
    def service(self) -> Service:
        """The service to update."""
        return self.prepared.start.service

    @property
    def new(self) -> New:
        """The new release, rendered for the service."""
        return self.prepared.new

    @property
    def release(self) -> Release:
        """The release that the service goes to."""
        return self.prepared.new.release

    @property
    def old_version(self) -> str:
        """The version that the service comes from."""
        return self.prepared.inputs.base.version

    @property
    def ours(self) -> Snapshot:
        """The service as it is committed."""
        return self.prepared.start.head

    @property
    def scratch(self) -> Scratch:
        """The repository that has the new objects."""
        return self.prepared.context.scratch

    @property
    def is_empty(self) -> bool:
        """Whether the service is as the release wants it already."""
        return not self.needs_a_person and self.decided.files == self.ours

    @property
    def needs_a_person(self) -> bool:
        """Whether anything is left to decide."""
        return bool(self.decided.conflicts or self.decided.obstacles)

    @property
    def stages(self) -> dict[str, Mapping[int, TreeEntry]]:
        """What git's index will hold of each path that a person has to decide."""
        conflicts = {path: conflict.stages for path, conflict in self.decided.conflicts.items()}
        return conflicts | {path: obstacle.stages for path, obstacle in self.decided.obstacles.items()}

    @property
    def reasons(self) -> dict[str, ConflictReason]:
        """Why each of these paths is a conflict."""
        decided = self.decided
        return decisions.explain_conflicts(
            decided.conflicts, decided.obstacles, old=self.old_version, new=self.release.version
        )

    def decisions(self) -> tuple[Decision, ...]:
        """The conflicts, each with the file as its sides have it."""
        return tuple(decisions.describe_conflicts(self.stages, self.reasons, self.scratch.read))

    def stat(self, width: int) -> str:
        """The lines added to and removed from each file, as `git diff --stat` draws them."""
        return git.diff_stat(self.scratch.folder, self.ours.tree, self._written(), width)

    def patch(self) -> str:
        """The exact difference the update makes to tracked files, without a password in the road's address."""
        patch = git.diff_patch(self.scratch.folder, self.ours.tree, self._written())
        lock, source = self.service.lock, self.service.source[0]
        for address in {lock.road if lock else "", source or ""} - {""}:
            patch = patch.replace(address, redact(address))
        return patch

    def _written(self) -> str:
        """Write the result as a branch of the scratch repository, and return the branch."""
        files = self.decided.files.holding({**self.decided.files, **self.decided.submodules})
        self.scratch.commit([Commit(branch="result", files=files)])
        return "result"
