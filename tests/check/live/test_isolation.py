"""Circuit breakers and bulkheads, as the dependency sees them."""

from __future__ import annotations

import pytest

from paved_road.check.live import isolation
from paved_road.findings import Outcome
from tests.check.twin import judged


def test_calls_that_never_begin_again_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "RESUMES", 2.0)
    verdict = judged("circuit-breaker", "breaker-stays-open")
    assert verdict.outcome is Outcome.FAILED
    assert "calls did not begin again" in verdict.message


def test_the_numbers_of_calls_are_told() -> None:
    verdict = judged("circuit-breaker", "no-breaker")
    assert verdict.outcome is Outcome.FAILED
    assert "100, 100, 100" in verdict.message


def test_other_requests_are_refused_when_a_dependency_takes_all_places() -> None:
    verdict = judged("bulkhead", "no-bulkhead", "long-attempts")
    assert verdict.outcome is Outcome.FAILED
    (broken, *_) = [evidence for evidence in verdict.evidence if not evidence.held]
    assert broken.did == "POST /orders during 200 x GET /orders/1 at once while inventory hangs"
    assert "503 after" in broken.observed
