"""Overload and bearable load, beyond what the seeded faults show."""

from __future__ import annotations

from paved_road.findings import Outcome
from tests.check.twin import judged


def test_a_contract_without_a_sample_says_what_is_missing() -> None:
    for slug in ("overload", "bearable-load"):
        verdict = judged(slug, samples=())
        assert verdict.outcome is Outcome.NOT_APPLICABLE
        assert "sample" in verdict.message
