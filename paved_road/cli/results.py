"""The types of what each command prints with `--json`; those of groups are in `off_road/` and `practice/`.

mypy checks the commands against these types. `schemas.py` generates JSON Schemas from them, which `paved schema`
prints and against which the tests check every envelope that they see. The published name of a type is its name here
without `Json`. The commands import this module for type checking only, because it imports pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from paved_road.cli import check_results as check
from paved_road.cli.off_road import results as off_road
from paved_road.cli.practice import results as practice
from paved_road.doctor import Diagnosis
from paved_road.git.entries import Mode
from paved_road.lint import TemplateFault
from paved_road.offroad import front_matter
from paved_road.offroad.evaluation import State
from paved_road.render import Renderer
from paved_road.road.owners import Owner
from paved_road.service.drift import DriftKind
from paved_road.update.decisions import Decision
from paved_road.update.deviations import KeptFile
from paved_road.update.model import Change


class ErrorJson(TypedDict):
    """Why a command could not answer."""

    code: str
    """The kind of error, in kebab-case: `unknown-template`."""
    message: str
    """What failed."""
    cause: str
    """Why; may be empty."""
    hint: str
    """What to type or change next; may be empty."""


# -- new ---------------------------------------------------------------------------------------------------------------


class FileJson(TypedDict):
    """A file as git has it."""

    mode: Mode
    """git's mode: a file, an executable file, a symbolic link."""
    blob: str
    """Its blob id."""


class StampedJson(TypedDict):
    """The plan of a new service."""

    destination: str
    """The service's folder."""
    road: str
    """The road's source, as the answers record it."""
    template: str
    version: str
    release_commit: str | None
    """The commit of the road; null for a plain folder."""
    renderer: Renderer
    """Which renderer rendered the files."""
    answers: dict[str, Any]
    """The recorded answers."""
    tasks: list[str]
    """The template's tasks that ran, or would run."""
    files: dict[str, FileJson]
    """What is written, by path."""
    repository: str | None
    """The root of the existing repository around the service; null if the service gets its own."""


class NewJson(StampedJson):
    """The service that was created."""

    commit: str | None
    """The first commit; null in an existing repository."""
    derived: list[str]
    """The derived files that were generated."""


class NewDryRunJson(StampedJson):
    """What `paved new` would write."""

    dry_run: Literal[True]


# -- update ------------------------------------------------------------------------------------------------------------

_Versions = TypedDict("_Versions", {"from": str, "to": str})


class PlannedJson(_Versions):
    """A computed update; without changes if the service is up to date."""

    service: str
    """The service's folder."""
    changelog: str
    """The template's changelog between the two versions, in Markdown; may be empty."""
    changes: list[Change]
    migrations: list[str]
    """The migrations that ran, or would run."""
    not_run: list[str]
    """The template's commands that a dry run does not run, so it does not show what they change."""
    conflicts: list[str]
    """The paths with conflicts to resolve."""
    decisions: list[Decision]
    """The same paths, each with the reason for the conflict and the file of each side."""
    off_road: list[KeptFile]
    """Files kept as they are because of a record, with what the road changed in them."""


class UpdateDryRunJson(PlannedJson):
    """What `paved update` would do."""

    dry_run: Literal[True]
    diff: str
    """All changes as a unified diff."""


class _Applied(TypedDict):
    regenerated: list[str]
    """The derived files that were regenerated."""
    commit: str | None
    """The new commit; null without `--commit` or `--branch`, or while there are conflicts."""


class UpdatedJson(PlannedJson, _Applied):
    """An applied update. If it has conflicts, it waits for `paved update --continue`."""


class ContinuedJson(_Versions, _Applied):
    """The result of `paved update --continue`."""

    conflicts: list[str]
    """The paths with conflicts to resolve."""
    decisions: list[Decision]
    """The same paths, each with the reason for the conflict and the file of each side."""


class ReconciledJson(_Versions):
    """How `paved update --continue` resolved the records of two branches that git merged."""

    records: list[str]
    """The lock and the answers file, as far as they are resolved and added."""
    merged: list[str]
    """Other files that git could not merge, or merged from too old a base, and that are merged and added now."""
    conflicts: list[str]
    """Paths that git has not merged yet."""
    decisions: list[Decision]
    """The same paths, each with the file of each branch."""


class AbortedJson(TypedDict):
    """An update that was undone."""

    aborted: str
    """The version that it was to."""


# -- status, drift, adopt ----------------------------------------------------------------------------------------------


class ExcuseJson(TypedDict):
    """The record that excuses a difference."""

    record: str
    """Its slug."""
    reason: str
    review_by: str
    """The last day on which it excuses (ISO 8601)."""


class DifferenceJson(TypedDict):
    """A file that differs from its release."""

    path: str
    kind: DriftKind
    owner: Owner
    excused: NotRequired[ExcuseJson]


