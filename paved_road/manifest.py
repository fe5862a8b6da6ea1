"""What a template says about itself beside Copier's words: `paved-road.yml`, optional and validated."""

from __future__ import annotations

import functools
import json
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from paved_road import yml
from paved_road.errors import TemplateError
from paved_road.owners import Owner
from paved_road.stated import FILENAME, LONGEST_DAYS

__all__ = ["FILENAME", "Manifest", "json_schema", "parse"]


class _Strict(BaseModel):
    # Built at first use: asking for the version alone is a matter of milliseconds.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Variable(_Strict):
    """How the service is told a value."""

    env: str = Field(description="the environment variable")


class Probes(_Strict):
    """Paths of the probes and of the metrics."""

    live: str = Field(description="the process answers; asks no dependency")
    ready: str = Field(description="it can serve; asks critical dependencies only")
    startup: str | None = Field(default=None, description="it has started")
    metrics: str | None = Field(default=None, description="Prometheus' text format")


class DependencyContract(_Strict):
    """A dependency, as live checks need to know it."""

    env: str = Field(description="the variable that holds its base URL")
    critical: bool = Field(description="whether the service is unready without it")
    sample: str | None = Field(default=None, description="a request the service sends it, as in `GET /items/42`")


class Run(_Strict):
    """The contract that live checks rely on."""

    start: str = Field(description="the command that starts the service, in its folder")
    port: Variable = Field(description="how it is told where to listen")
    probes: Probes
    dependencies: dict[str, DependencyContract] = Field(default={}, description="by name")
    sample: str | None = Field(default=None, description="a request it answers, as in `GET /orders/1`")


class Offroad(_Strict):
    """The road's limits for deviations."""

    longest: str = Field(
        default="180d", pattern=r"^[1-9][0-9]*d$", description="until a deviation is reviewed, at most 3650d"
    )
    approval_from: Literal["low", "medium", "high"] = Field(
        default="medium", description="the risk from which on another person approves"
    )

    @field_validator("longest")
    @classmethod
    def _ends_in_time(cls, longest: str) -> str:
        if len(longest) > len("3650d") or int(longest.removesuffix("d")) > LONGEST_DAYS:
            raise ValueError(f"a deviation is reviewed within {LONGEST_DAYS}d")
        return longest


class Manifest(_Strict):
    """`paved-road.yml`."""

    # YAML reads `version: 1.0` as a number; a version is the text that was written there.
    version: Annotated[str | None, BeforeValidator(lambda v: v if v is None else str(v))] = Field(
        default=None, description="this release's version, where no tag says it"
    )
    owners: dict[Owner, list[str] | dict[str, str]] = Field(
        default={},
        description="Patterns (gitignore's syntax) by owner; the first match wins, unmatched files are shared. "
        "`derived` maps a path to the command that regenerates it.",
    )
    moves: dict[str, dict[str, str]] = Field(default={}, description="by version: old path to new path")
    mentions: dict[str, dict[Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f]+$")], str]] = Field(
        default={}, description="by version: a word in files that the team wrote or edited, and what takes its place"
    )
    run: Run | None = None
    offroad: Offroad = Offroad()
    practices: str | None = Field(default=None, description="folder of the road's own checks")

    @field_validator("owners")
    @classmethod
    def _derived_files_name_their_command(cls, owners: dict[Owner, Any]) -> dict[Owner, Any]:
        for owner, patterns in owners.items():
            if isinstance(patterns, dict) is not (owner is Owner.DERIVED):
                shape = "map paths to commands" if owner is Owner.DERIVED else "list patterns"
                raise ValueError(f"{owner} must {shape}")
        return owners

    @property
    def derived(self) -> dict[str, str]:
        """Derived files and the commands that regenerate them."""
        found = self.owners.get(Owner.DERIVED, {})
        return found if isinstance(found, dict) else {}


@functools.lru_cache
def parse(content: bytes | None, *, where: str = FILENAME) -> Manifest:
    """A `Manifest` from the file's content; the default one when there is no file."""
    if content is None:
        return Manifest()
    try:
        data: Any = yml.load(content)
        return Manifest.model_validate({} if data is None else data)
    except yaml.YAMLError as error:
        raise TemplateError(f"{where} {yml.fault(error)}", cause=yml.said(error)) from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}" for fault in error.errors()
        )
        raise TemplateError(
            f"{where} is not valid", cause=faults, hint=f"the road's author fixes it: edit {where}"
        ) from error


def json_schema() -> str:
    """The JSON Schema of `paved-road.yml`, for editors."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:paved-road:paved-road.yml:1",
        "title": FILENAME,
    } | Manifest.model_json_schema()
    return json.dumps(schema, indent=2) + "\n"
