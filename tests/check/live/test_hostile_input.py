"""Hostile input, beyond what the seeded faults show."""

from __future__ import annotations

from paved_road.check.contract.model import Sample
from paved_road.findings import Outcome
from tests.check.twin import judged


def test_a_service_that_takes_broken_json_fails() -> None:
    posts = Sample(method="POST", target="/orders", body=b'{"item": 1}', headers={"content-type": "application/json"})
    verdict = judged("hostile-input", samples=(Sample(method="GET", target="/orders/1"), posts))
    broken = [one for one in verdict.evidence if "no JSON" in one.did]
    assert [one.held for one in broken] == [False], "the twin does not read the body"
    assert verdict.outcome is Outcome.FAILED


def test_a_service_without_metrics_has_none_to_bound() -> None:
    verdict = judged("bounded-metrics", metrics=None)
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert "probes.metrics" in verdict.message
