"""The rules of Prometheus in a service: as a PrometheusRule, as a plain file, or as a value of a ConfigMap."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from paved_road.check.model import Fault
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.structured import ELSEWHERE, documents, items, mapping, parsed_yaml

_RULE = re.compile(r"(?:^[ \t]*(?:-[ \t]+)*|[{,][ \t]*)[\"']?(?:alert|record)[\"']?[ \t]*:", re.MULTILINE)
_ELSEWHERE_KINDS = {
    "monitors of Datadog": re.compile(r"\bdatadog_monitor\b|kind:\s*DatadogMonitor\b"),
    "alarms of CloudWatch": re.compile(r"aws_cloudwatch_metric_alarm|AWS::CloudWatch::Alarm"),
    "alert rules of Grafana": re.compile(
        r"grafana_rule_group|kind:\s*GrafanaAlertRuleGroup\b|^[ \t]*orgId:\s*\d+[\s\S]*\bdashboardUid:", re.MULTILINE
    ),
    "objectives of Sloth": re.compile(
        r"kind:\s*PrometheusServiceLevel\b|^version:\s*[\"']?prometheus/v1[\"']?\s*$[\s\S]*^slos:", re.MULTILINE
    ),
    "objectives of Pyrra or OpenSLO": re.compile(
        r"apiVersion:\s*[\"']?(pyrra\.dev|openslo)/[\s\S]*kind:\s*(ServiceLevelObjective|SLO)\b"
    ),
    "alert policies of Google Cloud": re.compile(r"google_monitoring_alert_policy"),
    "conditions of New Relic": re.compile(r"newrelic_(nrql_)?alert_condition"),
    "rules of a mixin": re.compile(r"prometheusAlerts\s*\+?::"),
}
"""Alerts in a form that this reader does not know, by what it is called."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertRule:
    """One rule of Prometheus: an alert, or a recording rule."""

    path: str
    line: int
    name: str
    expression: str
    alerts: bool = True
    lasting: str = ""
    """What `for` says."""
    labels: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)


def rules(files: ServiceFiles) -> list[AlertRule]:
    """Every rule of the service."""
    return [rule for path in rule_paths(files) for rule in _rules_in(files, path)]


def rule_paths(files: ServiceFiles) -> list[str]:
    """The files that hold rules; unit tests of rules do not."""
    found = files.matching("*.yaml", "*.yml", "*.rules", "*.json")
    return [
        path
        for path in found
        if not ELSEWHERE.search(path) and _RULE.search(files.texts[path]) and not _is_test(files, path)
    ]


def _is_test(files: ServiceFiles, path: str) -> bool:
    return bool(re.search(r"(?m)^(rule_files|tests)\s*:", files.texts[path])) and "alert_rule_test" in files.texts[path]


def malformed_rules(files: ServiceFiles) -> Iterator[Fault]:
    """Files that look like rules and cannot be parsed. Templates of Helm are none of our business."""
    for path in rule_paths(files):
        wrong = parsed_yaml(files.texts[path])[1]
        if wrong is not None and not re.search(r"\{\{-?\s*(\.|if|range|include|template|\$)", files.texts[path]):
            yield Fault(message=f"{path} {wrong.message}", path=path, line=wrong.line, remedy=wrong.remedy)


def other_alerts(files: ServiceFiles) -> str:
    """What the service has instead of rules of Prometheus; "" if it has no alerts at all."""
    endings = (".tf", ".yaml", ".yml", ".json", ".jsonnet", ".libsonnet", ".ts", ".py")
    forms = (
        (_other_form(text), path)
        for path, text in files.texts.items()
        if path.endswith(endings) and not ELSEWHERE.search(path)
    )
    return next((f"{what} ({path})" for what, path in forms if what), "")


@lru_cache(maxsize=8192)
def _other_form(text: str) -> str:
    return next((what for what, pattern in _ELSEWHERE_KINDS.items() if pattern.search(text[:50_000])), "")


def _rules_in(files: ServiceFiles, path: str) -> Iterator[AlertRule]:
    text = files.texts[path]
    lines = [number for number, line in enumerate(text.splitlines(), 1) for _ in _RULE.findall(line)]
    number = 0
    for document in documents(files, path):
        for group in _groups(document):
            for rule in items(group.get("rules")):
                name = mapping(rule).get("alert", mapping(rule).get("record"))
                if name is None or not isinstance(rule, Mapping):
                    continue
                line = lines[number] if number < len(lines) else 1
                labels = {**mapping(group.get("labels")), **mapping(rule.get("labels"))}
                number += 1
                yield AlertRule(
                    path=path, line=line, name=str(name), expression=str(rule.get("expr", "")), alerts="alert" in rule,
                    lasting=str(rule.get("for", "")), labels=labels,
                    annotations=mapping(rule.get("annotations")),
                )  # fmt: skip


def _groups(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The groups of a document: at its root, in a PrometheusRule's spec, or in the values of a ConfigMap."""
    found = items(document.get("groups")) or items(mapping(document, "spec").get("groups"))
    yield from (group for group in found if isinstance(group, Mapping))
    if document.get("kind") == "ConfigMap":
        for text in mapping(document, "data").values():
            if isinstance(text, str) and _RULE.search(text):
                for inner in parsed_yaml(text)[0]:
                    yield from (group for group in items(mapping(inner).get("groups")) if isinstance(group, Mapping))
