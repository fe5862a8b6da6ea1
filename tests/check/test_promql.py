"""Which metrics an expression reads, compared with the parser of a library; and expressions over shorter times."""

from __future__ import annotations

import pytest
import yaml

from paved_road.check.promql import PromqlError, compressed, metric_names, seconds, tokens
from tests.stamped.delivered import stamped
from tests.stamped.promql import names

EXPRESSIONS = [
    'sum by (job, le) (rate(http_requests_total{job="a", code=~"5.."}[5m])) / on (job) group_left (team) owner_info',
    "up",
    "histogram_quantile(0.99, sum(rate(x_bucket[1h30m])) by (le)) > 1.5e-3",
    'a offset 5m or b @ start() unless on () vector(1) # and "c"',
    "max_over_time(job:errors:rate5m[2h:30s] offset -1d) == bool 1",
    '{__name__="named", job="a"}',
    "topk(3, x) and absent(y{sum=\"by\"}) or count_values without (a) (\"v\", z)",
]  # fmt: skip


def stamped_expressions() -> list[str]:
    groups = yaml.safe_load(stamped(deploy="none")["deploy/observability/rules.yaml"])["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


@pytest.mark.parametrize("expression", [*EXPRESSIONS[:5], *EXPRESSIONS[6:]])
def test_the_metrics_are_those_that_a_parser_finds(expression: str) -> None:
    assert metric_names(expression) == names(expression)


def test_a_metric_named_by_its_label_is_found() -> None:
    assert metric_names(EXPRESSIONS[5]) == {"named"}


def test_the_metrics_of_the_stamped_rules_are_those_that_a_parser_finds() -> None:
    assert [each for each in stamped_expressions() if metric_names(each) != names(each)] == []


@pytest.mark.parametrize("expression", [*EXPRESSIONS, *stamped_expressions()[:10]])
def test_the_tokens_are_the_whole_expression(expression: str) -> None:
    assert "".join(token.text for token in tokens(expression)) == expression


def test_ranges_and_offsets_shrink_and_nothing_else_does() -> None:
    expression = 'rate(x{a="[5m]"}[5m]) * 3600 > 5 * y5m and z[1h:1m] offset 1d'
    assert (
        compressed(expression, 100) == 'rate(x{a="[5m]"}[3000ms]) * 3600 > 5 * y5m and z[36000ms:600ms] offset 864000ms'
    )


def test_compressed_expressions_read_the_same_metrics() -> None:
    for expression in [*EXPRESSIONS, *stamped_expressions()]:
        assert metric_names(compressed(expression, 240)) == metric_names(expression)


@pytest.mark.parametrize("wrong", ["a $ b", "sum(a", "a)", 'a{b="c}'])
def test_what_is_no_promql_is_refused(wrong: str) -> None:
    with pytest.raises(PromqlError):
        metric_names(wrong)


def test_durations() -> None:
    assert [seconds(each) for each in ("5m", "1h30m", "250ms", "0s")] == [300, 5400, 0.25, 0]
    with pytest.raises(PromqlError):
        seconds("5 minutes")
