"""Metrics are read as strictly as Prometheus reads them."""

from __future__ import annotations

import math

import pytest

from paved_road.check.live.exposition import MalformedMetrics, parsed

METRICS = r"""# HELP requests_total Requests, by "status".
# TYPE requests_total counter
requests_total{status="200",path="/a\"b\\c\n{}"} 7
requests_total{status="404",} 3 1395066363000
# TYPE seconds histogram
seconds_bucket{le="0.5"} 2
seconds_bucket{le="+Inf"} 3
seconds_sum 1.5e-3
seconds_count 3

# a comment
temperature -Inf
nothing NaN
 """


def test_what_prometheus_takes_is_read() -> None:
    found = parsed(METRICS.rstrip(" "))
    assert found.values["requests_total", (("status", "404"),)] == 3
    assert found.values["temperature", ()] == -math.inf
    assert {found.kind(name) for name in ("seconds_bucket", "seconds_sum", "seconds_count")} == {"histogram"}
    assert (found.kind("requests_total"), found.kind("temperature")) == ("counter", "untyped")
    assert {"requests_total", "seconds_bucket", "seconds_count"} <= found.names


def test_openmetrics_is_read_too() -> None:
    text = '# TYPE requests counter\nrequests_total{a="b"} 1.0 # {trace_id="x"} 0.67 1520879607.789\n# EOF\n'
    found = parsed(text)
    assert found.values == {("requests_total", (("a", "b"),)): 1.0}
    assert found.kind("requests_total") == "counter"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a 1", "no line feed"),
        ("a\n", "no sample"),
        ("a one\n", "no number"),
        ('a{b="c"} 1\na{b="c"} 2\n', "twice"),
        ("a{b=c} 1\n", "labels"),
        ('a{b="c" d="e"} 1\n', "labels"),
        ('a{b="c",b="d"} 1\n', "the label b"),
        ('a{b="c\n"} 1\n', "line 1"),
        ("1a 1\n", "no sample"),
        ("# TYPE a number\na 1\n", "no type"),
        ("# TYPE a counter\n# TYPE a gauge\n", "twice"),
        ("<!doctype html>\n", "no sample"),
    ],
)
def test_what_prometheus_refuses_is_refused(text: str, why: str) -> None:
    with pytest.raises(MalformedMetrics, match=why):
        parsed(text)


def test_steps_between_two_scrapes() -> None:
    before, after = parsed("a 1\nb 2\nc NaN\n"), parsed("a 4\nb 2\nc NaN\nd 5\n")
    assert after.since(before) == {("a", ()): 3, ("d", ()): 5}
