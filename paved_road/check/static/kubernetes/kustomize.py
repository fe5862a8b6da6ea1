"""Kustomize, rendered in memory from a service's texts: what `kubectl kustomize` makes of a folder.

Nothing is fetched and nothing is run: a remote base, a Helm chart and a plugin are left out, and noted. What Kustomize
would refuse is a problem with its file and line, and the rest is rendered all the same.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from paved_road.check.static.kubernetes import generating, patching, transforming
from paved_road.check.static.kubernetes.references import update_references
from paved_road.check.static.kubernetes.resources import (
    BadManifest,
    Fields,
    Resource,
    SourceDocument,
    fields,
    items,
    read_documents,
    resources_of,
    text,
    value_at,
)

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_DEEPEST = 20
_MOST_FOLDERS = 500
"""Folders that one environment may read: bases that include each other twice double with each level."""
_MOST_RESOURCES = 5_000
_UNSUPPORTED = {
    "helmCharts": "Helm charts", "helmChartInflationGenerator": "Helm charts", "generators": "generator plugins",
    "transformers": "transformer plugins", "replacements": "replacements", "vars": "vars",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What Kustomize, or Kubernetes, would refuse."""

    path: str
    line: int
    said: str


@dataclass(kw_only=True, slots=True)
class Rendered:
    """What a folder renders to."""

    resources: list[Resource] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was left out, and why."""
    used: set[str] = field(default_factory=set)
    """The files that were read."""


def kustomization_in(texts: Mapping[str, str], folder: str) -> str | None:
    """The path of a folder's kustomization; None if it has none."""
    paths = (posixpath.join(folder, name) if folder else name for name in FILE_NAMES)
    return next((path for path in paths if path in texts), None)


def uses_and_kind(texts: Mapping[str, str], folder: str) -> tuple[set[str], bool]:
    """The folders that a folder's kustomization uses, and whether it is a component, which is nothing by itself."""
    path = kustomization_in(texts, folder)
    try:
        documents = read_documents(path, texts[path]) if path else []
    except BadManifest:
        return set(), False
    data = fields(documents[0].data) if documents else {}
    named = [entry for key in ("resources", "bases", "components") for entry in _texts(data.get(key))]
    return {_joined(folder, entry) for entry in named}, data.get("kind") == "Component"


def render_folder(texts: Mapping[str, str], folder: str) -> Rendered:
    """Render the kustomization in a folder."""
    build = _Build(texts=texts)
    resources = build.folder("" if folder == "." else folder, [], ())
    for resource in resources:
        if resource.hashed:
            resource.rename(f"{resource.name}-{generating.content_hash(resource)}")
    update_references(resources, custom=build.configured)
    build.result.resources = resources
    return build.result


