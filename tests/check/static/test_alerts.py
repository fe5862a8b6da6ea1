"""Alerting rules of other people's services."""

from __future__ import annotations

import textwrap

import pytest

from paved_road.check.model import NotApplicable
from tests.check.static.reading import faults, messages

GOOD = """\
groups:
  - name: slo
    rules:
      - alert: Burn
        expr: |
          (
            sum(rate(http_requests_total{code=~"5.."}[1h])) / sum(rate(http_requests_total[1h])) > (14.4 * 0.001)
            and
            sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > (14.4 * 0.001)
          )
        labels: {severity: critical}
        annotations: {summary: Users get errors., runbook_url: https://runbooks.acme.example/burn}
"""
NAMED = """\
groups:
- name: a
  labels: {severity: page}
  rules:
  - {record: "errors:short", expr: "sum(rate(e[5m])) / sum(rate(a[5m]))"}
  - {record: "errors:long", expr: "sum(rate(e[1h])) / sum(rate(a[1h]))"}
  - alert: A
    expr: errors:short > 0.01 and errors:long > 0.01
    annotations: {description: x, runbook: docs/a.md#fix}
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\ndata:\n  rules.yml: |\n" + textwrap.indent(GOOD, "    ")
DOWN = "{alert: Down, expr: up == 0, labels: {severity: page}, annotations: {summary: x, runbook: https://a.b/c}}"
TEMPLATE = "{{- if .Values.alerts }}\n" + GOOD + "{{- end }}\n"


@pytest.mark.parametrize(
    "files",
    [
        {"prometheus/alerts.yml": GOOD},
        {"a.rules": GOOD, "x.yaml": GOOD},
        {"rules.yaml": NAMED, "docs/a.md": "# A"},
        {"k8s/rules.yaml": CONFIG_MAP},
    ],
)
def test_good_rules_pass(files: dict[str, str]) -> None:
    assert messages("alerts", files) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("labels: {severity: critical}", "labels: {}", "the alert Burn has no severity"),
        ("summary: Users get errors., ", "", "the alert Burn has no summary"),
        (", runbook_url: https://runbooks.acme.example/burn", "", "the alert Burn has no runbook"),
        ("https://runbooks.acme.example/burn", "docs/burn.md", "the alert Burn links to docs/burn.md, which does not"),
        ("runbooks.acme.example/burn", "github.com/acme/orders/blob/main/b.md", "the alert Burn links to b.md, which"),
        (
            "        labels:",
            "        for: soon\n        labels:",
            "the alert Burn has `for: soon`, which",
        ),
        ("        labels:", "        for: 2h\n        labels:", "the alert Burn pages after 2h"),
        ("[5m]", "[10s]", "the alert Burn looks back 10s"),
        ("[5m]", "[1h]", "no alert watches an objective"),
    ],
)
def test_a_fault_is_found(right: str, wrong: str, said: str) -> None:
    (fault,) = faults("alerts", {"a.yml": GOOD.replace(right, wrong)})
    assert fault.message.startswith(said)
    assert fault.line == (1 if "objective" in said else 4)


def test_a_page_for_a_single_value_is_found() -> None:
    text = f"{GOOD}      - {DOWN}\n"
    assert messages("alerts", {"a.yml": text}) == ["the alert Down pages for a single value"]
    assert messages("alerts", {"a.yml": text.replace("severity: page", "severity: info")}) == []


def test_a_link_into_another_repository_is_not_followed() -> None:
    other = GOOD.replace("https://runbooks.acme.example/burn", "https://github.com/acme/runbooks/blob/main/b.md")
    assert messages("alerts", {"a.yml": other}) == []


def test_alerts_of_other_systems_are_recognised() -> None:
    assert messages("alerts", {"main.go": ""}) == ["no alert watches the service"]
    for path, text in {
        "infra/alerts.tf": 'resource "datadog_monitor" "errors" {}',
        "slo.yaml": "version: prometheus/v1\nservice: a\nslos: []\n",
        "pyrra.yaml": "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\n",
        "mixin.libsonnet": "{ prometheusAlerts+:: {} }",
    }.items():
        with pytest.raises(NotApplicable):
            messages("alerts", {path: text})


def test_templates_and_broken_files() -> None:
    assert messages("alerts", {"chart/templates/rules.yaml": TEMPLATE}) == ["no alert watches the service"]
    (fault, *_) = faults("alerts", {"rules.yaml": GOOD.replace("rules:", "rules: [")})
    assert fault.message.startswith("rules.yaml is not YAML")
    for odd in ("groups: 3", "groups: [{rules: [{alert: {a: b}}]}]", "groups: [{rules: {alert: x}}]", "- alert: x"):
        messages("alerts", {"a.yml": odd})
