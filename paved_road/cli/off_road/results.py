"""What each `paved off-road` command answers with `--json`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from paved_road.offroad import deviation
from paved_road.offroad.evaluation import State
from paved_road.offroad.moves import Move
from paved_road.offroad.report import Place, Team


class RecordJson(deviation.Deviation):
    """A deviation record."""

    file: str = Field(description="Its path in the service.")


class StandingJson(RecordJson):
    """A deviation record, and what the day and the road made of it."""

    states: list[State] = Field(description="Empty while nothing is the matter.")
    excuses: list[str] = Field(description="The paths whose difference it excuses now.")


class RecordFindingJson(TypedDict):
    """What the check says about one record."""

    state: State
    text: str
    line: int


class ChangedRecordJson(RecordJson):
    """A deviation record that was accepted, renewed or closed."""

    service: str = Field(description="The service's folder, absolute.")


class ShownRecordJson(StandingJson):
    """A deviation record in full."""

    service: str = Field(description="The service's folder, absolute.")
    findings: list[RecordFindingJson] = Field(description="What the check says about it.")
    prose: str = Field(description="Everything below its front matter, in Markdown.")
    diff: str = Field(description="The difference that it excuses, as a unified difference.")


class NewRecordsJson(TypedDict):
    """The records that were written."""

    service: str
    """The service's folder, absolute."""
    records: list[RecordJson]


class RecordsJson(TypedDict):
    """The records of a service."""

    service: str
    """The service's folder, absolute."""
    records: list[StandingJson]


class CheckFindingJson(TypedDict):
    """One thing that the check says."""

    state: State
    level: Literal["error", "warning"]
    path: str
    line: int
    text: str
    record: str | None
    """The record's slug; null for drift without one."""


class ExcusedJson(TypedDict):
    """A difference that a record excuses."""

    path: str
    record: str
    reason: str


class CheckedJson(TypedDict):
    """What `paved off-road check` found."""

    service: str
    """The service's folder, absolute."""
    name: str
    """The service's name, as reports call it."""
    findings: list[CheckFindingJson]
    excused: list[ExcusedJson]


class BaselineJson(TypedDict):
    """What became of the baseline."""

    service: str
    """The service's folder, absolute."""
    recorded: list[str]
    returned: list[str]
    """Paths that are as the road has them again."""
    beyond: list[str]
    """Paths that drift and are in no record."""
    record: RecordJson | None


class RenamedJson(TypedDict):
    """The records that follow a rename."""

    service: str
    """The service's folder, absolute."""
    moves: list[Move]


class LostJson(TypedDict):
    """A path that the road no longer has."""

    record: str
    path: str


class MigratedJson(TypedDict):
    """The records that follow the road's moves."""

    service: str
    """The service's folder, absolute."""
    moves: list[Move]
    lost: list[LostJson]
    dry_run: bool


class ReportedJson(TypedDict):
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
