"""How many pods run: that load adds some, and that a lost node or a drained one leaves enough."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from paved_road.check.model import Fault, Fix, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.kubernetes.environments import matches
from paved_road.check.static.kubernetes.resources import Fields, Resource, fields, items, number, text
from paved_road.check.static.kubernetes.workloads import Workload, own_workloads, told_once

# -- autoscaling -------------------------------------------------------------------------------------------------------


@static_check("autoscaling")
@told_once
def autoscaling(files: ServiceFiles) -> Iterator[Fault]:
    """Load adds pods, and nothing else decides how many run.

    Raises `NotApplicable` if the service has no manifests, or no workload that can have any number of pods.
    """
    for workload in _scalable(files):
        scaler = workload.autoscaler
        if misled := workload.misled_autoscaler:
            says = f"it scales the {workload.resource.kind}, but the Rollout {workload.runner.name} runs the pods"
            yield workload.fault(says, "spec", "scaleTargetRef", about=misled)
        elif scaler is None:
            yield workload.fault("nothing adds pods when the load grows: it has no HorizontalPodAutoscaler")
        elif scaler.kind == "HorizontalPodAutoscaler":
            yield from _scaler(files, workload, scaler)


def _scalable(files: ServiceFiles) -> list[Workload]:
    found = [each for each in own_workloads(files) if each.resource.kind not in ("StatefulSet", "DaemonSet")]
    if not found:
        raise NotApplicable("the service has no Deployment or Rollout in production")
    return found


def _scaler(files: ServiceFiles, workload: Workload, scaler: Resource) -> Iterator[Fault]:
    least, most = number(scaler.spec.get("minReplicas"), 1), number(scaler.spec.get("maxReplicas"), 0)
    if most < least:
        yield workload.fault(
            f"its minimum ({least:g}) is above its maximum ({most:g})", "spec", "minReplicas", about=scaler
        )
    elif most == least:
        says = f"it adds nothing: its minimum and its maximum are both {most:g}"
        yield workload.fault(says, "spec", "maxReplicas", about=scaler)
    if "replicas" in workload.runner.spec:
        says = "it states replicas, which undoes what the autoscaler decided each time that it is applied"
        yield workload.fault(
            says, "spec", "replicas", about=workload.runner, remedy="Delete replicas: the autoscaler decides.",
            fix=_without_replicas(files, workload.runner),
        )  # fmt: skip
    yield from _usage(workload, scaler)
    window = fields(fields(scaler.spec.get("behavior")).get("scaleDown")).get("stabilizationWindowSeconds")
    if window == 0:
        keys = ("spec", "behavior", "scaleDown", "stabilizationWindowSeconds")
        yield workload.fault("it takes pods away at every dip of the load", *keys, about=scaler)


def _usage(workload: Workload, scaler: Resource) -> Iterator[Fault]:
    """A share of what is requested is counted only where something is requested."""
    metrics = items(scaler.spec.get("metrics"))
    shares = {
        text(fields(metric.get("resource")).get("name")) for metric in metrics
        if "averageUtilization" in fields(fields(metric.get("resource")).get("target"))
    }  # fmt: skip
    if not metrics:  # the default of autoscaling/v2, and what autoscaling/v1 has
        shares = {"cpu"}
    for what in sorted(shares - {""}):
        for container in workload.containers:
            resources = fields(container.data.get("resources"))
            if what not in fields(resources.get("requests")) and what not in fields(resources.get("limits")):
                says = f"it counts the share of the requested {what}, and the container {container.name} requests none"
                yield workload.fault(says, "spec", "metrics", about=scaler)


def _without_replicas(files: ServiceFiles, resource: Resource) -> Fix | None:
    """Delete the line, where it is one of its own."""
    path, line = resource.place("spec", "replicas")
    lines = files.texts.get(path, "").splitlines(keepends=True)
    before = lines[line - 1] if line <= len(lines) else ""
    if not re.fullmatch(r"[ \t]+replicas:[ \t]*\d+[ \t]*(#.*)?\r?\n", before):
        return None

    def change(content: str) -> str:
        now = content.splitlines(keepends=True)
        return "".join(now[: line - 1] + now[line:]) if line <= len(now) and now[line - 1] == before else content

    return Fix(path=path, change=change, says="leaves the number of pods to the autoscaler")


# -- redundancy --------------------------------------------------------------------------------------------------------


@static_check("redundancy")
@told_once
def redundancy(files: ServiceFiles) -> Iterator[Fault]:
    """A lost node is a non-event, and a drained one takes no more pods than the service can miss.

    Raises `NotApplicable` if the service has no manifests, or nothing in production but DaemonSets.
    """
    found = [each for each in own_workloads(files) if each.resource.kind != "DaemonSet"]
    if not found:
        raise NotApplicable("the service has no Deployment, StatefulSet or Rollout in production")
    wanted = 3 if files.subject.tier == "critical" else 2
    for workload in found:
        if workload.fewest < wanted:
            path, line = workload.fewest_place()
            pods = f"{workload.fewest} pod{'s' * (workload.fewest != 1)}"
            says = f"{workload}: it runs with {pods} at times, and a service of this tier needs {wanted}"
            yield Fault(message=says, path=path, line=line)
        else:
            yield from _budgets(workload)
        yield from _spread(workload)


def _budgets(workload: Workload) -> Iterator[Fault]:
    budgets = workload.selecting("PodDisruptionBudget", "spec", "selector")
    if not budgets:
        yield workload.fault(
            "it has no PodDisruptionBudget, so that draining nodes may take all its pods at once",
            remedy="Add a PodDisruptionBudget with maxUnavailable: 1 that selects its pods.",
        )
    for budget in budgets:
        yield from _budget(workload, budget)


def _budget(workload: Workload, budget: Resource) -> Iterator[Fault]:
    pods, spec = workload.fewest, budget.spec
    if "maxUnavailable" in spec:
        key, gone = "maxUnavailable", _share(spec["maxUnavailable"], pods, up=True)
    else:
        key = "minAvailable"
        kept = _share(spec.get(key), pods, up=True)
        gone = None if kept is None else pods - kept
    if gone is None:
        return
    if gone <= 0:
        says = f"it lets no pod go when {pods} run ({key}: {spec[key]}), so no node can be drained"
        yield workload.fault(says, "spec", key, about=budget)
    elif gone >= pods:
        says = f"it lets all {pods} pods go at once ({key}: {spec[key]})"
        yield workload.fault(says, "spec", key, about=budget)


def _share(value: Any, pods: int, *, up: bool) -> int | None:
    """A number of pods, or a share of them in percent; None if it is neither."""
    percent = re.fullmatch(r"(\d{1,3})%", text(value))
    if percent:
        exact = pods * int(percent[1]) / 100
        return math.ceil(exact) if up else math.floor(exact)
    amount = number(value, -1)
    return int(amount) if amount >= 0 else None


_PLACES = ("topology.kubernetes.io/zone", "kubernetes.io/hostname", "failure-domain.beta.kubernetes.io/zone")


def _spread(workload: Workload) -> Iterator[Fault]:
    rules: list[Fields] = items(workload.pod.get("topologySpreadConstraints"))
    anti = fields(fields(workload.pod.get("affinity")).get("podAntiAffinity"))
    terms: list[Fields] = items(anti.get("requiredDuringSchedulingIgnoredDuringExecution"))
    terms += [
        fields(each.get("podAffinityTerm"))
        for each in items(anti.get("preferredDuringSchedulingIgnoredDuringExecution"))
    ]
    spread = [each for each in (*rules, *terms) if each.get("topologyKey") in _PLACES]
    keys = ("spec", "template", "spec")
    if not spread:
        says = "nothing spreads its pods over nodes or zones, so that one lost node may take them all"
        yield workload.fault(says, *keys, remedy="Add topologySpreadConstraints for zones and nodes.")
    elif not any(matches(each.get("labelSelector"), workload.labels) for each in spread if each.get("labelSelector")):
        where = "topologySpreadConstraints" if rules else "affinity"
        says = "what spreads its pods selects other pods: its labelSelector does not fit their labels"
        yield workload.fault(says, *keys, where)
