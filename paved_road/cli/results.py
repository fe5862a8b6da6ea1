"""What each command answers with `--json`: the one place that says so.

mypy holds the commands to these types, the tests hold every envelope they see to the JSON Schemas that are made of
them, and `paved schema` prints those. The commands import this module for mypy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from paved_road.doctor import Finding
from paved_road.git.trees import Mode
from paved_road.lint import Finding as Fault
from paved_road.offroad import deviation
from paved_road.offroad.evaluation import State
from paved_road.offroad.moves import Move
from paved_road.offroad.report import Place, Team
from paved_road.render import Renderer
from paved_road.road.owners import Owner
from paved_road.service.drift import Kind
from paved_road.update.decisions import Decision
from paved_road.update.deviations import Kept
from paved_road.update.summary import Change


class Error(TypedDict):
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


class File(TypedDict):
    """A file as git has it."""

    mode: Mode
    """git's mode: a file, an executable file, a symbolic link."""
    blob: str
    """Its blob id."""


class Stamped(TypedDict):
    """A service, as it was planned."""

    destination: str
    """The service's folder."""
    road: str
    """The road's source, as the answers record it."""
    template: str
    version: str
    release_commit: str | None
    """The commit of the road; null for a plain folder."""
    renderer: Renderer
    """Who rendered the files."""
    answers: dict[str, Any]
    """The recorded answers."""
    tasks: list[str]
    """The template's commands that run, or would."""
    files: dict[str, File]
    """What is written, by path."""
    repository: str | None
    """The root of the repository that the service is put into; null where it gets one of its own."""


class New(Stamped):
    """The service that was stamped."""

    commit: str | None
    """The first commit; null in a repository that was there before."""
    derived: list[str]
    """Derived files that were made."""


class NewDryRun(Stamped):
    """What `paved new` would write."""

    dry_run: Literal[True]


# -- update ------------------------------------------------------------------------------------------------------------

_Versions = TypedDict("_Versions", {"from": str, "to": str})


class Planned(_Versions):
    """An update that was computed; with no changes where the service is up to date."""

    service: str
    """The service's folder."""
    changelog: str
    """The template's changelog between the two versions, in Markdown; may be empty."""
    changes: list[Change]
    migrations: list[str]
    """The migrations that run, or would."""
    not_run: list[str]
    """Commands of the template that a dry run does not run, so that what they change is not shown."""
    conflicts: list[str]
    """Paths for a person to decide."""
    decisions: list[Decision]
    """The same paths, each with why it is a conflict and the file as each side has it."""
    off_road: list[Kept]
    """Files kept as they are because of a record, with what the road changed in them."""


class UpdateDryRun(Planned):
    """What `paved update` would do."""

    dry_run: Literal[True]
    diff: str
    """All of it as a unified difference."""


class _Applied(TypedDict):
    regenerated: list[str]
    """Derived files that were made again."""
    commit: str | None
    """The commit that was made; null without `--commit` or `--branch`, or while there are conflicts."""


class Updated(Planned, _Applied):
    """An update that was applied; with conflicts it waits for `paved update --continue`."""


class Continued(_Versions, _Applied):
    """How `paved update --continue` ended."""

    conflicts: list[str]
    """Paths for a person to decide."""
    decisions: list[Decision]
    """The same paths, each with why it is a conflict and the file as each side has it."""


class Reconciled(_Versions):
    """How `paved update --continue` resolved the records of two branches that git merged."""

    records: list[str]
    """The lock and the answers file, as far as they are resolved and added."""
    merged: list[str]
    """Other files that git could not merge, or merged from too old a base, and that are merged and added now."""
    conflicts: list[str]
    """Paths that git has not merged yet."""
    decisions: list[Decision]
    """The same paths, each with the file as each branch has it."""


class Aborted(TypedDict):
    """An update that was undone."""

    aborted: str
    """The version that it was to."""


# -- status, drift, adopt ----------------------------------------------------------------------------------------------


class Excuse(TypedDict):
    """The record that excuses a difference."""

    record: str
    """Its slug."""
    reason: str
    review_by: str
    """The last day on which it excuses (ISO 8601)."""


class Difference(TypedDict):
    """A file that is not as its release has it."""

    path: str
    kind: Kind
    owner: Owner
    excused: NotRequired[Excuse]


class StatusRecord(TypedDict):
    """A deviation record, in short."""

    record: str
    """Its slug."""
    status: deviation.Status
    review_by: str
    """ISO 8601."""
    states: list[State]


class Status(TypedDict):
    """Where a service stands."""

    service: str
    """Its folder."""
    template: str
    version: str
    latest: str
    """The latest release, as far as this machine knows."""
    newer: list[str]
    """Releases that come after the service's, the latest first."""
    drift: list[Difference]
    deviations: list[StatusRecord]
    updating: str | None
    """The version of the update that is in progress."""


class Drift(TypedDict):
    """Where a service differs from its release."""

    service: str
    """Its folder."""
    drift: list[Difference]
    diff: NotRequired[str]
    """With `--diff`: a unified difference."""


class Adopted(TypedDict):
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
    differences: list[Difference]
    dry_run: bool


# -- templates, doctor, config -----------------------------------------------------------------------------------------


class Template(TypedDict):
    """A template of a road."""

    name: str
    latest: str
    """The version of its latest release."""
    commit: str | None
    """The commit of its latest release; null for a plain folder."""
    releases: list[str]
    """Versions, the newest first."""


