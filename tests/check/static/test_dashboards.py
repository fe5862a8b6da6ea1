"""Dashboards of other people's services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from paved_road.check.model import NotApplicable
from tests.check.static.reading import messages

PANEL: dict[str, Any] = {"type": "timeseries", "title": "Requests", "targets": [{"expr": 'rate(x{pod=~"$pod"}[5m])'}]}


def dashboard(*panels: dict[str, Any], **more: Any) -> str:
    return json.dumps({"title": "Shop", "panels": list(panels), **more}, indent=1)


def test_good_dashboards_pass() -> None:
    row = {"type": "row", "title": "R", "panels": [PANEL]}
    text = {"type": "text", "title": "T"}
    shared = {"type": "stat", "title": "S", "datasource": "-- Dashboard --", "targets": [{"panelId": 1}]}
    for content in (
        dashboard(PANEL),
        dashboard(row, text, shared),
        dashboard({"type": "graph", "title": "Old", "libraryPanel": {"uid": "a"}}),
        json.dumps({"dashboard": json.loads(dashboard(PANEL))}),
        json.dumps({"title": "Older", "rows": [{"panels": [PANEL]}]}),
    ):
        assert messages("dashboards", {"grafana/shop.json": content}) == []
    inside = f"apiVersion: v1\nkind: ConfigMap\ndata:\n  a.json: {json.dumps(dashboard(PANEL))}\n"
    assert messages("dashboards", {"k8s/dashboard.yaml": inside}) == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"main.go": ""}, "no dashboard shows the service"),
        ({"d.json": dashboard({"type": "text"})}, "the dashboard Shop has no panel with a query"),
        ({"d.json": dashboard(PANEL, {"type": "stat", "title": "Empty"})}, "the panel Empty asks for nothing"),
        ({"grafana-dashboard.json": '{"title": "a",, "panels": []}'}, "grafana-dashboard.json is not JSON: "),
        (
            {"d.json": dashboard(PANEL | {"targets": [{"expr": 'up{instance="10.1.2.3:80"}'}]})},
            'the panel Requests shows one instance only: instance="10.1.2.3:80"',
        ),
        (
            {"d.json": dashboard(PANEL | {"targets": [{"expr": 'up{pod=~"shop-5d4f8c7b9d-x2x4z"}'}]})},
            'the panel Requests shows one instance only: pod="shop-5d4f8c7b9d-x2x4z"',
        ),
    ],
)
def test_a_fault_is_found(files: dict[str, str], said: str) -> None:
    (found,) = messages("dashboards", files)
    assert found.startswith(said)


def test_dashboards_of_other_systems_are_recognised() -> None:
    with pytest.raises(NotApplicable, match="Datadog"):
        messages("dashboards", {"main.tf": 'resource "datadog_dashboard" "a" {}'})


def test_odd_json_ends_no_check() -> None:
    for odd in (
        '{"panels": 3, "title": 1}',
        '{"panels": [3, {"type": 4, "targets": {"a": 1}}], "title": []}',
        '{"panels"',
    ):
        messages("dashboards", {"d.json": odd})
