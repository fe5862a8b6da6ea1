"""What the checks of dependencies say where there is nothing to check, or nothing to see."""

from __future__ import annotations

import pytest

from paved_road.check.contract.model import ContractDependency, Sample
from paved_road.findings import Outcome
from tests.check.twin import INVENTORY, PAYMENTS, SAMPLES, judged

CRITICAL_INVENTORY = ContractDependency(name="inventory", env=INVENTORY.env, critical=True, answer=INVENTORY.answer)


@pytest.mark.parametrize("slug", ["fallbacks", "critical-services-only", "wrong-answers"])
def test_a_service_that_needs_everything_has_no_fallbacks(slug: str) -> None:
    verdict = judged(slug, dependencies=(CRITICAL_INVENTORY, PAYMENTS))
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert "critical" in verdict.message


def test_a_service_that_needs_nothing_has_nothing_critical() -> None:
    verdict = judged("critical-dependency-down", dependencies=(INVENTORY,), settings={"PAYMENTS_URL": "http://x"})
    assert verdict.outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("slug", ["fallbacks", "wrong-answers"])
def test_a_check_that_would_see_nothing_does_not_pass(slug: str) -> None:
    verdict = judged(slug, samples=(SAMPLES[1],))
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert "no sample request makes the service call inventory: add one" in verdict.message


def test_a_contract_without_samples_cannot_show_fallbacks() -> None:
    verdict = judged("fallbacks", samples=())
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert "no sample request" in verdict.message


def test_a_sample_that_fails_in_the_steady_state_is_an_error_and_no_verdict() -> None:
    verdict = judged("fallbacks", samples=(SAMPLES[0], Sample(method="GET", target="/nothing")))
    assert verdict.outcome is Outcome.ERROR
    assert "even when nothing hurts it: GET /nothing: 404" in verdict.message


def test_a_service_that_speaks_tls_to_a_stand_in_is_told() -> None:
    verdict = judged("fallbacks", "no-fallback", "speaks-tls")
    assert verdict.outcome is Outcome.ERROR
    assert "inventory got a TLS handshake (is the address https?) instead of HTTP/1.1" in verdict.message


def test_a_request_that_waits_for_a_critical_dependency_is_found() -> None:
    verdict = judged("critical-dependency-down", "waits-for-payments", deadline=0.8)
    assert verdict.outcome is Outcome.FAILED, verdict
    assert verdict.message.startswith("POST /orders while payments hangs: no answer after ")


def test_the_evidence_tells_a_story() -> None:
    verdict = judged("fallbacks")
    hangs = next(one for one in verdict.evidence if one.did == "GET /orders/1 while inventory hangs")
    assert hangs.observed.startswith("200 after 0.")
    assert ", degraded; as before " in hangs.observed
    assert hangs.expected == "2xx within 2 s"
