"""How a service starts."""

from __future__ import annotations

from paved_road.findings import Outcome
from tests.check.twin import judged


def test_a_service_that_gets_ready_in_time_passes() -> None:
    verdict = judged("ready-in-time")
    assert verdict.outcome is Outcome.PASSED, verdict


def test_one_that_takes_longer_than_it_says_fails() -> None:
    verdict = judged("ready-in-time", ready_within=0.001)
    assert verdict.outcome is Outcome.FAILED, verdict


def test_one_that_ends_at_once_fails() -> None:
    verdict = judged("ready-in-time", settings={}, port_env="OTHER")
    assert verdict.outcome is Outcome.FAILED
    assert "PORT" in verdict.evidence[0].excerpt
