"""A lost instance: what the clients notice, and what was acknowledged."""

from __future__ import annotations

from paved_road.findings import Outcome
from tests.check.twin import SAMPLES, judged


def test_clients_send_again_what_was_lost_and_each_acknowledged_write_was_made() -> None:
    verdict = judged("lost-instance")
    assert verdict.outcome is Outcome.PASSED, verdict
    assert "all were answered" in verdict.evidence[0].observed
    assert verdict.evidence[2].did == "counted the POST calls that payments got for POST /orders"


def test_nothing_is_counted_for_requests_that_only_read() -> None:
    verdict = judged("lost-instance", samples=SAMPLES[:1])
    assert verdict.outcome is Outcome.PASSED, verdict
    assert len(verdict.evidence) == 2


def test_two_instances_need_two_ports() -> None:
    verdict = judged("lost-instance", port_env=None, port=23_456)
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert "port" in verdict.message
