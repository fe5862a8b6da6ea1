"""How a check's run becomes a verdict."""

from __future__ import annotations

from paved_road.check.live.lab import Lab
from paved_road.check.live.running_checks import run_live
from paved_road.check.model import NotApplicable
from paved_road.check.registry import LiveCheck
from paved_road.findings import Outcome
from tests.check.twin import FOLDER, contract

NOTHING_MORE = NotApplicable("there is no second dependency")


def outcome(*observed: str, end: Exception = NOTHING_MORE) -> Outcome:
    """Of a check that expects that, sees this, and then cannot go on."""

    async def function(lab: Lab) -> None:
        for each in observed:
            lab.expect(each == "that", did="looked", observed=each, expected="that")
        raise end

    (verdict,) = run_live([LiveCheck(slug="example", function=function)], FOLDER, contract(), seed=1)
    return verdict.outcome


def test_what_a_check_cannot_look_at_excuses_nothing_that_it_saw() -> None:
    assert outcome("that", "this") is Outcome.FAILED
    assert outcome("that") is Outcome.NOT_APPLICABLE
    assert outcome() is Outcome.NOT_APPLICABLE


def test_a_check_that_takes_too_long_still_tells_what_it_saw() -> None:
    assert outcome("that", "this", end=TimeoutError()) is Outcome.FAILED
    assert outcome("that", end=TimeoutError()) is Outcome.ERROR
