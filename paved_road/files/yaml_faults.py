"""The faults of a YAML file that people write, in plain English, each with its line.

msgspec and pydantic validate such files, but word their errors for programmers ("Extra inputs are not permitted"), and
msgspec stops at the first fault. So faults are found and described with the JSON Schema of the file's model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paved_road.errors import nearest
from paved_road.files import yml
from paved_road.text.values import shown

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MOST = 5
"""The most faults that one message lists."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class YamlFault:
    """A fault and its line, counted from 1."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


def summarize(where: str, faults: Sequence[YamlFault]) -> tuple[str, str]:
    """The message and the cause of an error about a file."""
    if len(faults) == 1:
        return f"{where}:{faults[0].line}: {faults[0].text}", ""
    named = [*map(str, faults[:_MOST]), *([f"and {len(faults) - _MOST} more"] if len(faults) > _MOST else [])]
    return f"{where} has {len(faults)} faults", "; ".join(named)


def placed(faults: Mapping[yml.Path, str], content: bytes) -> list[YamlFault]:
    """The faults with their lines, in order. A missing value has the line of the nearest value around it."""
    lines = yml.key_lines(content.decode("utf-8", "replace"))
    return sorted(YamlFault(line=_line(where, lines), text=text) for where, text in faults.items())


def mismatches(data: Any, schema: Mapping[str, Any]) -> dict[yml.Path, str]:
    """The places where a file's data do not fit a JSON Schema, each with a sentence that says why."""
    return dict(_mismatches(data, dict(schema), (), dict(schema)))


def _mismatches(
    value: Any, part: dict[str, Any], where: yml.Path, schema: dict[str, Any]
) -> Iterator[tuple[yml.Path, str]]:
    if value is None and {"type": "null"} in part.get("anyOf", ()):
        return
    shape = _branch(value, _resolved(part, schema), schema)
    is_kind = isinstance(value, _TYPES.get(shape.get("type", ""), object))
    if not is_kind or value not in shape.get("enum", [value]) or not _is_within(value, shape):
        yield where, _mismatch(value, where, schema)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _mismatches(item, shape.get("items", {}), (*where, position), schema)
    elif isinstance(value, dict):
        yield from _mismatches_in_mapping(value, shape, where, schema)


def _mismatches_in_mapping(
    value: dict[Any, Any], shape: dict[str, Any], where: yml.Path, schema: dict[str, Any]
) -> Iterator[tuple[yml.Path, str]]:
    known, others = shape.get("properties", {}), shape.get("additionalProperties", {})
    for name in shape.get("required", ()):
        if name not in value:
            yield (*where, name), _missing((*where, name))
    for key, item in value.items():
        inner = (*where, str(key))
        if key not in known and (others is False or not isinstance(key, str)):
            yield inner, _unknown_key(inner, schema)
        else:
            yield from _mismatches(item, known.get(key, others), inner, schema)


_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "boolean": bool, "object": dict, "array": list, "integer": int, "number": (int, float),
}  # fmt: skip
"""The Python types of JSON's types."""


def _is_within(value: Any, shape: Mapping[str, Any]) -> bool:
    """Whether a number is within the limits that a schema sets; anything else is."""
    if not isinstance(value, int | float):
        return True
    lowest, highest = float(shape.get("minimum", -math.inf)), float(shape.get("maximum", math.inf))
    return value > float(shape.get("exclusiveMinimum", -math.inf)) and lowest <= value <= highest


