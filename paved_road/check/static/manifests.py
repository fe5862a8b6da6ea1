"""Manifests that Kubernetes and Kustomize take, and that name each other correctly."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from paved_road.check.model import Fault
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.kubernetes.environments import (
    DeployedEnvironment,
    all_environments,
    leads_to,
    matches,
    same_namespace,
    stage_of,
)
from paved_road.check.static.kubernetes.kustomize import Problem
from paved_road.check.static.kubernetes.references import Reference, pod_template_keys, references
from paved_road.check.static.kubernetes.resources import Fields, Resource, fields, items, text

_KNOWN_HERE = frozenset({"ConfigMap", "Service", "Deployment", "StatefulSet", "Rollout", "PersistentVolumeClaim"})
"""What a service's own manifests must have when they name it. Secrets and accounts are often made elsewhere."""


@static_check("valid-manifests")
def valid_manifests(files: ServiceFiles) -> Iterator[Fault]:
    """Every environment can be rendered, and what its resources name or select is there.

    Raises `NotApplicable` if the service has no manifests.
    """
    seen: set[tuple[str, int, str]] = set()
    environments = all_environments(files)
    for environment in environments:
        near = [each for each in environments if stage_of(each) in ("", stage_of(environment))]
        known = {(resource.kind, resource.name) for each in near for resource in each.resources}
        unread = [each for each in environment.problems if _is_unread(files, each)]
        for problem in environment.problems:
            if problem in unread:
                continue
            if (key := (problem.path, problem.line, problem.said)) not in seen:
                seen.add(key)
                yield Fault(message=f"{problem.path}: {problem.said}", path=problem.path, line=problem.line)
        for resource, says, where in _wrong(environment, known, complete=not environment.notes and not unread):
            path, line = resource.place(*where)
            if (key := (path, line, f"{resource}: {says}")) not in seen:
                seen.add(key)
                yield Fault(message=f"{environment}{resource}: {says}", path=path, line=line)


Wrong = tuple[Resource, str, tuple[str | int, ...]]


def _is_unread(files: ServiceFiles, problem: Problem) -> bool:
    """Whether a file that a kustomization names is there, but is a link or too large to be read."""
    named = re.fullmatch(r"it names (.+), which is not there", problem.said)
    if named is None:
        return False
    return posixpath.normpath(posixpath.join(posixpath.dirname(problem.path), named[1])) in files.unread


def _wrong(environment: DeployedEnvironment, known: set[tuple[str, str]], *, complete: bool) -> Iterator[Wrong]:
    pods = [each for each in environment.resources if pod_template_keys(each) is not None]
    for resource in pods:
        yield from _own_selector(resource)
    if not complete:  # what is not rendered may have what is missing here
        return
    for resource in environment.resources:
        yield from _names_nothing(resource, known)
    if pods:
        yield from _select_nothing(environment, pods)


def _own_selector(resource: Resource) -> Iterator[Wrong]:
    """Kubernetes refuses a workload that does not select its own pods."""
    if resource.kind not in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet") or resource.group != "apps":
        return
    if not matches(resource.at("spec", "selector"), _labels(resource)):
        yield resource, "its selector does not fit the labels of its own pods", ("spec", "selector")
    elif not fields(resource.at("spec", "selector")):
        yield resource, "it has no selector, and apps/v1 needs one", ("spec",)


def _labels(resource: Resource) -> Fields:
    keys = pod_template_keys(resource)
    return fields(resource.at(*(keys or ()), "metadata", "labels"))


def _names_nothing(resource: Resource, known: set[tuple[str, str]]) -> Iterator[Wrong]:
    """What it names must be in its environment or, where a stage is applied in parts, in another part of it."""
    named = [(each.name, each.kinds, each.where) for each in references(resource) if _counts(each)]
    for at, rule in enumerate(items(resource.spec.get("rules"))) if resource.kind == "HTTPRoute" else ():
        for backend in items(rule.get("backendRefs")):
            if text(backend.get("kind")) in ("", "Service") and not backend.get("namespace"):
                named += [(text(backend.get("name")), ("Service",), ("spec", "rules", at))]
    for name, kinds, where in named:
        if name and not any((kind, name) in known for kind in kinds):
            yield resource, f"it names the {kinds[0]} {name}, which does not exist", where


def _counts(reference: Reference) -> bool:
    """Whether what is named must be here. The Services that an AWS load balancer makes up are not."""
    made_up = fields(reference.holder.get("port")).get("name") == "use-annotation"
    made_up |= reference.holder.get("servicePort") == "use-annotation"
    return _KNOWN_HERE.issuperset(reference.kinds) and not reference.optional and not made_up


def _select_nothing(environment: DeployedEnvironment, pods: list[Resource]) -> Iterator[Wrong]:
    for service in environment.of_kind("Service"):
        selector = fields(service.spec.get("selector"))
        if service.group or not selector or any(leads_to(selector, _labels(each)) for each in pods):
            continue
        if any(_is_meant_for(service, selector, each) for each in pods):
            yield service, "it selects no pods: its selector fits the labels of none", ("spec", "selector")
    for budget in environment.of_kind("PodDisruptionBudget"):
        near = [each for each in pods if same_namespace(each, budget)]
        if budget.spec.get("selector") and not any(matches(budget.spec["selector"], _labels(each)) for each in near):
            yield budget, "it protects no pods: its selector fits the labels of none", ("spec", "selector")
    services = [each for each in environment.of_kind("Service") if each.group == ""]
    for monitor in environment.of_kind("ServiceMonitor"):
        if services and monitor.spec.get("selector") and not monitor.spec.get("namespaceSelector"):
            if not any(matches(monitor.spec["selector"], each.labels) for each in services):
                yield monitor, "it selects no Service, so that nothing is measured", ("spec", "selector")
            else:
                yield from _ports_of_monitor(monitor, services)


def _is_meant_for(service: Resource, selector: Fields, workload: Resource) -> bool:
    """An operator's own pods are in no manifest; a Service that shares a name or a label with a workload means it."""
    labels = _labels(workload)
    shared = any(text(value) and text(labels.get(key)) == text(value) for key, value in selector.items())
    return shared or service.name == workload.name


def _ports_of_monitor(monitor: Resource, services: list[Resource]) -> Iterator[Wrong]:
    chosen = [each for each in services if matches(monitor.spec["selector"], each.labels)]
    names = {text(port.get("name")) for each in chosen for port in items(each.spec.get("ports"))}
    for at, endpoint in enumerate(items(monitor.spec.get("endpoints"))):
        if endpoint.get("port") and text(endpoint["port"]) not in names:
            says = f"it asks the port {text(endpoint['port'])!r}, which its Service does not have"
            yield monitor, says, ("spec", "endpoints", at, "port")
