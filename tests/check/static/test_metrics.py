"""Names of metrics, as sources in several languages put them together."""

from __future__ import annotations

import json

import pytest

from paved_road.check.model import NotApplicable
from tests.check.static.reading import messages

GO = """\
const namespace = "shop"
var latency = prometheus.NewHistogramVec(prometheus.HistogramOpts{
    Namespace: namespace, Subsystem: "http", Name: "request_duration_seconds"}, nil)
"""
PYTHON = 'REQUESTS = Counter("shop_requests", "Requests served")\nDEPTH = Gauge(f"{PREFIX}_depth", "x")\n'
OTEL = "const orders = meter.createHistogram('shop.orders.placed', { unit: 's' });"
JAVA = 'Counter.builder("orders.placed").register(registry);'
RUST = 'counter!("shop_hits_total", 1);'


def rule(expression: str) -> str:
    return f"groups: [{{name: a, rules: [{{alert: A, expr: {json.dumps(expression)}}}]}}]"


@pytest.mark.parametrize(
    ("path", "source", "name"),
    [
        ("main.go", GO, "shop_http_request_duration_seconds_bucket"),
        ("app.py", PYTHON, "shop_requests_total"),
        ("app.ts", OTEL, "shop_orders_placed_seconds_count"),
        ("src/A.java", JAVA, "orders_placed_total"),
        ("src/a.rs", RUST, "shop_hits_total"),
        ("main.go", GO, "container_cpu_usage_seconds_total"),
        ("main.go", GO, "kube_deployment_status_replicas"),
        ("main.go", GO, "go_goroutines"),
    ],
)
def test_a_metric_that_the_source_names_is_known(path: str, source: str, name: str) -> None:
    assert messages("alert-metrics", {"a.yml": rule(f"rate({name}[5m]) > 1"), path: source}) == []


@pytest.mark.parametrize(
    ("path", "source", "name"),
    [
        ("main.go", GO, "shop_http_requests_duration_seconds_bucket"),
        ("main.go", GO, "shop_request_duration_seconds_sum_of"),
        ("app.py", PYTHON, "shop_request_total"),
        ("app.ts", OTEL, "shop_orders_sold_seconds_count"),
        ("tests/test_app.py", PYTHON, "shop_requests_total"),
    ],
)
def test_a_metric_that_nothing_exports_is_found(path: str, source: str, name: str) -> None:
    found = messages("alert-metrics", {"a.yml": rule(f"rate({name}[5m]) > 1"), path: source, "b.py": "x = 'something'"})
    assert found == [f"the alert A asks for {name}, which the service does not export"]


def test_a_library_counts_where_it_is_used() -> None:
    files = {"a.yml": rule("rate(http_server_requests_seconds_count[5m]) > 1"), "A.java": JAVA}
    assert len(messages("alert-metrics", files)) == 1
    assert (
        messages("alert-metrics", files | {"pom.xml": "<artifactId>micrometer-registry-prometheus</artifactId>"}) == []
    )


def test_a_panel_s_metrics_are_read_and_another_source_s_are_not() -> None:
    panels = [
        {"type": "stat", "title": "P", "targets": [{"expr": "gone_total{a='$b'}"}]},
        {"type": "logs", "title": "L", "datasource": {"type": "loki"}, "targets": [{"expr": '{app="a"} |= "error"'}]},
    ]
    files = {"d.json": json.dumps({"title": "D", "panels": panels}), "main.go": GO}
    assert messages("alert-metrics", files) == ["the panel P asks for gone_total, which the service does not export"]


def test_without_rules_or_source_there_is_nothing_to_say() -> None:
    with pytest.raises(NotApplicable):
        messages("alert-metrics", {"main.go": GO})
    with pytest.raises(NotApplicable):
        messages("alert-metrics", {"a.yml": rule("x > 1")})
