"""How a new version replaces the old one: step by step, and judged before it has all the traffic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.kubernetes.resources import Fields, Resource, fields, items, number, seconds, text
from paved_road.check.static.kubernetes.workloads import Workload, own_workloads, told_once

# -- staged ------------------------------------------------------------------------------------------------------------

_MOST_AT_ONCE = 0.25
"""The share of pods that Kubernetes itself takes away at once, when nobody says otherwise."""


@static_check("staged-rollout")
@told_once
def staged_rollout(files: ServiceFiles) -> Iterator[Fault]:
    """A new version takes over in steps, and what deploys it waits until it is healthy.

    Raises `NotApplicable` if the service has no manifests, or nothing in production but DaemonSets.
    """
    found = [each for each in own_workloads(files) if each.resource.kind != "DaemonSet"]
    if not found:
        raise NotApplicable("the service has no Deployment, StatefulSet or Rollout in production")
    for workload in found:
        if workload.runner.kind == "Rollout":
            yield from _rollout(workload, workload.runner)
        elif workload.resource.kind != "StatefulSet":
            yield from _rolling_update(workload)
    yield from _unwatched(files)
    yield from _orphans(found)


def _rolling_update(workload: Workload) -> Iterator[Fault]:
    strategy = fields(workload.resource.spec.get("strategy"))
    if strategy.get("type") == "Recreate":
        says = "a roll-out stops every pod before it starts the first new one (type: Recreate)"
        yield workload.fault(says, "spec", "strategy", "type")
        return
    written = fields(strategy.get("rollingUpdate")).get("maxUnavailable", "25%")
    pods = workload.fewest
    percent = re.fullmatch(r"(\d{1,3})%", text(written))
    gone = int(pods * int(percent[1]) / 100) if percent else int(number(written, 0))
    if gone and gone > pods * _MOST_AT_ONCE:
        says = f"a roll-out takes {gone} of {pods} pods away before their successors are ready"
        keys = ("spec", "strategy", "rollingUpdate", "maxUnavailable")
        yield workload.fault(says, *keys, remedy="Set maxUnavailable: 0 and maxSurge: 25%.")


def _rollout(workload: Workload, rollout: Resource) -> Iterator[Fault]:
    strategy = fields(rollout.spec.get("strategy"))
    canary, blue_green = fields(strategy.get("canary")), fields(strategy.get("blueGreen"))
    if not canary and not blue_green:
        yield workload.fault("it has neither a canary nor a blueGreen strategy", "spec", "strategy", about=rollout)
    elif canary and not any(step.keys() & {"pause", "analysis", "experiment"} for step in items(canary.get("steps"))):
        says = "its canary has no step that waits or measures, so all pods are replaced at once"
        yield workload.fault(says, "spec", "strategy", "canary", "steps", about=rollout)
    for key in ("activeService", "previewService"):
        name = text(blue_green.get(key))
        if name and not any(each.name == name for each in workload.environment.of_kind("Service")):
            says = f"its {key} {name} does not exist"
            yield workload.fault(says, "spec", "strategy", "blueGreen", key, about=rollout)
    if "progressDeadlineSeconds" in rollout.spec and not rollout.spec.get("progressDeadlineAbort"):
        says = "pods that do not get ready are not taken back (progressDeadlineAbort is not true)"
        yield workload.fault(says, "spec", "progressDeadlineSeconds", about=rollout)


def _orphans(found: list[Workload]) -> Iterator[Fault]:
    """Rollouts that take their pods from a workload that is not there."""
    for environment in {id(each.environment): each.environment for each in found}.values():
        names = {(each.kind, each.name) for each in environment.resources}
        for rollout in environment.of_kind("Rollout"):
            named = fields(rollout.spec.get("workloadRef"))
            if named and (text(named.get("kind")), text(named.get("name"))) not in names:
                path, line = rollout.place("spec", "workloadRef")
                says = f"{environment}{rollout}: the {text(named.get('kind'))} {text(named.get('name'))} does not exist"
                yield Fault(message=says, path=path, line=line)


_APPLIES = re.compile(
    r"\bkubectl\b[^\n|;&]{0,200}\b(apply|set image|rollout restart)\b|\bhelm\b[^\n|;&]{0,200}\bupgrade\b"
)
_WAITS = re.compile(
    r"rollout status|rollouts? (get|status)\b|--wait\b|--atomic\b|kubectl wait\b|argocd app wait|roll-out\.sh|kapp dep"
)
_PIPELINES = (
    ".github/workflows/*.y*ml", ".gitlab-ci.yml", ".circleci/config.yml", "azure-pipelines*.yml", "Jenkinsfile",
    "bitbucket-pipelines.yml", "cloudbuild*.yaml", ".buildkite/*.y*ml", "*deploy*.sh", "*roll-out*.sh", "*rollout*.sh",
)  # fmt: skip


def _unwatched(files: ServiceFiles) -> Iterator[Fault]:
    """A pipeline that applies and does not wait is green when the new version never got healthy."""
    for path in files.matching(*_PIPELINES):
        content = files.texts[path]
        applied = next((each for each in _APPLIES.finditer(content) if "--dry-run" not in _line(content, each)), None)
        if applied and not _WAITS.search(content):
            line = content.count("\n", 0, applied.start()) + 1
            says = (
                f"it applies a new version ({' '.join(applied[0].split())[:60]}) and does not wait until it is healthy"
            )
            remedy = "Wait, and undo when it fails: kubectl rollout status, helm upgrade --atomic, or Argo Rollouts."
            yield Fault(message=says, path=path, line=line, remedy=remedy)


def _line(content: str, found: re.Match[str]) -> str:
    end = content.find("\n", found.end())
    return content[content.rfind("\n", 0, found.start()) + 1 : end if end >= 0 else len(content)]


# -- canary analysis ---------------------------------------------------------------------------------------------------


@static_check("canary-analysis")
@told_once
def canary_analysis(files: ServiceFiles) -> Iterator[Fault]:
    """Metrics of the new version decide whether it goes on, and cannot pass it unseen.

    Raises `NotApplicable` if the service has no manifests, or rolls its versions out without a canary.
    """
    progressive = [each for each in own_workloads(files) if each.runner.kind == "Rollout"]
    flagged = [
        (each, canary) for each in own_workloads(files) for canary in each.environment.of_kind("Canary")
        if fields(canary.spec.get("targetRef")).get("name") == each.resource.name
    ]  # fmt: skip
    if not progressive and not flagged:
        raise NotApplicable(
            "the service rolls versions out by rolling updates, which readiness probes judge; a Rollout of Argo or a "
            "Canary of Flagger has the metrics of a new version judged"
        )
    for workload in progressive:
        yield from _analyses(workload, workload.runner)
    for workload, canary in flagged:
        if not items(fields(canary.spec.get("analysis")).get("metrics")):
            yield workload.fault("it judges the new version by no metric", "spec", "analysis", about=canary)


def _analyses(workload: Workload, rollout: Resource) -> Iterator[Fault]:
    strategy = fields(rollout.spec.get("strategy"))
    canary, blue_green = fields(strategy.get("canary")), fields(strategy.get("blueGreen"))
    steps = items(canary.get("steps"))
    used = [fields(canary.get("analysis")), *(fields(step.get("analysis")) for step in steps)]
    used += [fields(blue_green.get(key)) for key in ("prePromotionAnalysis", "postPromotionAnalysis")]
    used = [each for each in used if each]
    if not used:
        says = "no analysis judges the new version: after the pauses it gets all traffic, however it does"
        yield workload.fault(says, "spec", "strategy", about=rollout)
    background = fields(canary.get("analysis"))
    for analysis in used:
        templates = items(analysis.get("templates"))
        if analysis.get("templateName"):  # as it was written before version 0.10
            templates.append({"templateName": analysis["templateName"]})
        given = {text(each.get("name")) for each in items(analysis.get("args"))}
        for named in templates:
            lasts = _pauses(steps) if analysis is background else None
            yield from _template(workload, rollout, named, given, lasts)


def _pauses(steps: list[Fields]) -> float | None:
    """The seconds that a canary's pauses take; None if one waits for a person, or nothing pauses."""
    pauses = [fields(step.get("pause")).get("duration") for step in steps if "pause" in step]
    times = [seconds(each) for each in pauses]
    return None if not times or None in times else sum(each for each in times if each is not None)


