"""Retries, as the dependency sees them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paved_road.check.model import Verdict
from paved_road.findings import Outcome
from tests.check.twin import INVENTORY, PAYMENTS, judged


def broken(verdict: Verdict) -> list[str]:
    return [f"{evidence.did}: {evidence.observed}" for evidence in verdict.evidence if not evidence.held]


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("retries-4xx", "GET /orders/1 while inventory answers 400: 2 attempts of GET /items/*"),
        ("retry-storm", "GET /orders/1 while inventory answers 503: "),
    ],
)
def test_a_fault_is_told_as_the_dependency_saw_it(fault: str, found: str) -> None:
    verdict = judged("bounded-retries", fault)
    assert verdict.outcome is Outcome.FAILED
    assert found in broken(verdict)[0]


def test_four_attempts_are_enough_where_the_contract_states_no_number() -> None:
    inventory, payments = replace(INVENTORY, attempts=None), replace(PAYMENTS, attempts=None)
    assert judged("bounded-retries", dependencies=(inventory, payments)).outcome is Outcome.PASSED
    verdict = judged("bounded-retries", "retry-storm", dependencies=(inventory, payments))
    assert verdict.outcome is Outcome.FAILED
    assert "at most 4 attempts" in verdict.message


def test_a_service_that_retries_once_makes_no_storm_without_a_breaker() -> None:
    verdict = judged("retry-storm", "no-breaker")
    assert verdict.outcome is Outcome.PASSED, verdict
    assert sum(int(evidence.did.partition(" x ")[0]) for evidence in verdict.evidence) == 1000
    assert all("1.0" in evidence.observed for evidence in verdict.evidence)
