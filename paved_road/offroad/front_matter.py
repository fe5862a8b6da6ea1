"""The front matter of a deviation's file: its fields, and what each may hold.

The JSON Schema for editors and the reference page are made from this model, so every field's description is what a
person reads there.
"""

from __future__ import annotations

import json
import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from paved_road.offroad.patterns import is_glob
from paved_road.offroad.reasons import check_reason


class Status(StrEnum):
    """What has been decided about a deviation. States that depend on the date or the road are never written down."""

    PROPOSED = "proposed"
    """Written, but not approved: it covers nothing."""
    ACCEPTED = "accepted"
    """Approved: it covers what it names until `review_by`."""
    REJECTED = "rejected"
    """Proposed, and then refused."""
    REVOKED = "revoked"
    """It was accepted, and the approval was withdrawn."""
    SUPERSEDED = "superseded"
    """Another deviation, named in `superseded_by`, replaces it."""
    RESOLVED = "resolved"
    """The service is back on the road."""


class Kind(StrEnum):
    """Why a service leaves the road."""

    OPERATIONAL_NEED = "operational-need"
    """The service has to run differently from the road."""
    ACCEPTED_RISK = "accepted-risk"
    """The road is right, and the team accepts the risk of not following it for now."""
    NOT_APPLICABLE = "not-applicable"
    """The road requires something that makes no sense for this service."""
    FALSE_POSITIVE = "false-positive"
    """The check is wrong about this service."""
    EXPERIMENT = "experiment"
    """The team tries whether another way is better; it may become part of the road."""


class Risk(StrEnum):
    """What the deviation puts at risk."""

    LOW = "low"
    """Only the team would notice."""
    MEDIUM = "medium"
    """Others would notice: callers, the people on call, the next update."""
    HIGH = "high"
    """Customers, their data or their money are at stake."""

    def reaches(self, other: str) -> bool:
        """Whether it is as high as `other`, or higher."""
        order = list(Risk)
        return order.index(self) >= order.index(Risk(other))


class Support(StrEnum):
    """Who supports the difference: who is paged, and who fixes it when the road changes."""

    TEAM = "team"
    """The service's own team; this is the usual case."""
    PLATFORM = "platform"
    """The platform team has agreed to: the road will include it one day, or has to work with it."""


SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_MOST_STARS = 20
"""In one pattern; every one of them takes time to match."""
_MOST_GLOBS = 50


def _as_date(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError(f"{value!r} is not a date: write it as 2026-11-24")
    return value


def _as_pattern(path: str) -> str:
    """A path inside the service, or a pattern inside a named folder."""
    first = path.split("/", 1)[0]
    if path.startswith("/") or "\\" in path or {".", ".."} & set(path.split("/")):
        raise ValueError(f"{path!r} is not a path inside the service")
    if path.count("*") > _MOST_STARS:
        raise ValueError(f"{path!r} has more than {_MOST_STARS} stars")
    if path.startswith("!") or re.search(r"[*?\[\]]", first):
        raise ValueError(f"{path!r} reaches over the whole service: name a file, or a folder as in deploy/base/**")
    return path


Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=60)]
Day = Annotated[date, BeforeValidator(_as_date)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000), AfterValidator(check_reason)]
Pattern = Annotated[Text, AfterValidator(_as_pattern)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Scope(_Part):
    """The one thing that the deviation covers."""

    paths: list[Pattern] | None = Field(
        default=None, min_length=1, description="Road-owned files that differ for one reason."
    )
    practice: Slug | None = Field(default=None, description="The slug of a practice in the road's catalogue.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Scope:
        if (self.paths is None) is (self.practice is None):
            raise ValueError("name either paths or one practice: a deviation covers one thing")
        if sum(map(is_glob, self.paths or [])) > _MOST_GLOBS:
            raise ValueError(f"paths holds more than {_MOST_GLOBS} patterns: a deviation covers one thing")
        return self


class Approved(_Part):
    """The approved difference of one file. `paved off-road accept` writes it."""

    road: str = Field(description="Mode and blob id of the road's file.")
    service: str = Field(description="Mode and blob id of the service's file, or `deleted`.")
    difference: str = Field(
        description="A digest of the changed lines and the lines around them; it does not change when they move."
    )


class FrontMatter(_Part):
    """The fields of one deviation: the front matter of `docs/off-road/<id>.md`."""

    id: Slug = Field(
        description="The file's name without `.md`. It is a slug, not a number, so that branches do not clash."
    )
    status: Status = Field(description="What has been decided about the deviation.")
    scope: Scope = Field(description="What it covers: paths, or one practice.")
    kind: Kind = Field(description="Why the service leaves the road.")
    reason: Reason = Field(
        default="",
        description="One sentence that people outside the team understand. May be empty only while proposed.",
    )
    risk: Risk = Field(
        description="What it puts at risk. At or above the road's `approval_from`, another person approves."
    )
    support: Support = Field(description="Who supports the difference.")
    owner: Text = Field(description="The team that is responsible for it.")
    requested_by: Text = Field(description="The person who requested it.")
    approved_by: str | None = Field(
        default=None, description="The person who approved it; never the one who requested it."
    )
    created: Day = Field(description="The day on which it was written.")
    review_by: Day = Field(
        description="The day on which it ends unless renewed; at most the road's `longest` from today."
    )
    release: Text = Field(description="The release of the template that it was written for.")
    fingerprint: dict[str, Approved] | None = Field(
        default=None, description="What was approved, file by file. Written by paved; present once accepted."
    )
    confirmation: str | None = Field(
        default=None, description="A command that exits 0 while the mitigation holds: `paved off-road check --confirm`."
    )
    superseded_by: Slug | None = Field(default=None, description="The deviation that replaces it.")

    # Files from before the prose held these still load, and `--json` still shows what they say.
    impact: str = Field(default="", deprecated=True)
    mitigation: str = Field(default="", deprecated=True)
    links: list[Text] = Field(default=[], deprecated=True)
    issue: str | None = Field(default=None, deprecated=True)
    exit_plan: str = Field(default="", deprecated=True)

    @model_validator(mode="after")
    def _is_consistent(self) -> FrontMatter:
        if self.review_by < self.created:
            raise ValueError("review_by is before created")
        if (self.superseded_by is None) is (self.status is Status.SUPERSEDED):
            raise ValueError("superseded_by belongs to the status superseded, and to no other")
        if self.superseded_by == self.id:
            raise ValueError("superseded_by names the deviation itself")
        if self.status is not Status.PROPOSED and not self.reason:
            check_reason("", required=True)
        if self.status is Status.ACCEPTED and self.scope.paths and not self.fingerprint:
            raise ValueError(f"fingerprint is missing: accept the deviation with `paved off-road accept {self.id}`")
        return self

    @property
    def names(self) -> list[str]:
        """The paths, or the practice, as the scope writes them."""
        return [self.scope.practice] if self.scope.practice else list(self.scope.paths or [])


def json_schema() -> str:
    """The JSON Schema of the front matter, as a JSON document. It allows the deprecated fields without showing them."""
    schema = FrontMatter.model_json_schema()
    fields = schema["properties"]
    deprecated = [name for name, facts in fields.items() if facts.get("deprecated")]
    schema["properties"] = {name: facts for name, facts in fields.items() if name not in deprecated}
    schema["patternProperties"] = {f"^({'|'.join(deprecated)})$": {"deprecated": True}}
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:paved-road:off-road-record:1",
        "title": "off-road record",
    }
    return json.dumps(head | schema | head, indent=2) + "\n"
