"""What a reader of tokens finds in expressions, beside what Prometheus' own grammar finds."""

from __future__ import annotations

import json

import pytest
import yaml

from paved_road.check.static.promql import asked, seconds
from tests.stamped import promql
from tests.stamped.delivered import stamped

EXPRESSIONS = [
    'sum by (job) (rate(http_requests_total{job="a", code=~"5.."}[5m])) / on (job) group_left (x) kube_pod_info > 0.1',
    "histogram_quantile(0.99, sum without (pod) (rate(x_bucket[5m] offset 1w))) and on () vector(1) == bool 1",
    'label_replace(up{a="b{c}"}, "x", "$1", "y", "(.*)") unless ignoring (z) absent(a:b:rate5m)',
    "topk(3, max_over_time(deriv(metric[5m])[30m:1m])) + 0x1F - 1e3 + Inf",
    'count_values("version", build_info) or max by (a) (b) * -1 ^ 2 % c @ end()',
    "sum(c) by (d) # and e\n + {__name__=\"f\", g='h'}",
    "group(x) and min_over_time(y[1h] @ start())",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_metrics_are_those_that_a_parser_finds(expression: str) -> None:
    plain = expression.replace("{__name__=\"f\", g='h'}", "f")
    assert asked(expression).metrics == promql.names(plain)


def test_the_stamped_rules_and_panels_are_read_as_a_parser_reads_them() -> None:
    files = stamped()
    groups = yaml.safe_load(files["deploy/observability/rules.yaml"])["spec"]["groups"]
    expressions = [rule["expr"] for group in groups for rule in group["rules"]]
    panels = json.loads(files["deploy/observability/dashboard.json"])["panels"]
    expressions += [one["expr"] for panel in panels for one in panel.get("targets", ())]
    assert len(expressions) > 50
    for expression in expressions:
        plain = expression.replace("$__rate_interval", "1m").replace("$namespace", ".*")
        selectors = promql.selectors(plain)
        assert asked(expression).metrics == {str(one.name) for one in selectors}
        matchers = {(one.name, one.value) for each in selectors for one in each.matchers.matchers}
        assert {(one.label, one.value) for one in asked(plain).matchers} == matchers - {("__name__", "x")}


def test_windows_are_read() -> None:
    assert asked("rate(a[5m]) and rate(b[1h:30s])").windows == {"5m", "1h"}
    assert asked("rate(a[$__rate_interval])").windows == {"$__rate_interval"}


@pytest.mark.parametrize("text", ["", "(", "{", "[", '"', "a{", 'a{b="', "sum by (", "}])", "\x00", "a[5m"])
def test_what_is_no_expression_ends_no_check(text: str) -> None:
    asked(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5m", 300),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("0", 0),
        ("5 minutes", None),
        ("$x", None),
        ("", None),
        ("1d", 86400),
    ],
)
def test_a_duration_is_in_seconds(text: str, expected: float | None) -> None:
    assert seconds(text) == expected
