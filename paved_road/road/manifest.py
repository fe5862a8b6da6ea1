"""What a template says about itself beside Copier's words: `paved-road.yml`, optional and validated."""

from __future__ import annotations

import functools
import json
import re
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from paved_road.errors import ForbiddenPath, TemplateError
from paved_road.files import yaml_faults, yml
from paved_road.files.yaml_faults import Misplaced, YamlFault
from paved_road.git.trees import check_path
from paved_road.road.owners import Owner
from paved_road.road.version_file import FILENAME, LONGEST_DAYS, stated_version
from paved_road.road.versions import is_version
from paved_road.text.values import shown

__all__ = ["FILENAME", "Manifest", "json_schema", "parse", "read"]

_DAYS = re.compile(r"^[1-9][0-9]*d$")


class _Strict(BaseModel):
    # Built at first use: asking for the version alone is a matter of milliseconds.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Variable(_Strict):
    """How the service gets a value."""

    env: str = Field(description="The name of the environment variable.")


class Probes(_Strict):
    """The paths of the probes and of the metrics."""

    port: Variable | None = Field(
        default=None,
        description="How the service gets the port of the probes and the metrics. "
        "Without this key it answers them on `run.port`.",
    )
    live: str = Field(description="Says that the process answers. It depends on no dependency.")
    ready: str = Field(
        description="Says whether the service can take requests. It depends on critical dependencies only."
    )
    startup: str | None = Field(default=None, description="Says that the service has started.")
    metrics: str | None = Field(default=None, description="The metrics, in Prometheus' text format.")


class DependencyContract(_Strict):
    """What a live check needs to know about a dependency."""

    env: str = Field(description="The environment variable with its base URL.")
    critical: bool = Field(description="Whether the service is unready without it.")
    sample: str | None = Field(
        default=None, description="A request that the service sends to it, such as `GET /items/42`."
    )


class Run(_Strict):
    """How to start a service and talk to it, for checks of a running service."""

    start: str = Field(description="The command that starts the service, run in its folder.")
    port: Variable = Field(description="How the service gets the port to listen on.")
    probes: Probes
    dependencies: dict[str, DependencyContract] = Field(default={}, description="The service's dependencies, by name.")
    sample: str | None = Field(default=None, description="A request that the service answers, such as `GET /orders/1`.")


class Offroad(_Strict):
    """The road's limits for deviations: how long they may last, and which ones another person approves."""

    longest: str = Field(
        default="180d",
        description="The longest time until a deviation is reviewed; at most 3650d.",
        json_schema_extra={"pattern": _DAYS.pattern},
    )
    approval_from: Literal["low", "medium", "high"] = Field(
        default="medium", description="The lowest risk for which another person has to approve."
    )

    @field_validator("longest")
    @classmethod
    def _ends_in_time(cls, longest: str) -> str:
        if not _DAYS.fullmatch(longest):
            raise ValueError(f"offroad.longest must be a number of days such as 180d; it is {shown(longest)}")
        if len(longest) > len("3650d") or int(longest.removesuffix("d")) > LONGEST_DAYS:
            raise ValueError(f"offroad.longest must be at most {LONGEST_DAYS}d; it is {shown(longest)}")
        return longest


class Questions(_Strict):
    """How `paved` asks the questions of `copier.yml` on a terminal."""

    first: list[str] = Field(
        default=[],
        description="The questions that matter most. `paved` asks these, and then whether to customise the others. "
        "Without this key it asks every question, as Copier does.",
    )