class StatusRecordJson(TypedDict):
    """A deviation record, in short."""

    record: str
    """Its slug."""
    status: front_matter.Status
    review_by: str
    """ISO 8601."""
    states: list[State]


class LastCheckJson(TypedDict):
    """What the last whole `paved check` on this machine found."""

    level: str | None
    """bronze, silver or gold; null below bronze."""
    day: str
    """ISO 8601."""
    changed_since: bool
    """Whether files of the service have changed since."""


class StatusJson(TypedDict):
    """The release, drift and deviations of a service."""

    service: str
    """Its folder."""
    template: str
    version: str
    latest: str
    """The latest release that this machine knows."""
    newer: list[str]
    """Releases that come after the service's, the latest first."""
    drift: list[DifferenceJson]
    deviations: list[StatusRecordJson]
    updating: str | None
    """The version of the update in progress; null if there is none."""
    checked: LastCheckJson | None
    """Null if this machine has not checked the service as a whole."""


class DriftJson(TypedDict):
    """The files that differ from the service's release."""

    service: str
    """Its folder."""
    drift: list[DifferenceJson]
    diff: NotRequired[str]
    """With `--diff`: the differences as a unified diff."""


class AdoptedJson(TypedDict):
    """A repository that was put on a road."""

    service: str
    """Its folder."""
    road: str
    template: str
    version: str
    answers: dict[str, Any]
    written: list[str]
    """The paved files that were written, or would be."""
    missing: list[str]
    """Files of the release that the service does not have."""
    differences: list[DifferenceJson]
    dry_run: bool


# -- templates, doctor, config -----------------------------------------------------------------------------------------


class TemplateJson(TypedDict):
    """A template of a road."""

    name: str
    latest: str
    """The version of its latest release."""
    commit: str | None
    """The commit of its latest release; null for a plain folder."""
    releases: list[str]
    """Versions, the newest first."""


class TemplatesJson(TypedDict):
    """The templates of a road."""

    road: str
    """The road's source."""
    templates: list[TemplateJson]


class TemplatesCheckedJson(TypedDict):
    """The findings about a road's templates."""

    road: str
    """The road's source."""
    checked: list[str]
    """The templates, by name."""
    findings: list[TemplateFault]


class DoctorJson(TypedDict):
    """Whether this machine is ready."""

    findings: list[Diagnosis]
    fixed: list[str]
    """What `--fix` did."""


class SettingJson(TypedDict):
    """A setting in force."""

    value: Any
    origin: str
    """flag, environment, project, user or default."""
    where: str
    """The file or the variable that sets it; may be empty."""


class SettingsJson(TypedDict):
    """paved's own settings."""

    settings: dict[str, SettingJson]
    files: list[str]
    """The settings files that were read."""
    user_file: str
    """The user's own settings file, which may not exist."""


class SettingsFileJson(TypedDict):
    """A settings file."""

    whose: str
    """user or project."""
    path: str
    exists: bool


class SettingsFilesJson(TypedDict):
    """The settings files that paved reads."""

    files: list[SettingsFileJson]
    """Settings in a later file override those in an earlier one."""


class SettingChangedJson(TypedDict):
    """A setting that was set or removed."""

    file: str
    key: str
    value: Any
    """Null if the setting was removed."""


class SchemasJson(TypedDict):
    """The published schemas."""

    schemas: list[str]
    """Their names: `paved schema NAME` prints one."""


RESULTS: Mapping[str, Any] = {
    "new": NewJson | NewDryRunJson,
    "update": PlannedJson | UpdateDryRunJson | UpdatedJson | ContinuedJson | ReconciledJson | AbortedJson,
    "status": StatusJson,
    "check": check.ReadinessJson,
    "drift": DriftJson,
    "adopt": AdoptedJson,
    "explain": practice.PracticesJson | practice.ExplainedJson,
    "practice new": practice.NewPracticeJson,
    "practice verify": practice.VerifiedJson,
    "templates": TemplatesJson | TemplatesCheckedJson,
    "doctor": DoctorJson,
    "config show": SettingsJson,
    "config get": SettingJson,
    "config set": SettingChangedJson,
    "config unset": SettingChangedJson,
    "config path": SettingsFilesJson,
    "schema": SchemasJson | dict[str, Any],
    "off-road new": off_road.NewRecordsJson,
    "off-road list": off_road.RecordsJson,
    "off-road show": off_road.ShownRecordJson,
    "off-road accept": off_road.ChangedRecordJson,
    "off-road renew": off_road.ChangedRecordJson,
    "off-road close": off_road.ChangedRecordJson,
    "off-road check": off_road.CheckedJson,
    "off-road baseline": off_road.BaselineJson,
    "off-road rename": off_road.RenamedJson,
    "off-road migrate": off_road.MigratedJson,
    "off-road report": off_road.ReportedJson,
    "off-road schema": dict[str, Any],
}
"""The types of each command's result."""
