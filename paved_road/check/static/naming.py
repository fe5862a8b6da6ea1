"""One name: what is found under it in one tool is found under it in all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.promql import asked
from paved_road.check.static.rules import rules
from paved_road.check.static.structured import documents, items, manifests, mapping, parsed_json

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")
_LABEL = "app.kubernetes.io/name"
_NO_NAME = re.compile(
    r"[{$<]|^(app|web|server|service|main|api|image|container|placeholder|example|default|test)$", re.IGNORECASE
)
_ENDINGS = ("-service", "-svc", "-server", "-app", "-api", "-backend")


@dataclass(frozen=True, kw_only=True, slots=True)
class SaidName:
    """What one file calls the service."""

    where: str
    """`the image in the Deployment`."""
    name: str
    path: str
    line: int = 1


@static_check("consistent-naming")
def consistent_naming(files: ServiceFiles) -> Iterator[Fault]:
    """The catalogue, the package, the manifests, the image and the alerts call the service by one name.

    Raises `NotApplicable` if fewer than two files name it.
    """
    said = [one for one in names(files) if one.name and not _NO_NAME.search(one.name)]
    if len({one.path for one in said}) < 2:
        raise NotApplicable("fewer than two files name the service: catalogue, package, manifests, alerts")
    expected = _expected(said)
    for one in said:
        if normal(one.name) != normal(expected):
            yield Fault(
                message=f"{one.where} is called {one.name}, and the service {expected}", path=one.path, line=one.line,
                remedy=f"Call it {expected} everywhere.",
            )  # fmt: skip


def normal(name: str) -> str:
    """A name without what tools change: `My_Orders` and `my-orders` are one."""
    return re.sub(r"[_. ]", "-", name.strip().lower())


def _expected(said: list[SaidName]) -> str:
    """The name in the catalogue; without one, what most say."""
    first = next((one.name for one in said if one.where == "the component in the catalogue"), None)
    return first or Counter(normal(one.name) for one in said).most_common(1)[0][0]


def names(files: ServiceFiles) -> Iterator[SaidName]:
    """What the files call the service. A folder with several services says nothing about the name of one."""
    yield from _catalogue(files)
    yield from _package(files)
    yield from _workloads(files)
    jobs = {
        (matcher.value, rule.path, rule.line)
        for rule in rules(files)
        for matcher in asked(rule.expression).matchers
        if matcher.label == "job" and matcher.how == "="
    }
    if len({job for job, _, _ in jobs}) == 1:
        job, path, line = min(jobs)
        yield SaidName(where="the job that the alerts select", name=job, path=path, line=line)


def _catalogue(files: ServiceFiles) -> Iterator[SaidName]:
    found = [
        (path, entity)
        for path in files.matching("catalog-info.yaml", "catalog-info.yml")
        for entity in documents(files, path)
        if entity.get("kind") == "Component"
    ]
    if len(found) == 1:
        path, entity = found[0]
        name, line = str(mapping(entity, "metadata").get("name", "")), files.line(path, r"^\s+name:")
        yield SaidName(where="the component in the catalogue", name=name, path=path, line=line)


def _package(files: ServiceFiles) -> Iterator[SaidName]:
    """The name in the manifest of the language's packages."""
    for path, keys in (
        ("pyproject.toml", ("project",)),
        ("pyproject.toml", ("tool", "poetry")),
        ("Cargo.toml", ("package",)),
    ):
        name = mapping(_toml(files.texts.get(path, "")), *keys).get("name")
        if isinstance(name, str):
            yield SaidName(where="the package", name=str(name), path=path, line=files.line(path, r"^name\s*="))
            break
    name = mapping(parsed_json(files.texts.get("package.json", "{}"))[0]).get("name")
    if isinstance(name, str) and "pyproject.toml" not in files.texts:
        yield SaidName(
            where="the package",
            name=name.rpartition("/")[2],
            path="package.json",
            line=files.line("package.json", '"name"'),
        )
    for path, pattern in (
        ("go.mod", r"^module\s+(?:\S*/)?((?!v\d+\s*$)[\w.-]+)(?:/v\d+)?\s*$"),
        ("settings.gradle", r"^rootProject\.name\s*=\s*['\"]([^'\"]+)"),
        ("settings.gradle.kts", r"^rootProject\.name\s*=\s*\"([^\"]+)"),
    ):
        if found := re.search(pattern, files.texts.get(path, ""), re.MULTILINE):
            yield SaidName(where="the package", name=found[1], path=path, line=files.line(path, re.escape(found[0])))
    pom = re.sub(
        r"(?s)<(parent|dependencies|build|profiles|dependencyManagement)>.*?</\1>",
        "",
        files.texts.get("pom.xml", "")[:50_000],
    )
    if found := re.search(r"<artifactId>\s*([\w.-]+)\s*</artifactId>", pom):
        yield SaidName(
            where="the package", name=found[1], path="pom.xml", line=files.line("pom.xml", f">{re.escape(found[1])}<")
        )


def _toml(text: str) -> dict[str, Any]:
    try:
        return dict(tomlkit.parse(text).unwrap())
    except (TOMLKitError, ValueError, RecursionError):
        return {}


def _workloads(files: ServiceFiles) -> Iterator[SaidName]:
    """The name of the one workload, its label and its image; with several, they are several services or helpers."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for path, manifest in manifests(files, *_WORKLOADS):
        name = str(mapping(manifest, "metadata").get("name", ""))
        if items(mapping(manifest, "spec", "template", "spec").get("containers")) and "{{" not in files.texts[path]:
            found.setdefault(name, []).append((path, manifest))
    if len(found) != 1:
        return
    ((name, where),) = found.items()
    for path, manifest in where:
        kind = str(manifest.get("kind"))
        yield SaidName(
            where=f"the {kind}", name=name, path=path, line=files.line(path, rf"^\s+name:\s*[\"']?{re.escape(name)}")
        )
        pod = mapping(manifest, "spec", "template")
        label = mapping(pod, "metadata", "labels").get(_LABEL)
        if label:
            yield SaidName(
                where=f"the label {_LABEL}", name=str(label), path=path, line=files.line(path, re.escape(_LABEL))
            )
        containers = items(mapping(pod, "spec").get("containers"))
        image = str(mapping(containers[0]).get("image", "")) if len(containers) == 1 else ""
        repository = re.split(r"[@:]", image.rpartition("/")[2])[0]
        if repository:
            line = files.line(path, rf"image:.*{re.escape(repository)}")
            yield SaidName(where=f"the image in the {kind}", name=repository, path=path, line=line)