class Manifest(_Strict):
    """`paved-road.yml`."""

    # YAML reads `version: 2` as a number; a version is the text that was written there.
    version: Annotated[str | None, BeforeValidator(lambda v: str(v) if isinstance(v, int | float) else v)] = Field(
        default=None, description="The version of this release (PEP 440), for a road without tags."
    )
    owners: dict[Owner, list[str] | dict[str, str]] = Field(
        default={},
        description="Patterns (gitignore's syntax) by owner. The first match wins; a file without a match is shared. "
        "`derived` maps a path to the command that regenerates it; no shell runs it, so `>`, `|` and `&&` are plain "
        "words to it.",
    )
    moves: dict[str, dict[str, str]] = Field(
        default={}, description="Files that moved, by version: the old path and the new one."
    )
    mentions: dict[str, dict[str, str]] = Field(
        default={}, description="By version: a word in files that the team wrote or edited, and its replacement."
    )
    questions: Questions = Questions()
    run: Run | None = None
    offroad: Offroad = Offroad()
    practices: str | None = Field(default=None, description="The folder with the road's own checks.")

    @field_validator("version")
    @classmethod
    def _is_a_version(cls, version: str | None) -> str | None:
        if version is not None and not is_version(version):
            raise ValueError(f"version must be a version such as 1.2.0; it is {shown(version)}")
        return version

    @field_validator("owners", mode="before")
    @classmethod
    def _have_their_shape(cls, owners: Any) -> Any:
        """Refused here: of two shapes pydantic would say for each why it is not the one."""
        for owner, patterns in owners.items() if isinstance(owners, dict) else ():
            derived = owner == Owner.DERIVED
            if owner in list(Owner) and not isinstance(patterns, dict if derived else list):
                wanted = "map paths to commands" if derived else "be a list of patterns"
                raise Misplaced(f"owners.{owner} must {wanted}; it is {shown(patterns)}", "owners", owner)
        return owners

    @field_validator("moves", "mentions", mode="before")
    @classmethod
    def _are_by_version(cls, found: Any, info: ValidationInfo) -> Any:
        for version in found if isinstance(found, dict) else ():
            where = str(info.field_name), str(version)
            if not isinstance(version, str):
                said = f"{where[0]}: put the version {version} in quotes, YAML takes it for a number"
                raise Misplaced(said, *where)
            if not is_version(version):
                raise Misplaced(f"{where[0]} has the key {version!r}, which is not a version such as 1.2.0", *where)
        return found

    @field_validator("moves")
    @classmethod
    def _stay_in_the_service(cls, moves: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for version, paths in moves.items():
            for old, new in paths.items():
                for path in (old, new):
                    try:
                        check_path(path.rstrip("/"))
                    except ForbiddenPath:
                        said = f"moves.{version}: {path!r}: the path leaves the service"
                        raise Misplaced(said, "moves", version, old) from None
        return moves

    @field_validator("mentions")
    @classmethod
    def _words_can_be_found(cls, mentions: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for version, words in mentions.items():
            if odd := [word for word in words if not word or re.search(r"[\x00-\x1f]", word)]:
                said = f"mentions.{version} has the word {odd[0]!r}: a word is on one line and not empty"
                raise Misplaced(said, "mentions", version, odd[0])
        return mentions

    @property
    def derived(self) -> dict[str, str]:
        """Derived files and the commands that regenerate them."""
        found = self.owners.get(Owner.DERIVED, {})
        return found if isinstance(found, dict) else {}


@functools.lru_cache
def parse(content: bytes | None, *, where: str = FILENAME) -> Manifest:
    """A `Manifest` from the file's content; the default one when there is no file. `TemplateError` names each fault."""
    if content is None:
        return Manifest()
    found = read(content)
    if isinstance(found, Manifest):
        return found
    message, cause = yaml_faults.summarize(where, found)
    raise TemplateError(
        message, cause=cause, hint="the road's author fixes that; paved templates --check tells every fault"
    )


def read(content: bytes) -> Manifest | list[YamlFault]:
    """The file, or everything that is wrong with it."""
    try:
        data: Any = yml.load(content)
    except yaml.YAMLError as error:
        return [
            YamlFault(line=yml.error_line(error), text=f"it {yml.what_is_wrong(error)}: {yml.short_message(error)}")
        ]
    if isinstance(data, dict) and not isinstance(data.get("version"), list | dict | None):
        data = {**data, "version": stated_version(content)}
    try:
        return Manifest.model_validate({} if data is None else data)
    except ValidationError as error:
        return yaml_faults.faults_in(error, Manifest, data, yml.key_lines(content.decode("utf-8", "replace")))


def json_schema() -> str:
    """The JSON Schema of `paved-road.yml`, for editors."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:paved-road:paved-road.yml:1",
        "title": FILENAME,
    }
    schema = head | {**Manifest.model_json_schema(), **head}
    # What validators of ours say, as far as a schema can.
    patterns, commands = ({"type": kind, part: {"type": "string"}} for kind, part in _SHAPES)
    schema["properties"]["version"]["anyOf"].append({"type": "number"})
    schema["properties"]["owners"] |= {
        "properties": {owner: commands if owner is Owner.DERIVED else patterns for owner in Owner},
        "additionalProperties": False,
    }
    schema["properties"]["owners"].pop("propertyNames")
    return json.dumps(schema, indent=2) + "\n"


_SHAPES = (("array", "items"), ("object", "additionalProperties"))
