"""The model of `paved-road.yml`, the optional file with what a template declares beyond `copier.yml`.

msgspec validates the file and builds the model in a millisecond, but stops at the first fault. An author needs every
fault at once, each with its line: `files.yaml_faults` finds them with the model's JSON Schema.
"""

from __future__ import annotations

import functools
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from paved_road.errors import ForbiddenPath, TemplateError
from paved_road.files import yaml_faults, yml
from paved_road.files.yaml_faults import YamlFault
from paved_road.git.entries import Tree
from paved_road.git.trees import check_path
from paved_road.road.owners import Owner
from paved_road.road.run_words import Run
from paved_road.road.version_file import FILENAME, LONGEST_DAYS, stated_version
from paved_road.road.versions import is_version
from paved_road.text.values import shown

__all__ = ["FILENAME", "Manifest", "json_schema", "manifest_of", "parse_manifest", "validate_manifest"]

_DAYS = "^[1-9][0-9]*d$"


class Offroad(Struct, forbid_unknown_fields=True, frozen=True):
    """The road's limits for deviations: how long they may last, and which ones another person approves."""

    longest: Annotated[
        str, Meta(pattern=_DAYS, description="The longest time until a deviation is reviewed; at most 3650d.")
    ] = "180d"
    approval_from: Annotated[
        Literal["low", "medium", "high"],
        Meta(description="The lowest risk for which another person has to approve."),
    ] = "medium"


class Questions(Struct, forbid_unknown_fields=True, frozen=True):
    """How `paved` asks the questions of `copier.yml` on a terminal."""

    first: Annotated[
        list[str],
        Meta(
            description="The questions that matter most. `paved` asks these, and then whether to customise the others. "
            "Without this key it asks every question, as Copier does."
        ),
    ] = []


class Manifest(Struct, forbid_unknown_fields=True, frozen=True):
    """`paved-road.yml`."""

    version: Annotated[
        str | None, Meta(description="The version of this release (PEP 440), for a road without tags.")
    ] = None
    owners: Annotated[
        dict[Owner, list[str] | dict[str, str]],
        Meta(
            description="Patterns (gitignore's syntax) by owner. The first match wins; a file without a match is "
            "shared. `derived` maps a path to the command that regenerates it; no shell runs it, so `>`, `|` and `&&` "
            "are plain words to it."
        ),
    ] = {}
    moves: Annotated[
        dict[str, dict[str, str]],
        Meta(description="Files that moved, by version: the old path and the new one."),
    ] = {}
    mentions: Annotated[
        dict[str, dict[str, str]],
        Meta(description="By version: a word in files that the team wrote or edited, and its replacement."),
    ] = {}
    questions: Questions = Questions()
    run: Run | None = None
    offroad: Offroad = Offroad()
    practices: Annotated[str | None, Meta(description="The folder with the road's own checks.")] = None

    @property
    def patterns(self) -> tuple[tuple[Owner, tuple[str, ...]], ...]:
        """Patterns by owner, in the order the template wrote them."""
        return tuple((owner, tuple(patterns)) for owner, patterns in self.owners.items())

    @property
    def derived(self) -> dict[str, str]:
        """Derived files and the commands that regenerate them."""
        commands = self.owners.get(Owner.DERIVED, {})
        return commands if isinstance(commands, dict) else {}


def manifest_of(files: Tree, folder: str = "") -> Manifest:
    """The manifest among a template's files. `folder` is the template's folder in the road, for messages.

    Raises `TemplateError`, which names each fault, if its `paved-road.yml` is not valid.
    """
    content = files[FILENAME].data if FILENAME in files else None
    return parse_manifest(content, where=posixpath.join(folder, FILENAME))


@functools.lru_cache
def parse_manifest(content: bytes | None, *, where: str = FILENAME) -> Manifest:
    """The model of a `paved-road.yml`; the default model if `content` is None (there is no such file).

    Raises `TemplateError`, which names each fault, if the content is not valid.
    """
    if content is None:
        return Manifest()
    result = validate_manifest(content)
    if isinstance(result, Manifest):
        return result
    message, cause = yaml_faults.summarize(where, result)
    raise TemplateError(
        message, cause=cause, hint="the road's author can fix it; to list every fault: paved templates --check"
    )


