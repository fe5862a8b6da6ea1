"""Exploration finds the smallest combination that breaks a promise, and the same one again with the same seed."""

from __future__ import annotations

from paved_road.check.live.running_checks import run_live
from paved_road.check.model import Verdict
from paved_road.check.registry import LiveCheck, built_in_checks
from paved_road.findings import Outcome
from tests.check.twin import FOLDER, INVENTORY, SAMPLES, contract


def explored(*faults: str, seed: int = 1) -> Verdict:
    check = built_in_checks()["explored-failures"]
    assert isinstance(check, LiveCheck)
    (verdict,) = run_live([check], FOLDER, contract(*faults, samples=SAMPLES[:1]), seed=seed)
    return verdict


def broken(verdict: Verdict) -> list[str]:
    return [one.did for one in verdict.evidence if not one.held]


def test_a_call_that_only_a_fallback_makes_fails_too() -> None:
    verdict = explored("trusts-second-source")
    pair, summary = broken(verdict)  # the same calls are not tried in other ways
    assert pair.startswith("GET /orders/1 while inventory ")
    assert ", and payments " in pair
    assert pair.endswith(" on GET /stock/1")
    assert "5 failing calls" in summary
    assert verdict.evidence[-1].expected.endswith("paved check --select explored-failures --seed 1)")


def test_the_same_seed_finds_the_same() -> None:
    assert broken(explored("trusts-second-source", seed=7)) == broken(explored("trusts-second-source", seed=7))


def test_what_fails_alone_is_not_tried_in_pairs() -> None:
    verdict = explored("no-fallback-for-500", "second-source")
    single, summary = broken(verdict)
    assert single == "GET /orders/1 while inventory answers 500 on GET /items/1"
    assert "20 pairs" in summary


def test_a_service_that_calls_nothing_has_nothing_to_explore() -> None:
    check = built_in_checks()["explored-failures"]
    assert isinstance(check, LiveCheck)
    (verdict,) = run_live([check], FOLDER, contract(dependencies=(INVENTORY,), samples=()), seed=1)
    assert verdict.outcome is not Outcome.PASSED
