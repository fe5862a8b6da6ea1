"""The published JSON Schemas: of the files that people write, and of what each command prints with `--json`."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import is_typeddict

from paved_road import ui
from paved_road.check.contract import resolve
from paved_road.cli import check_results, results
from paved_road.cli.off_road import results as off_road
from paved_road.cli.practice import results as practice
from paved_road.errors import UsageError, nearest
from paved_road.offroad import front_matter
from paved_road.road import manifest

DRAFT = "https://json-schema.org/draft/2020-12/schema"

WRITTEN = {
    "paved-road.yml": manifest.json_schema,
    "run.yml": resolve.json_schema,
    "off-road-record": front_matter.json_schema,
}
"""The schemas of files that people write, by name."""


ERROR = "error"
"""The name of the schema for a command line that names no command, or one that does not exist."""

NAMES = (*WRITTEN, *results.RESULTS, ERROR)
"""The name of each schema: a file that people write, a command, or `error`."""


def text(name: str) -> str:
    """Return the JSON Schema of that name as a JSON document. Raises `UsageError` if there is none."""
    if name not in NAMES:
        raise UsageError(f"no schema {name!r}", hint=nearest(name, NAMES, command="paved schema"))
    if name in WRITTEN:
        return WRITTEN[name]()
    return json.dumps(without_a_command() if name == ERROR else envelope(name), indent=2) + "\n"


def filename(name: str) -> str:
    """Return the name of the file in which the schema is published."""
    return f"{name.removesuffix('.yml').replace(' ', '-')}.schema.json"


def envelope(command: str) -> dict[str, Any]:
    """Return the schema of all that a command may print with `--json`: a result, or an error."""
    result = _schema(results.RESULTS[command])
    error = _schema(results.ErrorJson)
    definitions = {**result.pop("$defs", {}), "Result": result, "Error": error}
    null = {"type": "null"}
    return {
        "$schema": DRAFT,
        "$id": f"urn:paved-road:{command.replace(' ', '-')}:1",
        "title": f"paved {command} --json",
        "type": "object",
        "properties": {
            "schema": {"const": ui.SCHEMA, "description": "The version of this format."},
            "command": {"const": command},
            "exit_code": {"type": "integer", "description": "The exit code of the process."},
            "result": {"description": "The result; null if there is an error."},
            "notes": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The notes that the command prints without `--json`.",
            },
            "error": {"description": "Why there is no result; null if there is one."},
        },
        "required": ["schema", "command", "exit_code", "result", "notes", "error"],
        "additionalProperties": False,
        "if": {"properties": {"error": null}},
        "then": {"properties": {"result": {"$ref": "#/$defs/Result"}}},
        "else": {"properties": {"result": null, "error": {"$ref": "#/$defs/Error"}}},
        "$defs": definitions,
    }


def without_a_command() -> dict[str, Any]:
    """Return the schema of the error that `paved` prints with `--json` if the command line names no command."""
    base = envelope("schema")
    command = {"type": "string", "description": "The words that name a command; empty if there are none."}
    properties = {
        **base["properties"],
        "command": command,
        "result": {"type": "null"},
        "error": {"$ref": "#/$defs/Error"},
    }
    kept = {key: value for key, value in base.items() if key not in ("if", "then", "else")}
    head = {"$id": "urn:paved-road:error:1", "title": "An error with --json where no command answers"}
    return kept | head | {"properties": properties, "$defs": {"Error": base["$defs"]["Error"]}}


class _AnswerSchemas(GenerateJsonSchema):
    """Generates schemas of what is printed: fields with a default are always there, and have no titles."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Whether every answer has the field."""
        return field["type"] != "typed-dict-field" or super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        """No: a title would only repeat the field's name."""
        return False

    def normalize_name(self, name: str) -> str:
        """The published name of a type."""
        return super().normalize_name(name).removesuffix(_SUFFIX)


_SUFFIX = "Json"
"""The end of the names of `results`' types, which the published schemas leave out."""

_MODULES = (results, check_results, off_road, practice)

_TYPES = {name: kind for module in _MODULES for name, kind in vars(module).items() if name.endswith(_SUFFIX)}


def _schema(kind: Any) -> dict[str, Any]:
    """Return the schema of a type, with the docstrings below its fields as descriptions."""
    for typed_dict in filter(is_typeddict, (kind for module in _MODULES for kind in vars(module).values())):
        typed_dict.__pydantic_config__ = ConfigDict(use_attribute_docstrings=True, extra="forbid")
    schema = TypeAdapter(kind).json_schema(mode="serialization", schema_generator=_AnswerSchemas)
    for definition in (schema, *schema.get("$defs", {}).values()):
        if name := definition.get("title"):
            _describe(definition, _TYPES.get(name))
            definition["title"] = name.removesuffix(_SUFFIX)
    return schema


def _describe(schema: dict[str, Any], kind: Any) -> None:
    """Add the descriptions of inherited fields: pydantic reads only the docstrings in the class itself."""
    for base in getattr(kind, "__orig_bases__", ()):
        for name, facts in _schema(base)["properties"].items() if is_typeddict(base) else ():
            if "description" in facts:
                schema["properties"][name].setdefault("description", facts["description"])
