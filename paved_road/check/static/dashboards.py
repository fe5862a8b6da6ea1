"""Dashboards of Grafana: they exist, their panels ask for something, and they work for every instance."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from paved_road.check.model import Fault, NotApplicable
from paved_road.check.registry import static_check
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.promql import asked
from paved_road.check.static.structured import ELSEWHERE, documents, items, mapping, parsed_json

_NO_QUERY = {
    "row",
    "text",
    "news",
    "dashlist",
    "alertlist",
    "welcome",
    "gettingstarted",
    "annolist",
    "pluginlist",
    "nodeGraph",
}
_QUERIES = (
    "expr",
    "query",
    "queryText",
    "rawSql",
    "rawQuery",
    "target",
    "metricName",
    "expression",
    "metrics",
    "queryType",
    "url",
)
_OTHERS = {
    "dashboards of Datadog": re.compile(r"\bdatadog_dashboard\b|kind:\s*DatadogDashboard\b"),
    "dashboards of CloudWatch": re.compile(r"aws_cloudwatch_dashboard|AWS::CloudWatch::Dashboard"),
    "dashboards made by code": re.compile(r"grafonnet|grafanalib|grafana_foundation_sdk|grafanaDashboards\s*\+?::"),
    "dashboards of Google Cloud": re.compile(r"google_monitoring_dashboard"),
    "dashboards of New Relic": re.compile(r"newrelic_one_dashboard"),
    "dashboards of Perses": re.compile(r"perses\.dev/"),
}
_INSTANCE = re.compile(
    r"^(instance|pod|pod_name|node|nodename|host|hostname|exported_instance|kubernetes_pod_name|container_id)$"
)
_ADDRESS = re.compile(
    r"^\d{1,3}(\.\d{1,3}){3}(:\d+)?$|^ip-\d+-\d+|:\d{2,5}$|-[a-z0-9]{8,10}-[a-z0-9]{5}$|^i-[0-9a-f]{8,}$"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dashboard:
    """One dashboard of Grafana."""

    path: str
    content: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What people know it by."""
        return str(self.content.get("title") or self.path)


@dataclass(frozen=True, kw_only=True, slots=True)
class PanelQuery:
    """What one panel, variable or annotation asks Prometheus."""

    where: str
    """The panel's title."""
    expression: str
    """With the variables of Grafana as they are."""


def dashboards(files: ServiceFiles) -> list[Dashboard]:
    """The dashboards of the service: files of JSON, and values of ConfigMaps and of GrafanaDashboards."""
    found: list[Dashboard] = []
    for path in files.matching("*.json"):
        if '"panels"' in files.texts[path] or '"rows"' in files.texts[path]:
            content = parsed_json(files.texts[path])[0]
            content = mapping(content).get("dashboard", content)
            if _is_dashboard(content) and not ELSEWHERE.search(path):
                found.append(Dashboard(path=path, content=content))
    for path in files.matching("*.yaml", "*.yml"):
        if "panels" in files.texts[path] and not ELSEWHERE.search(path):
            for document in documents(files, path):
                values = [*mapping(document, "data").values(), mapping(document, "spec").get("json")]
                contents = [parsed_json(value)[0] for value in values if isinstance(value, str)]
                found += [Dashboard(path=path, content=one) for one in contents if _is_dashboard(one)]
    return found


def _is_dashboard(content: Any) -> bool:
    return (
        isinstance(content, Mapping)
        and isinstance(content.get("panels", content.get("rows")), list)
        and "title" in content
    )


def panels(dashboard: Dashboard) -> list[Mapping[str, Any]]:
    """Every panel of a dashboard, those in rows too."""
    todo = [*items(dashboard.content.get("panels")), *items(dashboard.content.get("rows"))]
    found: list[Mapping[str, Any]] = []
    while todo and len(found) < 2000:
        panel = todo.pop(0)
        if isinstance(panel, Mapping):
            if "type" in panel:
                found.append(panel)
            todo = [*items(panel.get("panels")), *todo]
    return found