def validate_manifest(content: bytes) -> Manifest | list[YamlFault]:
    """The model of a `paved-road.yml`, or all faults of the file, by line."""
    try:
        data: Any = yml.load(content)
    except yaml.YAMLError as error:
        return [
            YamlFault(line=yml.error_line(error), text=f"it {yml.what_is_wrong(error)}: {yml.short_message(error)}")
        ]
    data = {} if data is None else data
    if isinstance(data, dict) and not isinstance(data.get("version"), list | dict | None):
        data = {**data, "version": stated_version(content)}  # YAML reads 1.10 as a number
    broken = dict(_broken_rules(data) if isinstance(data, dict) else ())
    try:
        manifest = msgspec.convert(data, Manifest)
        if not broken:
            return manifest
    except msgspec.ValidationError as error:
        broken |= yaml_faults.mismatches(data, _schema()) | broken or {(): str(error)}
    return yaml_faults.placed(broken, content)


# -- rules that a JSON Schema cannot express ---------------------------------------------------------------------------


def _broken_rules(data: Mapping[str, Any]) -> Iterator[tuple[yml.Path, str]]:
    """The places where a file breaks a rule, and how. The schema, not this, reports values of a wrong type."""
    version = data.get("version")
    if isinstance(version, str) and not is_version(version):
        yield ("version",), f"version must be a version such as 1.2.0; it is {shown(version)}"
    for owner, patterns in _items(data.get("owners")):
        derived = owner == Owner.DERIVED
        if owner in list(Owner) and not isinstance(patterns, dict if derived else list):
            wanted = "map paths to commands" if derived else "be a list of patterns"
            yield ("owners", owner), f"owners.{owner} must {wanted}; it is {shown(patterns)}"
    for key in ("moves", "mentions"):
        yield from _broken_versions(key, data.get(key))
    yield from _broken_moves(data.get("moves"))
    yield from _broken_mentions(data.get("mentions"))
    yield from _broken_limits(data.get("offroad"))


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _broken_versions(key: str, by_version: Any) -> Iterator[tuple[yml.Path, str]]:
    for version, _ in _items(by_version):
        where = key, str(version)
        if not isinstance(version, str):
            yield where, f"{key}: put the version {version} in quotes; without them YAML reads a number"
        elif not is_version(version):
            yield where, f"{key} has the key {version!r}, which is not a version such as 1.2.0"


def _broken_moves(moves: Any) -> Iterator[tuple[yml.Path, str]]:
    for version, paths in _items(moves):
        for old, new in _items(paths):
            for path in (old, new):
                try:
                    check_path(str(path).rstrip("/"))
                except ForbiddenPath:
                    yield ("moves", str(version), str(old)), f"moves.{version}: {path!r}: the path leaves the service"


def _broken_mentions(mentions: Any) -> Iterator[tuple[yml.Path, str]]:
    for version, words in _items(mentions):
        for word, _ in _items(words):
            if not word or re.search(r"[\x00-\x1f]", str(word)):
                text = f"mentions.{version} has the word {word!r}; a word must not be empty, and must be on one line"
                yield ("mentions", str(version), str(word)), text


def _broken_limits(offroad: Any) -> Iterator[tuple[yml.Path, str]]:
    longest = offroad.get("longest") if isinstance(offroad, dict) else None
    if not isinstance(longest, str):
        return
    where, name = ("offroad", "longest"), "offroad.longest"
    if not re.fullmatch(_DAYS, longest):
        yield where, f"{name} must be a number of days such as 180d; it is {shown(longest)}"
    elif len(longest) > len("3650d") or int(longest.removesuffix("d")) > LONGEST_DAYS:
        yield where, f"{name} must be at most {LONGEST_DAYS}d; it is {shown(longest)}"


# -- the schema --------------------------------------------------------------------------------------------------------


def json_schema() -> str:
    """The JSON Schema of `paved-road.yml`, for editors."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:paved-road:paved-road.yml:1",
        "title": FILENAME,
    }
    schema = {**head, **_schema(), **head}
    schema["properties"]["version"]["anyOf"].append({"type": "number"})
    return json.dumps(schema, indent=2) + "\n"


def _schema() -> dict[str, Any]:
    """The JSON Schema of the model."""
    _, parts = msgspec.json.schema_components([Manifest], ref_template="#/$defs/{name}")
    schema = parts.pop("Manifest")
    parts.pop("Owner", None)
    # msgspec sorts the values of a Literal alphabetically; the schema lists the lowest risk first.
    parts["Offroad"]["properties"]["approval_from"] |= {"type": "string", "enum": ["low", "medium", "high"]}
    patterns = {"type": "array", "items": {"type": "string"}}
    commands = {"type": "object", "additionalProperties": {"type": "string"}}
    schema["properties"]["owners"] |= {
        "properties": {owner.value: commands if owner is Owner.DERIVED else patterns for owner in Owner},
        "additionalProperties": False,
    }
    schema["properties"]["owners"].pop("propertyNames", None)
    return {**schema, "$defs": parts}
