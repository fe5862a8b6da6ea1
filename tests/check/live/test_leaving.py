"""Callers that leave."""

from __future__ import annotations

from paved_road.findings import Outcome
from tests.check.twin import judged


def test_calls_that_stay_open_for_ever_are_told_apart_from_those_whose_time_is_up() -> None:
    verdict = judged("abandoned-requests", "leaves-calls-open", deadline=0.5)
    assert verdict.outcome is Outcome.FAILED
    assert [evidence.observed for evidence in verdict.evidence if not evidence.held][-1].startswith("calls were still")


def test_gauges_of_what_is_in_flight_go_back() -> None:
    verdict = judged("abandoned-requests")
    assert verdict.outcome is Outcome.PASSED, verdict
    assert verdict.evidence[-1].observed == "requests_in_flight: as before"


def test_a_place_that_is_never_given_back_shows_in_the_gauge() -> None:
    verdict = judged("abandoned-requests", "leaks-places", deadline=1.0)
    assert verdict.outcome is Outcome.FAILED
    assert "requests_in_flight: still higher" in verdict.message