def queries(dashboard: Dashboard) -> Iterator[PanelQuery]:
    """What a dashboard asks Prometheus."""
    for panel in panels(dashboard):
        for target in items(panel.get("targets")):
            expression = mapping(target).get("expr")
            if isinstance(expression, str) and not _is_of_another_source(panel, mapping(target)):
                yield PanelQuery(where=str(panel.get("title") or panel.get("id", "")), expression=expression)
    for annotation in items(mapping(dashboard.content, "annotations").get("list")):
        expression = mapping(annotation).get("expr")
        if isinstance(expression, str) and not _is_of_another_source(annotation, annotation):
            yield PanelQuery(where=str(mapping(annotation).get("name", "")), expression=expression)


def _is_of_another_source(panel: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    """Whether Loki or another source with queries of its own answers."""
    sources = [mapping(one.get("datasource")).get("type", one.get("datasource")) for one in (target, panel)]
    said = " ".join(str(one) for one in sources if one).lower()
    return bool(re.search(r"loki|tempo|elastic|influx|cloudwatch|graphite|sql|jaeger|postgres|stackdriver", said))


@static_check("dashboards")
def dashboards_are_useful(files: ServiceFiles) -> Iterator[Fault]:
    """A dashboard exists, is valid, asks for something, and names no single instance.

    Raises `NotApplicable` if the dashboards are not Grafana's.
    """
    broken = list(_malformed(files))
    yield from broken
    found = dashboards(files)
    if not found and not broken:
        if other := _other(files):
            raise NotApplicable(f"the service has {other}, and this check reads dashboards of Grafana")
        yield Fault(
            message="no dashboard shows the service", remedy="Add a Grafana dashboard as JSON to the repository."
        )
    for dashboard in found:
        yield from _panels(files, dashboard)
        for query in queries(dashboard):
            for matcher in asked(query.expression).matchers:
                named = _INSTANCE.match(matcher.label) and matcher.how in ("=", "=~") and "$" not in matcher.value
                if named and (_ADDRESS.search(matcher.value) or (matcher.how == "=" and matcher.value)):
                    yield Fault(
                        message=f'the panel {query.where} shows one instance only: {matcher.label}="{matcher.value}"',
                        path=dashboard.path, line=_line(files, dashboard.path, matcher.value),
                        remedy="Use a variable, or aggregate over all instances.",
                    )  # fmt: skip


def _panels(files: ServiceFiles, dashboard: Dashboard) -> Iterator[Fault]:
    shown = [panel for panel in panels(dashboard) if panel.get("type") not in _NO_QUERY and "libraryPanel" not in panel]
    if not shown and not any("libraryPanel" in panel for panel in panels(dashboard)):
        yield Fault(message=f"the dashboard {dashboard.title} has no panel with a query", path=dashboard.path)
    for panel in shown:
        if not any(any(mapping(target).get(key) for key in _QUERIES) for target in items(panel.get("targets"))):
            shares = "-- Dashboard --" in json.dumps(panel.get("datasource", ""))
            if not shares and not any("panelId" in mapping(target) for target in items(panel.get("targets"))):
                title = str(panel.get("title") or panel.get("id", ""))
                yield Fault(
                    message=f"the panel {title} asks for nothing", path=dashboard.path,
                    line=_line(files, dashboard.path, title), remedy="Give it a query, or remove it.",
                )  # fmt: skip


def _line(files: ServiceFiles, path: str, text: str) -> int:
    return files.line(path, re.escape(text)) if text else 1


def _malformed(files: ServiceFiles) -> Iterator[Fault]:
    """JSON that is meant for Grafana and cannot be parsed."""
    for path in files.matching("*dashboard*.json", "*grafana*.json"):
        wrong = parsed_json(files.texts[path])[1]
        if wrong is not None and not ELSEWHERE.search(path) and "{{" not in files.texts[path]:
            yield Fault(message=f"{path} {wrong.message}", path=path, line=wrong.line, remedy=wrong.remedy)


def _other(files: ServiceFiles) -> str:
    for path, text in files.texts.items():
        if path.endswith((".tf", ".jsonnet", ".libsonnet", ".py", ".ts", ".go", ".yaml", ".yml", ".json")):
            for what, pattern in _OTHERS.items():
                if pattern.search(text[:50_000]):
                    return f"{what} ({path})"
    return ""
