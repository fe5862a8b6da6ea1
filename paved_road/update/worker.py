"""One service's update as a worker process computes it: plain data in, plain data out, nobody at a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from paved_road.errors import PavedError
from paved_road.service.model import open_service
from paved_road.settings.config import Config
from paved_road.update import apply
from paved_road.update.model import Summary, UpdateRequest
from paved_road.update.plan import Plan, planning


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateJob:
    """An update to make, or to plan where the request asks for a dry run. Can be pickled."""

    path: Path
    """The service's folder."""
    request: UpdateRequest
    config: Config
    answers_file: str | None = None
    """Names one of several templates in the folder."""


class Ending(StrEnum):
    """How an update ended."""

    CURRENT = "current"
    """There was nothing to do."""
    PLANNED = "planned"
    """It was a dry run."""
    UPDATED = "updated"
    CONFLICTS = "conflicts"
    """The files are written, and a person has conflicts to resolve."""
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """An error, as plain text."""

    code: str
    exit_code: int
    message: str
    cause: str
    hint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateResult:
    """What came of a job. Can be pickled."""

    path: Path
    ending: Ending
    old_version: str = ""
    new_version: str = ""
    summary: Summary | None = None
    """None if the update could not be planned."""
    conflicts: tuple[str, ...] = ()
    """The paths that a person has to decide, in a dry run those to expect."""
    notes: tuple[str, ...] = ()
    commit: str | None = None
    error: Failure | None = None


def run_job(job: UpdateJob) -> UpdateResult:
    """Plan an update and apply it. An error of the service or its road is part of the result, a bug is raised."""
    try:
        service = open_service(job.path, answers_file=job.answers_file)
        with planning(service, job.request, job.config) as plan:
            return _end(job, plan)
    except PavedError as error:
        failure = Failure(
            code=error.code, exit_code=error.exit_code, message=error.message, cause=error.cause, hint=error.hint
        )
        return UpdateResult(path=job.path, ending=Ending.FAILED, error=failure)


def _end(job: UpdateJob, plan: Plan) -> UpdateResult:
    """Apply a plan that changes something, unless it is a dry run."""
    if plan.is_empty:
        return _result(job, plan, Ending.CURRENT)
    if job.request.dry_run:
        apply.check_files_on_disk(plan)
        return _result(job, plan, Ending.PLANNED)
    applied = apply.apply_plan(plan)
    ending = Ending.CONFLICTS if applied.conflicts else Ending.UPDATED
    return _result(job, plan, ending, notes=applied.notes, commit=applied.commit)


def _result(
    job: UpdateJob, plan: Plan, ending: Ending, *, notes: tuple[str, ...] | None = None, commit: str | None = None
) -> UpdateResult:
    """The plan and its ending as plain data."""
    return UpdateResult(
        path=job.path,
        ending=ending,
        old_version=plan.old_version,
        new_version=plan.release.version,
        summary=plan.summary,
        conflicts=tuple(sorted(plan.stages)),
        notes=plan.summary.notes if notes is None else notes,
        commit=commit,
    )
