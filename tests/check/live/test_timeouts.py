"""Time limits of calls, as the dependency sees them."""

from __future__ import annotations

from dataclasses import replace

from paved_road.findings import Outcome
from tests.check.twin import INVENTORY, PAYMENTS, judged


def test_a_call_without_a_limit_keeps_the_caller_waiting() -> None:
    verdict = judged("timeouts", "no-timeout", deadline=1.0)
    assert verdict.outcome is Outcome.FAILED
    assert "no answer within" in verdict.message


def test_a_read_timeout_does_not_limit_an_answer_that_trickles() -> None:
    verdict = judged("timeouts", "timeout-per-read")
    assert verdict.outcome is Outcome.FAILED
    assert "never ends" in verdict.message
    assert "dependencies.inventory.timeout" in verdict.message


def test_an_answer_in_time_does_not_excuse_a_call_that_goes_on() -> None:
    verdict = judged("timeouts", "leaves-calls-open", deadline=1.0)
    assert verdict.outcome is Outcome.FAILED
    assert [evidence.held for evidence in verdict.evidence] == [True, False]


def test_calls_may_take_the_whole_deadline_where_the_contract_states_no_limit() -> None:
    inventory, payments = replace(INVENTORY, timeout=None), replace(PAYMENTS, timeout=None)
    verdict = judged("timeouts", "timeout-per-read", dependencies=(inventory, payments))
    assert verdict.outcome is Outcome.PASSED, verdict
    assert "(deadline in the run contract)" in verdict.evidence[1].expected


def test_nothing_can_be_said_without_dependencies() -> None:
    nowhere = {"INVENTORY_URL": "http://127.0.0.1:1", "PAYMENTS_URL": "http://127.0.0.1:1"}
    verdict = judged("timeouts", "ready-without-critical", dependencies=(), settings=nowhere)
    assert verdict.outcome is Outcome.NOT_APPLICABLE, verdict
    assert "dependencies" in verdict.message


def test_nothing_can_be_said_about_deadlines_without_a_header() -> None:
    verdict = judged("deadline-propagation", deadline_header=None)
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert "deadline_header" in verdict.message
