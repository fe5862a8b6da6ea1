"""Hostile input, beyond what the seeded faults show."""

from __future__ import annotations

from paved_road.check.contract.model import Sample
from paved_road.findings import Outcome
from tests.check.twin import judged


def test_broken_json_is_sent_where_a_sample_has_a_json_body() -> None:
    posts = Sample(method="POST", target="/orders", body=b'{"item": 1}', headers={"content-type": "application/json"})
    verdict = judged("hostile-input", samples=(Sample(method="GET", target="/orders/1"), posts))
    broken = [one for one in verdict.evidence if "no JSON" in one.did]
    assert [one.observed.split()[0] for one in broken] == ["422"]
    assert verdict.outcome is Outcome.PASSED


def test_a_service_without_metrics_has_none_to_bound() -> None:
    verdict = judged("bounded-metrics", metrics=None)
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert "probes.metrics" in verdict.message
