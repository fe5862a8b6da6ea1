"""Where a service is deployed: each environment with what runs there.

- A kustomization that no other one uses is an environment, named after its folder: `deploy/overlays/prod` is `prod`.
- Manifests outside of Kustomize are one environment, unless folders or file names tell several apart; then each gets
  its own manifests and those that name no environment.
- A Helm chart is not rendered, because its templates are programs. A service that has nothing else has no manifests.

Practices look at production: the environments called prod, production or live; else those that are not called after a
stage before it; else all.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from paved_road.check.model import NotApplicable
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.kubernetes.kustomize import FILE_NAMES, Problem, Rendered, render_folder, uses_and_kind
from paved_road.check.static.kubernetes.resources import (
    BadManifest,
    Fields,
    Resource,
    fields,
    items,
    read_documents,
    resources_of,
    text,
)
from paved_road.check.static.structured import ELSEWHERE

_PRODUCTION = frozenset({"prod", "production", "live", "prd"})
EARLIER_STAGES = frozenset({
    "dev", "develop", "development", "staging", "stage", "stg", "test", "testing", "qa", "uat", "preprod", "sandbox",
    "local",
    "preview", "ci", "demo", "minikube", "kind", "integration", "int", "nonprod",
})  # fmt: skip
"""Words by which teams call the stages before production."""
_MANIFEST = re.compile(r"""(?m)^[ \t]*["']?apiVersion["']?[ \t]*:""")
_KIND = re.compile(r"""(?m)^[ \t]*["']?kind["']?[ \t]*:""")
_OTHER_TOOLS = ("backstage.io", "skaffold", "kind.x-k8s.io", "kustomize.config.k8s.io", "score.dev", "jkube")
"""What files of other tools have in their `apiVersion`."""
_MOST_ENVIRONMENTS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployedEnvironment:
    """What is deployed to one environment."""

    name: str
    """"" if the service does not tell environments apart."""
    resources: tuple[Resource, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be rendered, and why."""

    def of_kind(self, *kinds: str) -> list[Resource]:
        """The resources of these kinds."""
        return [each for each in self.resources if each.kind in kinds]

    def __str__(self) -> str:
        return f"{self.name}: " if self.name else ""


def all_environments(files: ServiceFiles) -> list[DeployedEnvironment]:
    """Every environment. Raises `NotApplicable` if the service has no manifests."""
    found, charts = _environments(tuple(files.texts.items()))
    if not found:
        if charts:
            raise NotApplicable(
                f"paved does not render Helm charts ({charts[0]}): commit what `helm template` prints for production"
            )
        raise NotApplicable("the service has no Kubernetes manifests")
    return list(found)


def production(files: ServiceFiles) -> list[DeployedEnvironment]:
    """The environments that practices look at. Raises `NotApplicable` if the service has none that runs something."""
    every = all_environments(files)
    running = [each for each in every if any(has_pods(resource) for resource in each.resources)]
    if not running:
        said = next((f": {problem.path} {problem.said}" for each in every for problem in each.problems), "")
        said = said or next((f": {note}" for each in every for note in each.notes), "")
        raise NotApplicable(f"the service's manifests have no Deployment, StatefulSet or Rollout{said}")
    named = [each for each in running if is_production(each)]
    return named or [each for each in running if not _words(each.name) & EARLIER_STAGES] or running


def is_production(environment: DeployedEnvironment) -> bool:
    """Whether an environment is called after production."""
    words = _words(environment.name)
    return bool(words & _PRODUCTION) and not words & {"non", "pre"}


def stage_of(environment: DeployedEnvironment) -> str:
    """The word in an environment's name that says which stage it is; "" if none does."""
    return next(iter(sorted(_words(environment.name) & (_PRODUCTION | EARLIER_STAGES))), "")


def has_pods(resource: Resource) -> bool:
    """Whether a resource is a workload that serves, with a pod template of its own."""
    return (resource.kind, resource.group) in _WORKLOADS and isinstance(resource.at("spec", "template", "spec"), dict)


_WORKLOADS = frozenset({
    ("Deployment", "apps"), ("StatefulSet", "apps"), ("DaemonSet", "apps"), ("Rollout", "argoproj.io"),
    ("DeploymentConfig", "apps.openshift.io"), ("Deployment", "extensions"),
})  # fmt: skip


def _words(name: str) -> set[str]:
    return set(re.split(r"[-_./]", name.lower()))


@functools.lru_cache(maxsize=32)
def _environments(texts: tuple[tuple[str, str], ...]) -> tuple[tuple[DeployedEnvironment, ...], tuple[str, ...]]:
    """The environments of a service's files, and its Helm charts. Nobody changes the resources."""
    found = {path: content for path, content in texts if not ELSEWHERE.search(path)}
    charts = sorted(path for path in found if posixpath.basename(path) == "Chart.yaml")
    chart_folders = tuple(f"{posixpath.dirname(path)}/".removeprefix("/") for path in charts)
    folders = _kustomized(found)
    rendered = {folder: render_folder(found, folder) for folder in _tops(found, folders)[:_MOST_ENVIRONMENTS]}
    used = {path for each in rendered.values() for path in each.used}
    plain = {
        path: content for path, content in found.items()
        if path.endswith((".yaml", ".yml", ".json")) and path not in used and posixpath.dirname(path) not in folders
        and not path.startswith(chart_folders) and _MANIFEST.search(content) and _KIND.search(content)
    }  # fmt: skip
    names = _names(list(rendered))
    environments = [
        _environment(names[folder], each) for folder, each in rendered.items() if each.resources or each.problems
    ]
    environments += _plain_environments(plain)
    return tuple(environments), tuple(charts)


def _environment(name: str, rendered: Rendered) -> DeployedEnvironment:
    return DeployedEnvironment(
        name=name, resources=tuple(rendered.resources), problems=tuple(rendered.problems), notes=tuple(rendered.notes)
    )


# -- Kustomize ---------------------------------------------------------------------------------------------------------


def _kustomized(texts: Mapping[str, str]) -> set[str]:
    """The folders that have a kustomization."""
    return {posixpath.dirname(path) for path in texts if posixpath.basename(path) in FILE_NAMES}


def _tops(texts: Mapping[str, str], folders: Iterable[str]) -> list[str]:
    """The folders whose kustomization no other one uses."""
    used: set[str] = set()
    components: set[str] = set()
    for folder in folders:
        named, component = uses_and_kind(texts, folder)
        used |= named
        if component:
            components.add(folder)
    return sorted(set(folders) - used - components)


def _names(folders: list[str]) -> dict[str, str]:
    """A name for each folder: its stage if a part of its path is one, else its last part, else its whole path."""
    names = {}
    for folder in folders:
        parts = folder.split("/")
        stages = [part for part in parts if part.lower() in _PRODUCTION | EARLIER_STAGES]
        names[folder] = stages[-1] if stages else parts[-1]
    doubled = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {folder: folder if name in doubled else name for folder, name in names.items()}


# -- plain manifests ---------------------------------------------------------------------------------------------------


def _plain_environments(texts: Mapping[str, str]) -> list[DeployedEnvironment]:
    by_stage: dict[str, Rendered] = {}
    for path, content in sorted(texts.items()):
        into = by_stage.setdefault(_stage(path), Rendered())
        _read(path, content, into)
    common = by_stage.pop("", Rendered())
    if not by_stage:
        return [_environment("", common)] if common.resources or common.problems else []
    for stage in by_stage.values():
        own = {(each.kind, each.name) for each in stage.resources}
        stage.resources += [each for each in common.resources if (each.kind, each.name) not in own]
        stage.problems += common.problems
    return [_environment(name, stage) for name, stage in by_stage.items() if stage.resources or stage.problems]


def _stage(path: str) -> str:
    """The environment that a path names; "" if it names none."""
    words = re.split(r"[/._-]", path.lower())
    return next((word for word in words if word in _PRODUCTION | EARLIER_STAGES), "")


def _read(path: str, content: str, into: Rendered) -> None:
    try:
        documents = read_documents(path, content)
    except BadManifest as error:
        if "{{" in content or "<%" in content:
            into.notes.append(f"{path} is a template, which paved does not render")
        else:
            into.problems.append(Problem(path=path, line=error.line, said=str(error)))
        return
    for document in documents:
        version = text(fields(document.data).get("apiVersion"))
        if any(tool in version for tool in _OTHER_TOOLS):
            continue
        try:
            into.resources += resources_of([document])
        except BadManifest:
            continue  # another tool's file: only what Kubernetes takes is judged


# -- labels ------------------------------------------------------------------------------------------------------------


def matches(selector: object, labels: Fields) -> bool:
    """Whether a label selector (`matchLabels`, `matchExpressions`) selects something with these labels."""
    chosen = fields(selector)
    if not has_labels(fields(chosen.get("matchLabels")), labels):
        return False
    return all(_fits(term, labels) for term in items(chosen.get("matchExpressions")))


def has_labels(wanted: Fields, labels: Fields) -> bool:
    """Whether labels have all that are wanted."""
    return all(key in labels and text(labels[key]) == text(value) for key, value in wanted.items())


_AT_RUNTIME = frozenset({
    "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "pod-template-hash", "role", "spilo-role",
    "rollouts-pod-template-hash", "controller-revision-hash",
})  # fmt: skip
"""Labels that pods get when they run: from Kubernetes, Argo Rollouts, or a data store that elects a leader."""


def leads_to(selector: Fields, labels: Fields) -> bool:
    """Whether the selector of a Service fits the labels of a workload's pods."""
    return has_labels(
        {key: value for key, value in selector.items() if key not in _AT_RUNTIME or key in labels}, labels
    )


def _fits(term: Fields, labels: Fields) -> bool:
    key, operator = text(term.get("key")), term.get("operator")
    written = term.get("values")
    values = [text(value) for value in written] if isinstance(written, list) else []
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    inside = key in labels and text(labels[key]) in values
    return inside if operator == "In" else not inside


def same_namespace(one: Resource, other: Resource) -> bool:
    """Whether two resources are, or may be, in one namespace."""
    return not one.namespace or not other.namespace or one.namespace == other.namespace
