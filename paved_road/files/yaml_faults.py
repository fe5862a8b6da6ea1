"""What is wrong with a YAML file that people write, in plain English, with the line that each fault is on.

Pydantic knows what is wrong; its own words are for programmers ("Extra inputs are not permitted").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paved_road.errors import nearest
from paved_road.files import yml
from paved_road.text.values import shown

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_MOST = 5
"""Faults that one message tells."""


class Misplaced(ValueError):
    """What a validator of ours raises: a sentence, and the place in the file that it is about."""

    def __init__(self, text: str, *where: str | int) -> None:
        super().__init__(text)
        self.where = where


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class YamlFault:
    """One thing that is wrong, and the line it is on, counted from 1."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def summarize(where: str, faults: Sequence[YamlFault]) -> tuple[str, str]:
    """The message and the cause of an error about a file."""
    if len(faults) == 1:
        return f"{where}:{faults[0].line}: {faults[0].text}", ""
    told = [*map(str, faults[:_MOST]), *([f"and {len(faults) - _MOST} more"] if len(faults) > _MOST else [])]
    return f"{where} has {len(faults)} faults", "; ".join(told)


def faults_in(
    error: ValidationError, model: type[BaseModel], data: Any, lines: Mapping[yml.Path, int]
) -> list[YamlFault]:
    """The faults that a model found in the data of a file, by line."""
    schema = model.model_json_schema()
    details = error.errors(include_url=False)
    places = [place(one, data) for one in details]
    found: dict[yml.Path, YamlFault] = {}
    for one, where in zip(details, places, strict=True):
        deeper = any(len(other) > len(where) and other[: len(where)] == where for other in places)
        if not (deeper and one["type"] in ("list_type", "dict_type")):  # the branch of a union that was not meant
            found.setdefault(where, YamlFault(line=_line(one, where, lines), text=sentence(one, where, schema)))
    return sorted(found.values())


def place(fault: ErrorDetails, data: Any) -> yml.Path:
    """Where in the file a fault is: pydantic's own place names branches of unions, too."""
    where: list[str | int] = []
    for part in fault["loc"]:
        inside = isinstance(data, Mapping) and part in data
        if inside or (isinstance(data, list) and isinstance(part, int)):
            data = data[part]
        elif part == "[key]" or not (isinstance(data, Mapping) and fault["type"] == "missing"):
            continue
        where.append(part)
    return tuple(where)


def _line(fault: ErrorDetails, where: yml.Path, lines: Mapping[yml.Path, int]) -> int:
    """The line of the value, or of the nearest one around it."""
    where = getattr(_raised(fault), "where", where)
    while where and where not in lines:
        where = where[:-1]
    return lines.get(where, 1)


def _raised(fault: ErrorDetails) -> object:
    return fault.get("ctx", {}).get("error")


def sentence(fault: ErrorDetails, where: yml.Path, schema: dict[str, Any]) -> str:
    """A fault as a sentence: what is there, and what belongs there. `schema` is that of the whole file."""
    kind, name = fault["type"], ".".join(map(str, where)) or "the file"
    if kind == "value_error":
        return str(_raised(fault))
    if kind == "missing":
        return f"{name} is missing"
    if kind == "extra_forbidden" or fault["loc"][-1:] == ("[key]",):
        inside = f"{'.'.join(map(str, where[:-1]))} has no key" if where[:-1] else "there is no key"
        return f"{inside} {where[-1]!r}{_meant(str(where[-1]), keys(where[:-1], schema))}"
    if kind in ("too_short", "string_too_short"):
        return f"{name} must not be empty"
    if kind == "string_too_long":
        return f"{name} must have at most {fault['ctx']['max_length']} characters"
    found = fault["input"]
    quotes = ": put it in quotes" if kind == "string_type" and isinstance(found, int | float) else ""
    return f"{name} must be {_shape(_at(schema, where), schema)}; it is {shown(found)}{quotes}"


def _meant(word: str, known: Iterable[str]) -> str:
    said = nearest(word, known)
    return f"; {said}" if said else ""


# -- what belongs somewhere, by the schema -----------------------------------------------------------------------------


def _at(schema: dict[str, Any], where: yml.Path) -> dict[str, Any]:
    """The part of a JSON Schema that is about a place in the data."""
    part: dict[str, Any] = schema
    for key in where:
        part = _meaning(part, schema)
        branches = [_meaning(one, schema) for one in part.get("anyOf", [])]
        wanted = "array" if isinstance(key, int) else "object"
        part = next((one for one in branches if one.get("type") == wanted), part)
        inner = part.get("items") if isinstance(key, int) else part.get("properties", {}).get(key)
        more = part.get("additionalProperties")
        part = inner or (more if isinstance(more, dict) else {})
    return _meaning(part, schema)


def _meaning(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A part without references, and without the null that stands for nothing."""
    while True:
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].rsplit("/", 1)[-1]]
        elif len(rest := [one for one in part.get("anyOf", []) if one.get("type") != "null"]) == 1:
            part = rest[0]
        else:
            return part


def keys(where: yml.Path, schema: dict[str, Any]) -> list[str]:
    """The keys that a mapping may have."""
    part = _at(schema, where)
    names = _meaning(part.get("propertyNames", {}), schema).get("enum", [])
    return [*part.get("properties", {}), *names]


def _shape(part: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a schema asks for, in words."""
    if "enum" in part:
        return f"one of {', '.join(map(str, part['enum']))}"
    if part.get("format") == "date":
        return "a date such as 2026-11-24"
    if part.get("type") == "array":
        return f"a list of {_shape(_meaning(part.get('items', {}), schema), schema)}s"
    words = {"string": "text", "boolean": "true or false", "object": "a mapping", "integer": "a whole number"}
    names = list(part.get("properties", ()))
    with_keys = f" with the key{'s' * (len(names) > 1)} {', '.join(names)}" if names else ""
    return words.get(str(part.get("type")), "something else") + with_keys