def _branch(value: Any, part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The branch of a union that a value can be; the first one if it can be none of them."""
    branches = [_resolved(branch, schema) for branch in part.get("anyOf", ())]
    fits = (one for one in branches if isinstance(value, _TYPES.get(one.get("type", ""), object)))
    return next(fits, branches[0] if branches else part)


def place(fault: ErrorDetails, data: Any) -> yml.Path:
    """The place of a fault in the file. pydantic's own place contains branches of unions, which are left out."""
    where: list[str | int] = []
    value = data
    for part in fault["loc"]:
        inside = isinstance(value, Mapping) and part in value
        if inside or (isinstance(value, list) and isinstance(part, int)):
            value = value[part]
        elif part == "[key]" or not (isinstance(value, Mapping) and fault["type"] == "missing"):
            continue
        where.append(part)
    return tuple(where)


def _line(where: yml.Path, lines: Mapping[yml.Path, int]) -> int:
    return next((lines[where[:end]] for end in range(len(where), 0, -1) if where[:end] in lines), 1)


def sentence(fault: ErrorDetails, where: yml.Path, schema: dict[str, Any]) -> str:
    """A sentence for a fault that pydantic found. `schema` is the JSON Schema of the whole file."""
    kind, name = fault["type"], _name(where)
    if kind == "value_error":
        return str(fault["ctx"]["error"])
    if kind == "missing":
        return _missing(where)
    if kind == "extra_forbidden" or fault["loc"][-1:] == ("[key]",):
        return _unknown_key(where, schema)
    if kind in ("too_short", "string_too_short"):
        return f"{name} must not be empty"
    if kind == "string_too_long":
        return f"{name} must have at most {fault['ctx']['max_length']} characters"
    return _mismatch(fault["input"], where, schema)


def _name(where: yml.Path) -> str:
    return ".".join(map(str, where)) or "the file"


def _missing(where: yml.Path) -> str:
    return f"{_name(where)} is missing"


def _unknown_key(where: yml.Path, schema: dict[str, Any]) -> str:
    inside = f"{_name(where[:-1])} has no key" if where[:-1] else "there is no key"
    return f"{inside} {where[-1]!r}{_suggestion(str(where[-1]), keys(where[:-1], schema))}"


def _mismatch(value: Any, where: yml.Path, schema: dict[str, Any]) -> str:
    """A sentence that says what the file must have in a place, and what it has."""
    part = _at(schema, where)
    is_text = part.get("type") == "string" and "enum" not in part
    quotes = ": put it in quotes" if is_text and isinstance(value, int | float) else ""
    return f"{_name(where)} must be {_shape(part, schema)}; it is {shown(value)}{quotes}"


def _suggestion(word: str, known: Iterable[str]) -> str:
    suggestion = nearest(word, known)
    return f"; {suggestion}" if suggestion else ""


# -- look up the schema ------------------------------------------------------------------------------------------------


def _at(schema: dict[str, Any], where: yml.Path) -> dict[str, Any]:
    """The part of a JSON Schema for a place in the data."""
    part: dict[str, Any] = schema
    for key in where:
        part = _resolved(part, schema)
        branches = [_resolved(branch, schema) for branch in part.get("anyOf", [])]
        wanted = "array" if isinstance(key, int) else "object"
        part = next((branch for branch in branches if branch.get("type") == wanted), part)
        inner = part.get("items") if isinstance(key, int) else part.get("properties", {}).get(key)
        more = part.get("additionalProperties")
        part = inner or (more if isinstance(more, dict) else {})
    return _resolved(part, schema)


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A part with its reference resolved, and without the null of an optional value."""
    if "$ref" in part:
        return _resolved(schema["$defs"][part["$ref"].rsplit("/", 1)[-1]], schema)
    branches = [branch for branch in part.get("anyOf", []) if branch.get("type") != "null"]
    return _resolved(branches[0], schema) if len(branches) == 1 else part


def keys(where: yml.Path, schema: dict[str, Any]) -> list[str]:
    """The keys that a mapping may have."""
    part = _at(schema, where)
    names = _resolved(part.get("propertyNames", {}), schema).get("enum", [])
    return [*part.get("properties", {}), *names]


def _shape(part: dict[str, Any], schema: dict[str, Any]) -> str:
    """What a part of a schema requires, in plain English."""
    if "enum" in part:
        return f"one of {', '.join(map(str, part['enum']))}"
    if part.get("format") == "date":
        return "a date such as 2026-11-24"
    if part.get("type") == "array":
        return f"a list of {_shape(_resolved(part.get('items', {}), schema), schema)}s"
    words = {"string": "text", "boolean": "true or false", "object": "a mapping"}
    words |= {"integer": "a whole number", "number": "a number"}
    if branches := [_resolved(branch, schema) for branch in part.get("anyOf", ())]:
        return " or ".join(_shape(branch, schema) for branch in branches)
    names = list(part.get("properties", ()))
    with_keys = f" with the key{'s' * (len(names) > 1)} {', '.join(names)}" if names else ""
    return words.get(str(part.get("type")), "something else") + with_keys + _limits(part)


def _limits(part: Mapping[str, Any]) -> str:
    """The limits of a number, in words."""
    words = {"exclusiveMinimum": "above", "minimum": "of at least", "maximum": "of at most"}
    return "".join(f" {word} {part[key]:g}" for key, word in words.items() if key in part)
