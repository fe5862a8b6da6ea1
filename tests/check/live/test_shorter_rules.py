"""Rules over shorter times."""

from __future__ import annotations

import pytest
import yaml

from paved_road.check.live.shorter_rules import PromqlError, ranges, shortened, tokens
from paved_road.check.static.promql import asked
from tests.stamped import promql
from tests.stamped.delivered import stamped

EXPRESSIONS = [
    'sum by (job, le) (rate(http_requests_total{job="a", code=~"5.."}[5m])) / on (job) group_left (team) owner_info',
    "histogram_quantile(0.99, sum(rate(x_bucket[1h30m])) by (le)) > 1.5e-3",
    'a offset 5m or b @ start() unless on () vector(1) # and "c"',
    "max_over_time(job:errors:rate5m[2h:30s] offset -1d) == bool 1",
    'topk(3, x) and absent(y{sum="by"}) or count_values without (a) ("v", z)',
]


def expressions() -> list[str]:
    groups = yaml.safe_load(stamped(deploy="none")["deploy/observability/rules.yaml"])["groups"]
    return EXPRESSIONS + [rule["expr"] for group in groups for rule in group["rules"]]


def test_the_tokens_are_the_whole_expression() -> None:
    for expression in expressions():
        assert "".join(token.text for token in tokens(expression)) == expression


def test_ranges_and_offsets_shrink_and_nothing_else_does() -> None:
    expression = 'rate(x{a="[5m]"}[5m]) * 3600 > 5 * y5m and z[10m:1m] offset 1d'
    shorter = 'rate(x{a="[5m]"}[1200ms]) * 3600 > 5 * y5m and z[2400ms:240ms] offset 345600ms'
    assert shortened(expression, 250) == shorter
    assert ranges(expression) == [300, 600]


@pytest.mark.parametrize(("window", "short"), [("1ms", "1200ms"), ("1m", "1200ms"), ("3d", "3000ms")])
def test_no_range_becomes_so_short_that_scrapes_are_missing_nor_longer_than_seconds(window: str, short: str) -> None:
    assert shortened(f"rate(x[{window}])", 250) == f"rate(x[{short}])"


def test_shorter_expressions_read_the_same_metrics_as_a_parser_finds_in_the_long_ones() -> None:
    for expression in expressions():
        short = shortened(expression, 250)
        assert promql.names(short) == promql.names(expression) == asked(short).metrics


@pytest.mark.parametrize("wrong", ["a $ b", 'a{b="c}'])
def test_what_is_no_promql_is_refused(wrong: str) -> None:
    with pytest.raises(PromqlError):
        shortened(wrong, 2)