@dataclass(kw_only=True, slots=True)
class _Build:
    """One rendering: what it may read, and what it has found so far."""

    texts: Mapping[str, str]
    result: Rendered = field(default_factory=Rendered)
    folders: int = 0
    configured: bool = False
    """Whether a kustomization says where custom resources name others."""

    def problem(self, path: str, line: int, said: str) -> None:
        found = Problem(path=path, line=line, said=said)
        if found not in self.result.problems:
            self.result.problems.append(found)

    def note(self, said: str) -> None:
        if said not in self.result.notes:
            self.result.notes.append(said)

    def read(self, path: str) -> list[SourceDocument]:
        """The documents of a file; none, and a problem, if it cannot be parsed."""
        self.result.used.add(path)
        try:
            return read_documents(path, self.texts[path])
        except BadManifest as error:
            self.problem(path, error.line, str(error))
            return []

    def folder(self, folder: str, around: list[Resource], stack: tuple[str, ...]) -> list[Resource]:
        """The resources of a kustomization; for a component, `around` with its changes."""
        path = kustomization_in(self.texts, folder)
        self.folders += 1
        if path is None or len(stack) > _DEEPEST or self.folders > _MOST_FOLDERS:
            return around
        documents = self.read(path)
        if not documents or not isinstance(documents[0].data, dict):
            if not any(problem.path == path for problem in self.result.problems):
                self.problem(path, 1, "it is no kustomization: it must be a mapping")
            return around
        origin = documents[0]
        data: Fields = origin.data
        own = around if data.get("kind") == "Component" else []
        own = self.accumulated(own, folder, origin, (*stack, folder))[:_MOST_RESOURCES]
        self.configured |= bool(data.get("configurations"))
        for key, what in _UNSUPPORTED.items():
            if data.get(key):
                self.note(f"{path} has {what}, which paved does not render")
        self.generate(own, folder, origin)
        return self.transformed(own, folder, origin)

    def accumulated(
        self, own: list[Resource], folder: str, origin: SourceDocument, stack: tuple[str, ...]
    ) -> list[Resource]:
        """The resources that a kustomization names, changed by its components."""
        data: Fields = origin.data
        for key in ("resources", "bases"):
            for at, entry in enumerate(_texts(data.get(key))):
                own += self.entry(folder, entry, (origin.path, origin.lines.get((key, at), 1)), stack)
        for at, entry in enumerate(_texts(data.get("components"))):
            where = _joined(folder, entry)
            if self.is_there(where, entry, (origin.path, origin.lines.get(("components", at), 1)), stack):
                own = self.folder(where, own, stack)
        return own

    def entry(self, folder: str, entry: str, place: tuple[str, int], stack: tuple[str, ...]) -> list[Resource]:
        """The resources of one entry of `resources`: a file, a folder, or what is remote."""
        where = _joined(folder, entry)
        if where in self.texts:
            try:
                return resources_of(self.read(where))
            except BadManifest as error:
                self.problem(where, error.line, str(error))
                return []
        return self.folder(where, [], stack) if self.is_there(where, entry, place, stack) else []

    def is_there(self, where: str, entry: str, place: tuple[str, int], stack: tuple[str, ...]) -> bool:
        """Whether a folder that a kustomization names can be rendered; what prevents it is noted."""
        if _is_remote(entry):
            self.note(f"{place[0]} has a remote base, which paved does not fetch: {entry}")
        elif where.startswith(".."):
            self.note(f"{place[0]} has a base outside of the service, which paved does not read: {entry}")
        elif where in stack:
            self.problem(*place, f"it includes itself by {entry}")
        elif kustomization_in(self.texts, where) is None:
            self.problem(*place, f"it names {entry}, which is not there")
        else:
            return True
        return False

    def generate(self, resources: list[Resource], folder: str, origin: SourceDocument) -> None:
        for key, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            for at, generator in enumerate(items(origin.data.get(key))):
                own = _inside(origin, (key, at))
                shared = fields(origin.data.get("generatorOptions"))
                try:
                    made = generating.generated(kind, generator, shared, folder, self.texts, own)
                except generating.GeneratorFailed as error:
                    if kind == "Secret":  # its files are not in git, as it should be
                        self.note(f"{origin.path}: {error}")
                    else:
                        self.problem(origin.path, own.line, str(error))
                    continue
                self.result.used.update(each.path for each in made.origins)
                self.add(resources, made, text(generator.get("behavior")), own)

    def add(self, resources: list[Resource], made: Resource, behavior: str, origin: SourceDocument) -> None:
        old = next((each for each in resources if each.kind == made.kind and each.is_called(made.name)), None)
        if old is not None and behavior in ("merge", "replace"):
            generating.combine(old, made, behavior)
        elif behavior in ("merge", "replace"):
            self.problem(origin.path, origin.line, f"there is no {made.kind} {made.name} to {behavior}")
            resources.append(made)
        else:
            resources.append(made)

    # -- patches -------------------------------------------------------------------------------------------------------

    def transformed(self, resources: list[Resource], folder: str, origin: SourceDocument) -> list[Resource]:
        data: Fields = origin.data
        for at, entry in enumerate(_list(data.get("patchesStrategicMerge"))):
            if isinstance(entry, str):
                patch = {"patch": entry} if "\n" in entry else {"path": entry}
                resources = self.patched(resources, patch, folder, _inside(origin, ("patchesStrategicMerge", at)))
        for at, patch in enumerate(items(data.get("patches"))):
            resources = self.patched(resources, patch, folder, _inside(origin, ("patches", at)))
        transforming.transform(resources, data)
        for at, patch in enumerate(items(data.get("patchesJson6902"))):
            resources = self.patched(resources, patch, folder, _inside(origin, ("patchesJson6902", at)))
        transforming.transform_last(resources, data, origin)
        return resources

    def patched(self, resources: list[Resource], patch: Fields, folder: str, origin: SourceDocument) -> list[Resource]:
        """The resources after one entry of `patches`, which has a patch inline or in a file."""
        target = fields(patch.get("target"))
        for document in self.patch_documents(patch, folder, origin):
            if isinstance(document.data, list):
                chosen = [each for each in resources if target and selects(target, each)]
                change: Callable[[Resource, SourceDocument], bool] = self.apply_operations
            elif isinstance(document.data, dict):
                chosen = [each for each in resources if _is_meant(document.data, target, each)]
                change = _merge
            else:
                self.problem(document.path, document.line, "it is no patch")
                continue
            if not chosen and not target:
                named = f"{text(document.data.get('kind'))} " if isinstance(document.data, dict) else ""
                named += text(value_at(document.data, "metadata", "name"))
                self.problem(
                    document.path, document.line, f"nothing here is what the patch is for: {named}".rstrip(": ")
                )
            deleted = [each for each in chosen if not change(each, document)]
            resources = [each for each in resources if not any(each is gone for gone in deleted)]
        return resources

    def patch_documents(self, patch: Fields, folder: str, origin: SourceDocument) -> list[SourceDocument]:
        if isinstance(path := patch.get("path"), str):
            where = _joined(folder, path)
            if where not in self.texts:
                self.problem(origin.path, origin.line, f"it names {path}, which is not there")
                return []
            return self.read(where)
        if not isinstance(written := patch.get("patch"), str):
            return []
        offset = origin.lines.get(("patch",), origin.line)
        try:
            found = read_documents(origin.path, written)
        except BadManifest as error:
            self.problem(origin.path, offset + error.line, str(error))
            return []
        return [
            SourceDocument(path=origin.path, line=offset + each.line, data=each.data,
                   lines={where: offset + line for where, line in each.lines.items()})
            for each in found
        ]  # fmt: skip

    def apply_operations(self, resource: Resource, document: SourceDocument) -> bool:
        for at, operation in enumerate(document.data):
            line = document.lines.get((at,), document.line)
            try:
                resource.data = patching.apply_operations(resource.data, [operation])
            except patching.PatchFailed as error:
                self.problem(document.path, line, f"{resource}: {error}")
                return True
            keys = _named_keys(resource.data, patching.tokens(text(operation.get("path"))))
            data: Any = operation.get("value")
            for key in reversed(keys):
                data = {key: data}
            resource.origins.append(SourceDocument(path=document.path, line=line, data=data, lines={}))
        return True


