"""How a service starts, and how it ends before it has."""

from __future__ import annotations

from paved_road.findings import Outcome
from tests.check.twin import judged


def test_a_service_that_gets_ready_in_time_passes() -> None:
    verdict = judged("ready-in-time")
    assert verdict.outcome is Outcome.PASSED, verdict


def test_one_that_takes_longer_than_it_says_fails() -> None:
    verdict = judged("ready-in-time", "slow-start", ready_within=0.5)
    assert verdict.outcome is Outcome.FAILED, verdict


def test_one_that_ends_at_once_fails() -> None:
    verdict = judged("ready-in-time", settings={}, port_env="OTHER")
    assert verdict.outcome is Outcome.FAILED
    assert "PORT" in verdict.evidence[0].excerpt


def test_a_startup_probe_that_never_answers_200_fails() -> None:
    verdict = judged("ready-in-time", startup="/nothing")
    assert verdict.outcome is Outcome.FAILED
    assert "startup probe" in verdict.message


def test_sigterm_ends_a_start_at_three_moments() -> None:
    verdict = judged("stop-during-start")
    assert verdict.outcome is Outcome.PASSED, verdict
    assert len(verdict.evidence) == 3
    assert "SIGTERM at once after its start" in {one.did for one in verdict.evidence}
