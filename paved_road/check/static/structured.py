"""YAML and JSON in a service's files. What cannot be parsed has no documents: a check says so where it matters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import yaml

from paved_road.check.model import Fault
from paved_road.check.static.files import ServiceFiles
from paved_road.files import yml

Document = Mapping[str, Any]

ELSEWHERE = re.compile(
    r"(^|/)(tests?|spec|testing|testdata|test-data|fixtures?|__tests__|mocks?|examples?|samples?|docs?|vendor|third_party"
    r"|\.devcontainer|e2e|hack|bench(marks?)?)/",
    re.IGNORECASE,
)
"""Folders whose files are not what runs in production."""


class _PlacingLoader(yml.Loader):
    """Takes unknown tags, such as GitLab's `!reference`, for the value that they mark."""


def _plain(loader: Any, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_PlacingLoader.add_multi_constructor("!", _plain)


@lru_cache(maxsize=4096)
def parsed_yaml(text: str) -> tuple[tuple[Any, ...], Fault | None]:
    """The documents of a YAML text, or why there are none: a fault without a path. Callers change nothing in them."""
    try:
        return tuple(yml.load_all(text, _PlacingLoader)), None
    except yaml.YAMLError as error:
        message = f"{yml.what_is_wrong(error)}: {yml.short_message(error)}"
        return (), Fault(message=message, line=yml.error_line(error), remedy="Correct the YAML.")


@lru_cache(maxsize=512)
def parsed_json(text: str) -> tuple[Any, Fault | None]:
    """The value of a JSON text, or why there is none: a fault without a path."""
    try:
        return json.loads(text), None
    except json.JSONDecodeError as error:
        return None, Fault(message=f"is not JSON: {error.msg}", line=error.lineno, remedy="Correct the JSON.")
    except (RecursionError, ValueError) as error:
        return None, Fault(message=f"cannot be read as JSON: {type(error).__name__}", remedy="Correct the JSON.")


def documents(files: ServiceFiles, path: str) -> list[Document]:
    """The mappings among a YAML file's documents, the items of a Kubernetes List among them."""
    found: list[Document] = []
    for document in parsed_yaml(files.texts[path])[0]:
        if isinstance(document, dict):
            items = document.get("items") if str(document.get("kind", "")).endswith("List") else None
            found += [one for one in items if isinstance(one, dict)] if isinstance(items, list) else [document]
    return found


def yaml_paths(files: ServiceFiles) -> list[str]:
    """The YAML files of a service that are not tests, examples or documentation."""
    return [path for path in files.matching("*.yaml", "*.yml") if not ELSEWHERE.search(path)]


def manifests(files: ServiceFiles, *kinds: str) -> Iterator[tuple[str, Document]]:
    """The Kubernetes objects of these kinds, each with its file."""
    word = re.compile(
        rf"^[ \t]*(?:-[ \t]+)?[\"']?kind[\"']?:\s*[\"']?({'|'.join(map(re.escape, kinds))})\b", re.MULTILINE
    )
    for path in yaml_paths(files):
        if word.search(files.texts[path]):
            for document in documents(files, path):
                if document.get("kind") in kinds and "apiVersion" in document:
                    yield path, document


def mapping(value: Any, *keys: str) -> Mapping[str, Any]:
    """The mapping below these keys; an empty one if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """A list as it is, one value as a list of it, nothing as an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