def _template(
    workload: Workload, rollout: Resource, named: Fields, given: set[str], lasts: float | None
) -> Iterator[Fault]:
    name = text(named.get("templateName"))
    if named.get("clusterScope") is True:
        return
    template = next((each for each in workload.environment.of_kind("AnalysisTemplate") if each.name == name), None)
    if template is None:
        yield workload.fault(f"its AnalysisTemplate {name} does not exist", "spec", "strategy", about=rollout)
        return
    needed = [each for each in items(template.spec.get("args")) if "value" not in each and "valueFrom" not in each]
    for missing in sorted({text(each.get("name")) for each in needed} - given):
        says = f"it does not give the analysis {name} the argument {missing}"
        yield workload.fault(says, "spec", "strategy", about=rollout)
    arguments = [f"args.{text(each.get('name'))}" for each in items(template.spec.get("args"))]
    for at, metric in enumerate(items(template.spec.get("metrics"))):
        keys: tuple[str | int, ...] = ("spec", "metrics", text(metric.get("name")) or at)
        for says in [*_metric(metric, arguments), *_outlasts(metric, lasts)]:
            yield workload.fault(f"the metric {text(metric.get('name'))} {says}", *keys, about=template)


def _metric(metric: Fields, arguments: list[str]) -> Iterator[str]:
    if not metric.get("successCondition") and not metric.get("failureCondition"):
        yield "has neither a successCondition nor a failureCondition, so it fails nothing"
    count, undecided = number(metric.get("count"), 0), number(metric.get("inconclusiveLimit"), 0)
    if count and undecided >= count:
        yield "passes a version that nobody called: its inconclusiveLimit is not below its count"
    if count and number(metric.get("failureLimit"), 0) >= count:
        yield "fails no version: its failureLimit is not below its count"
    query = _query(fields(metric.get("provider")))
    if (
        query
        and arguments
        and not any(re.search(r"\{\{\s*" + re.escape(each) + r"\s*\}\}", query) for each in arguments)
    ):
        yield "asks about every version: its query uses none of the arguments"
    for selector in re.findall(r"\{((?:[^{}]|\{\{[^{}]*\}\})*)\}", query) if arguments else ():
        if "=" in selector and "args." not in selector:
            yield f"asks about more than the new version: {{{selector[:80]}}}"


def _query(provider: Fields) -> str:
    found: Any = fields(provider.get("prometheus")).get("query") or fields(provider.get("datadog")).get("query")
    return text(found)


def _outlasts(metric: Fields, lasts: float | None) -> Iterator[str]:
    if lasts is None:
        return
    delay, interval = seconds(metric.get("initialDelay", 0)), seconds(metric.get("interval", 0))
    count = number(metric.get("count"), 1)
    if delay is None or interval is None:
        return
    whole = delay + interval * (count - 1)
    if whole > lasts:
        yield f"measures for {whole:g} s, and the canary is over after {lasts:g} s"