class Templates(TypedDict):
    """What a road offers."""

    road: str
    """The road's source."""
    templates: list[Template]


class TemplatesChecked(TypedDict):
    """What is wrong with a road's templates."""

    road: str
    """The road's source."""
    checked: list[str]
    """The templates, by name."""
    findings: list[Fault]


class Doctor(TypedDict):
    """Whether this machine is ready."""

    findings: list[Finding]
    fixed: list[str]
    """What `--fix` did."""


class Setting(TypedDict):
    """A setting in force."""

    value: Any
    origin: str
    """flag, environment, project, user or default."""
    where: str
    """The file or the variable that says so; may be empty."""


class Settings(TypedDict):
    """paved's own settings."""

    settings: dict[str, Setting]
    files: list[str]
    """The files of settings that were read."""
    user_file: str
    """Where the person's own settings are, or would be."""


class SettingsFile(TypedDict):
    """A file of settings."""

    whose: str
    """user or project."""
    path: str
    exists: bool


class SettingsFiles(TypedDict):
    """The files of settings that are read."""

    files: list[SettingsFile]
    """A setting in a later one goes before."""


class SettingChanged(TypedDict):
    """A setting that was set, or taken out."""

    file: str
    key: str
    value: Any
    """Null where it was taken out."""


# -- off-road ----------------------------------------------------------------------------------------------------------


class Record(deviation.Deviation):
    """A deviation record."""

    file: str = Field(description="Its path in the service.")


class Standing(Record):
    """A deviation record, and what the day and the road made of it."""

    states: list[State] = Field(description="Empty while nothing is the matter.")
    excuses: list[str] = Field(description="The paths whose difference it excuses now.")


class RecordFinding(TypedDict):
    """What the check says about one record."""

    state: State
    text: str
    line: int


class ChangedRecord(Record):
    """A deviation record that was accepted, renewed or closed."""

    service: str = Field(description="The service's folder, absolute.")


class ShownRecord(Standing):
    """A deviation record in full."""

    service: str = Field(description="The service's folder, absolute.")
    findings: list[RecordFinding] = Field(description="What the check says about it.")
    prose: str = Field(description="Everything below its front matter, in Markdown.")
    diff: str = Field(description="The difference that it excuses, as a unified difference.")


class NewRecords(TypedDict):
    """The records that were written."""

    service: str
    """The service's folder, absolute."""
    records: list[Record]


class Records(TypedDict):
    """The records of a service."""

    service: str
    """The service's folder, absolute."""
    records: list[Standing]


class CheckFinding(TypedDict):
    """One thing that the check says."""

    state: State
    level: Literal["error", "warning"]
    path: str
    line: int
    text: str
    record: str | None
    """The record's slug; null for drift without one."""


class Excused(TypedDict):
    """A difference that a record excuses."""

    path: str
    record: str
    reason: str


class Checked(TypedDict):
    """What `paved off-road check` found."""

    service: str
    """The service's folder, absolute."""
    name: str
    """The service's name, as reports call it."""
    findings: list[CheckFinding]
    excused: list[Excused]


class Baseline(TypedDict):
    """What became of the baseline."""

    service: str
    """The service's folder, absolute."""
    recorded: list[str]
    returned: list[str]
    """Paths that are as the road has them again."""
    beyond: list[str]
    """Paths that drift and are in no record."""
    record: Record | None


class Renamed(TypedDict):
    """The records that follow a rename."""

    service: str
    """The service's folder, absolute."""
    moves: list[Move]


class Lost(TypedDict):
    """A path that the road no longer has."""

    record: str
    path: str


class Migrated(TypedDict):
    """The records that follow the road's moves."""

    service: str
    """The service's folder, absolute."""
    moves: list[Move]
    lost: list[Lost]
    dry_run: bool


class Reported(TypedDict):
    """The deviations of every service below a folder."""

    root: str
    services: int
    off_road: int
    """Services with at least one exit."""
    places: list[Place]
    """Most left first."""
    teams: list[Team]
    unread: list[tuple[str, str]]
    """Services that could not be read, and why."""
    desire_paths: list[str]
    """Names of the places that more than one service leaves."""


class Schemas(TypedDict):
    """The published schemas."""

    schemas: list[str]
    """Their names: `paved schema NAME` prints one."""


RESULTS: Mapping[str, Any] = {
    "new": New | NewDryRun,
    "update": Planned | UpdateDryRun | Updated | Continued | Reconciled | Aborted,
    "status": Status,
    "drift": Drift,
    "adopt": Adopted,
    "templates": Templates | TemplatesChecked,
    "doctor": Doctor,
    "config show": Settings,
    "config get": Setting,
    "config set": SettingChanged,
    "config unset": SettingChanged,
    "config path": SettingsFiles,
    "schema": Schemas | dict[str, Any],
    "off-road new": NewRecords,
    "off-road list": Records,
    "off-road show": ShownRecord,
    "off-road accept": ChangedRecord,
    "off-road renew": ChangedRecord,
    "off-road close": ChangedRecord,
    "off-road check": Checked,
    "off-road baseline": Baseline,
    "off-road rename": Renamed,
    "off-road migrate": Migrated,
    "off-road report": Reported,
    "off-road schema": dict[str, Any],
}
"""By command."""
