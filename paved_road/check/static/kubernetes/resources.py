"""One resource of Kubernetes, and the files that its fields come from."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from paved_road.files import yml

Fields = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceDocument:
    """A document that a resource comes from, or that changes it."""

    path: str
    line: int
    data: Any
    lines: Mapping[yml.Path, int]

    def line_of(self, keys: Sequence[str | int]) -> int | None:
        """The line of a value. An item of a list may be named by its `name` instead of its position."""
        where: list[str | int] = []
        data = self.data
        for key in keys:
            if isinstance(data, list):
                position = key if isinstance(key, int) else _named(data, key)
                if position is None or position >= len(data):
                    return None
                where.append(position)
                data = data[position]
            elif isinstance(data, dict) and key in data:
                where.append(key)
                data = data[key]
            else:
                return None
        return self.lines.get(tuple(where), self.line)


def _named(items: list[Any], name: str) -> int | None:
    return next((at for at, each in enumerate(items) if isinstance(each, dict) and each.get("name") == name), None)


@dataclass(kw_only=True, slots=True)
class Resource:
    """A resource, as Kustomize changes it step by step."""

    data: Fields
    origins: list[SourceDocument]
    """The file that it comes from, then what changed it, in order."""
    former: list[tuple[str, str]] = field(default_factory=list)
    """The names that it had before, each with its namespace."""
    hashed: bool = False
    """Whether its name will end in a hash of its content."""
    generated: bool = False

    @property
    def kind(self) -> str:
        """Its kind; "" if that is no text."""
        return text(self.data.get("kind"))

    @property
    def group(self) -> str:
        """`apps` of `apps/v1`; "" for the core group."""
        return text(self.data.get("apiVersion")).rpartition("/")[0]

    @property
    def is_built_in(self) -> bool:
        """Whether Kubernetes has its kind by itself."""
        return "." not in self.group or (self.group.endswith(".k8s.io") and not self.group.startswith("gateway."))

    @property
    def metadata(self) -> Fields:
        """Its metadata; empty if they are no mapping."""
        return fields(self.data.get("metadata"))

    @property
    def name(self) -> str:
        """Its name."""
        return text(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        """Its namespace; "" if it states none."""
        return text(self.metadata.get("namespace"))

    @property
    def labels(self) -> Fields:
        """Its own labels, not those of its pods."""
        return fields(self.metadata.get("labels"))

    @property
    def spec(self) -> Fields:
        """Its spec; empty if it is no mapping."""
        return fields(self.data.get("spec"))

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def at(self, *keys: str | int) -> Any:
        """The value at these keys; None if there is none."""
        return value_at(self.data, *keys)

    def place(self, *keys: str | int) -> tuple[str, int]:
        """The file and line that a value comes from; those of the nearest value around it if it is missing."""
        for length in range(len(keys), 0, -1):
            # What is missing belongs to the file that has most of the rest, not to one that patches a part of it.
            for origin in reversed(self.origins) if length == len(keys) else self.origins:
                if line := origin.line_of(keys[:length]):
                    return origin.path, line
        return self.origins[0].path, self.origins[0].line

    def rename(self, name: str) -> None:
        """Give it another name. References to the former one still find it."""
        self.remember()
        self.data.setdefault("metadata", {})["name"] = name

    def remember(self) -> None:
        """Keep the present name and namespace among the former ones."""
        self.former.append((self.name, self.namespace))

    def is_called(self, name: str) -> bool:
        """Whether this is, or was, its name."""
        return name == self.name or any(name == former for former, _ in self.former)


class BadManifest(Exception):
    """A file, or a document of it, is no manifest; the text says why, and `line` where."""

    def __init__(self, said: str, line: int = 1) -> None:
        super().__init__(said)
        self.line = line


class _Loader(yml.Loader):
    """Leaves dates as they are written: they are texts to Kubernetes."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yml.Loader.yaml_implicit_resolvers.items()
}


def read_documents(path: str, content: str) -> list[SourceDocument]:
    """The documents of a YAML or JSON file. Raises `BadManifest` if it cannot be parsed."""
    try:
        found = yml.documents(content, _Loader)
    except yaml.YAMLError as error:
        raise BadManifest(
            f"it {yml.what_is_wrong(error)}: {yml.short_message(error)}", yml.error_line(error)
        ) from error
    return [SourceDocument(path=path, line=each.line, data=plain(each.data), lines=each.lines) for each in found]


def resources_of(origins: Sequence[SourceDocument]) -> list[Resource]:
    """The resources that documents hold. Raises `BadManifest` for one that is none."""
    found: list[Resource] = []
    for origin in origins:
        data = origin.data
        if not isinstance(data, dict) or not isinstance(data.get("kind"), str) or "apiVersion" not in data:
            raise BadManifest("it is no manifest: apiVersion and kind are missing", origin.line)
        if data["kind"].endswith("List") and isinstance(data.get("items"), list):
            for position, item in enumerate(data["items"]):
                line = origin.lines.get(("items", position), origin.line)
                lines = {
                    where[2:]: number for where, number in origin.lines.items() if where[:2] == ("items", position)
                }
                found += resources_of([SourceDocument(path=origin.path, line=line, data=item, lines=lines)])
            continue
        if not isinstance(data.get("metadata"), dict) or not text(data["metadata"].get("name")):
            raise BadManifest(f"a {data['kind']} has no metadata.name", origin.line)
        own = copied(data)
        for key, empty in (("annotations", (None, {})), ("labels", (None,))):
            if key in own["metadata"] and own["metadata"][key] in empty:
                del own["metadata"][key]
        found.append(Resource(data=own, origins=[origin]))
    return found


def plain(data: Any) -> Any:
    """The data as JSON has them: keys are texts, and so are dates."""
    if isinstance(data, dict):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple | set):
        return [plain(value) for value in data]
    return data.isoformat() if isinstance(data, datetime.date) else data


def copied(data: Any) -> Any:
    """A deep copy of plain data."""
    if isinstance(data, dict):
        return {key: copied(value) for key, value in data.items()}
    return [copied(value) for value in data] if isinstance(data, list) else data


# -- reading what strangers wrote --------------------------------------------------------------------------------------


def fields(value: Any) -> Fields:
    """A mapping; an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Fields]:
    """The mappings of a list; none in place of anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text, or a number as one; "" in place of anything else."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def value_at(data: Any, *keys: str | int) -> Any:
    """The value at these keys; None if there is none."""
    for key in keys:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


def number(value: Any, default: float) -> float:
    """A number, also one written as a text; the default if there is none."""
    if isinstance(value, bool) or value is None:
        return default
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


_LONGEST = 40
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(duration: Any) -> float | None:
    """`1h30m`, `250ms`, `12s`, or a number of seconds; None if it is none of these."""
    if isinstance(duration, bool):
        return None
    if isinstance(duration, int | float):
        return float(duration)
    if not isinstance(duration, str) or len(duration) > _LONGEST:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", duration):
        return float(duration)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", duration)
    if not parts or "".join(map("".join, parts)) != duration:
        return None
    return sum(float(amount) * _UNITS[unit] for amount, unit in parts)
