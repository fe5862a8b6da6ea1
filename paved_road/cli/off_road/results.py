"""What each `paved off-road` command answers with `--json`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from paved_road.offroad.evaluation import State
from paved_road.offroad.front_matter import FrontMatter
from paved_road.offroad.moves import Move
from paved_road.offroad.report import Place, Team


class RecordJson(FrontMatter):
    """A deviation."""

    file: str = Field(description="Its path in the service.")


class StandingJson(RecordJson):
    """A deviation with its states and what it covers."""

    states: list[State] = Field(description="What is wrong with it; empty if nothing is.")
    excuses: list[str] = Field(description="The paths whose difference it covers now.")


class RecordFindingJson(TypedDict):
    """What the check says about one deviation."""

    state: State
    text: str
    line: int


class ChangedRecordJson(RecordJson):
    """A deviation that was accepted, renewed or closed."""

    service: str = Field(description="The service's folder, absolute.")


class ShownRecordJson(StandingJson):
    """A deviation in full."""

    service: str = Field(description="The service's folder, absolute.")
    findings: list[RecordFindingJson] = Field(description="What the check says about it.")
    prose: str = Field(description="Everything below its front matter, in Markdown.")
    diff: str = Field(description="The difference that it covers, as a unified difference.")


class NewRecordsJson(TypedDict):
    """The deviations that were written."""

    service: str
    """The service's folder, absolute."""
    records: list[RecordJson]


class RecordsJson(TypedDict):
    """The deviations of a service."""

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
    """The deviation's slug; null for drift without one."""


class ExcusedJson(TypedDict):
    """A difference that a deviation covers."""

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
    """Paths that drift and that no deviation covers."""
    record: RecordJson | None


class RenamedJson(TypedDict):
    """The deviations that follow a rename."""

    service: str
    """The service's folder, absolute."""
    moves: list[Move]


class LostJson(TypedDict):
    """A path that the road no longer has."""

    record: str
    path: str


class MigratedJson(TypedDict):
    """The deviations that follow the road's moves."""

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
    """How many services leave the road somewhere."""
    places: list[Place]
    """Those that most services leave first."""
    teams: list[Team]
    unread: list[tuple[str, str]]
    """Services that could not be read, and why."""
    desire_paths: list[str]
    """Names of the places that more than one service leaves."""