def _merge(resource: Resource, document: SourceDocument) -> bool:
    """Apply a strategic merge patch; False if it deletes the resource."""
    data = {key: value for key, value in document.data.items() if key not in ("apiVersion", "kind")}
    if isinstance(data.get("metadata"), dict):  # they say what the patch is for
        data["metadata"] = {key: value for key, value in data["metadata"].items() if key not in ("name", "namespace")}
    result = patching.merge(resource.data, data)
    if result is None:
        return False
    resource.data = result
    resource.origins.append(document)
    return True


def _is_meant(patch: Fields, target: Fields, resource: Resource) -> bool:
    if target:
        return selects(target, resource)
    name, namespace = text(value_at(patch, "metadata", "name")), text(value_at(patch, "metadata", "namespace"))
    spaces = {resource.namespace, *(former for _, former in resource.former)}
    group = text(patch.get("apiVersion")).rpartition("/")[0]
    return (
        patch.get("kind") == resource.kind and resource.is_called(name) and group == resource.group
        and (not namespace or namespace in spaces)
    )  # fmt: skip


def selects(target: Fields, resource: Resource) -> bool:
    """Whether the target of a patch selects a resource: names are regular expressions."""
    version = text(resource.data.get("apiVersion")).rpartition("/")[2]
    exact = {"group": resource.group, "version": version}
    names = [resource.name, *(name for name, _ in resource.former)]
    spaces = [resource.namespace, *(namespace for _, namespace in resource.former)]
    return (
        all(not target.get(key) or text(target[key]) == value for key, value in exact.items())
        and _matches(target.get("kind"), [resource.kind])
        and _matches(target.get("name"), names)
        and _matches(target.get("namespace"), spaces)
        and _has(target.get("labelSelector"), resource.labels)
        and _has(target.get("annotationSelector"), fields(resource.metadata.get("annotations")))
    )


def _matches(pattern: Any, values: Iterable[str]) -> bool:
    if not pattern:
        return True
    written = text(pattern)
    if len(re.findall(r"[*+?{]", written)) > _MOST_REPEATS or re.search(r"\)[*+?{]", written):
        return False  # it could take for ever
    try:
        found = re.compile(written)
    except re.error:
        return False
    return any(found.fullmatch(value[:64]) for value in values)


_MOST_REPEATS = 3


def _has(selector: Any, labels: Fields) -> bool:
    """Whether labels have all that `a=b,c` asks for."""
    for term in text(selector).split(","):
        key, equals, value = term.replace("==", "=").partition("=")
        if key.strip() and (key.strip() not in labels or (equals and text(labels[key.strip()]) != value.strip())):
            return False
    return True


def _named_keys(data: Any, pointer: list[str]) -> list[str | int]:
    """The keys of a JSON pointer, with the names of a list's items in place of their positions."""
    keys: list[str | int] = []
    for token in pointer:
        key: str | int = token
        if isinstance(data, list) and data:
            at = int(token) if token.isdecimal() else len(data) - 1  # "-" is the item that was added
            item = data[at] if at < len(data) else None
            key, data = (text(item.get("name")) or at if isinstance(item, dict) else at), item
        else:
            data = data.get(token) if isinstance(data, dict) else None
        keys.append(key)
    return keys


def _inside(origin: SourceDocument, where: tuple[str | int, ...]) -> SourceDocument:
    """A part of a document, with its own lines."""
    size = len(where)
    lines = {keys[size:]: line for keys, line in origin.lines.items() if keys[:size] == where and len(keys) > size}
    return SourceDocument(
        path=origin.path, line=origin.lines.get(where, origin.line), data=value_at(origin.data, *where), lines=lines
    )


def _joined(folder: str, entry: str) -> str:
    """The path that a kustomization names, from the service's folder."""
    path = posixpath.normpath(posixpath.join(folder, entry))
    return "" if path == "." else path


def _is_remote(entry: str) -> bool:
    return bool(re.match(r"(\w+://|git@|github\.com[/:]|git::)", entry)) or "?ref=" in entry


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [each for each in _list(value) if isinstance(each, str)]
