"""The ConfigMaps and Secrets that Kustomize generates, and the hash of their content in their names."""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

from paved_road.check.static.kubernetes.resources import Fields, Resource, SourceDocument, fields, text


class GeneratorFailed(Exception):
    """A generator names a file that the service does not have, or what it merges with; the text says which."""


def generated(
    kind: str, generator: Fields, shared: Fields, folder: str, texts: Mapping[str, str], origin: SourceDocument
) -> Resource:
    """The ConfigMap or Secret of a generator. `shared` are the kustomization's `generatorOptions`.

    Raises `GeneratorFailed` if a file is missing.
    """
    data: dict[str, str] = {}
    origins = [origin]
    for source in _sources(generator, folder, texts):
        data |= source.data["data"]
        origins.append(source)
    origins.append(_literals(generator, origin))
    data |= origins[-1].data["data"]
    own = fields(generator.get("options"))
    metadata: Fields = {"name": text(generator.get("name"))}
    if generator.get("namespace"):
        metadata["namespace"] = text(generator["namespace"])
    for key in ("labels", "annotations"):
        if added := fields(shared.get(key)) | fields(own.get(key)):
            metadata[key] = dict(added)
    result: Fields = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    if data:
        result["data"] = {key: _encoded(value) for key, value in data.items()} if kind == "Secret" else data
    if kind == "Secret":
        result["type"] = text(generator.get("type")) or "Opaque"
    if own.get("immutable", shared.get("immutable")):
        result["immutable"] = True
    unhashed = own.get("disableNameSuffixHash", shared.get("disableNameSuffixHash", False))
    return Resource(data=result, origins=origins, hashed=unhashed is not True, generated=True)


def combine(old: Resource, new: Resource, behavior: str) -> None:
    """Merge a generated resource into the one of the same name that a base has, or put it in its place."""
    own = {key: fields(new.metadata.get(key)) for key in ("labels", "annotations")}
    for key, added in own.items():
        if added:
            old.data["metadata"][key] = fields(old.metadata.get(key)) | added
    data = fields(new.data.get("data"))
    old.data["data"] = data if behavior == "replace" else fields(old.data.get("data")) | data
    old.origins += new.origins
    old.hashed = old.hashed and new.hashed


def _sources(generator: Fields, folder: str, texts: Mapping[str, str]) -> Iterator[SourceDocument]:
    """One for each file, in Kustomize's order: variables of env files, then whole files."""
    for name in [*_names(generator.get("envs")), *_names([generator.get("env")])]:
        path, content = _read(folder, name, texts)
        found = {key: (line, value) for line, key, value in _variables(content)}
        lines: dict[tuple[str | int, ...], int] = {("data", key): line for key, (line, _) in found.items()}
        yield SourceDocument(
            path=path, line=1, data={"data": {key: value for key, (_, value) in found.items()}}, lines=lines
        )
    for name in _names(generator.get("files")):
        key, _, file = name.rpartition("=")
        path, content = _read(folder, file, texts)
        yield SourceDocument(path=path, line=1, data={"data": {key or posixpath.basename(file): content}}, lines={})


def _literals(generator: Fields, origin: SourceDocument) -> SourceDocument:
    data: dict[str, str] = {}
    lines: dict[tuple[str | int, ...], int] = {}
    for at, literal in enumerate(_names(generator.get("literals"))):
        key, _, value = literal.partition("=")
        data[key] = value[1:-1] if re.fullmatch(r"(?s)(['\"]).*\1", value) and len(value) > 1 else value
        lines["data", key] = origin.lines.get(("literals", at), origin.line)
    return SourceDocument(path=origin.path, line=origin.line, data={"data": data}, lines=lines)


def _names(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, Sequence) else []


def _read(folder: str, name: str, texts: Mapping[str, str]) -> tuple[str, str]:
    path = posixpath.normpath(posixpath.join(folder, name))
    if path not in texts:
        raise GeneratorFailed(f"it names {name}, which is not there")
    return path, texts[path]


def _variables(content: str) -> Iterator[tuple[int, str, str]]:
    """The line, name and value of each variable of an env file. A name alone has its value in the shell, if any."""
    for number, line in enumerate(content.split("\n"), 1):
        written = line.removesuffix("\r").lstrip()
        if written and not written.startswith("#"):
            key, _, value = written.partition("=")
            yield number, key, value


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()


_DIGITS = str.maketrans("013ae", "ghkmt")
"""Kubernetes avoids what may read as a word: vowels, and digits that look like letters."""


def content_hash(resource: Resource) -> str:
    """The ten characters that Kustomize adds to the name of a generated ConfigMap or Secret."""
    content: Fields = {"kind": resource.kind, "name": "", "data": resource.data.get("data") or ""}
    if resource.kind == "Secret":
        content["type"] = resource.data.get("type", "")
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for letter in "<>&\u2028\u2029":  # as Go writes JSON
        written = written.replace(letter, f"\\u{ord(letter):04x}")
    digest = hashlib.sha256(written.encode("utf-8", "surrogateescape")).hexdigest()
    return digest[:10].translate(_DIGITS)
