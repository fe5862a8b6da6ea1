"""Retries, as the dependency sees them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paved_road.check.live import retrying
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
    assert "2.00 for each request" in verdict.evidence[0].observed


def test_retries_that_wait_are_not_at_once_even_if_some_hardly_wait() -> None:
    """With full jitter up to 50 ms, one in ten waits less than 5 ms."""
    assert retrying.at_once([0.001, 0.002, 0.001, 0.003, 0.002, 0.001, 0.040])
    assert not retrying.at_once([0.001, 0.002, 0.001, 0.003, 0.002, 0.020, 0.040])
    assert retrying.at_once([0.001, 0.002])
    assert not retrying.at_once([0.001, 0.020])


def test_pauses_without_jitter_are_in_step_but_for_an_accident() -> None:
    assert retrying.in_step([0.100, 0.101, 0.102, 0.101, 0.100, 0.102, 0.180])
    assert not retrying.in_step([0.090, 0.110, 0.095, 0.105, 0.098, 0.101, 0.093])
    assert not retrying.in_step([0.100, 0.100])
