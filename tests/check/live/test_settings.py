"""Wrong settings, seen from outside: what a service names, what it shows, and what it has a default for."""

from __future__ import annotations

import re

from paved_road.check.model import Verdict
from paved_road.findings import Outcome
from tests.check.twin import judged

KEY = "not-shown-to-anybody"


def observed(verdict: Verdict, what: str) -> str:
    """What was observed where the check did something."""
    return next(one.observed for one in verdict.evidence if re.search(what, one.did))


def test_what_a_service_asks_for_is_given_until_it_starts_and_the_rest_has_defaults() -> None:
    verdict = judged("settings-fail-fast", settings={"API_KEY": KEY, "COLOUR": "blue"})
    assert verdict.outcome is Outcome.PASSED, verdict
    named = "it ended with exit code 2, and names INVENTORY_URL, PAYMENTS_URL"
    assert observed(verdict, "without INVENTORY_URL, PAYMENTS_URL, API_KEY, COLOUR$") == named
    assert observed(verdict, "without API_KEY, COLOUR$") == "it gets ready: each has a default"
    assert "PORT, INTERNAL_PORT" in observed(verdict, "PORT=no-port")
    assert observed(verdict, "another program listens") == "it ended with exit code 3"


def test_a_service_that_shows_a_password_fails_and_the_evidence_does_not_show_it_again() -> None:
    verdict = judged("settings-fail-fast", "shows-setting")
    (broken,) = [one for one in verdict.evidence if not one.held]
    assert broken.observed == "it shows the password in INVENTORY_URL"
    assert "paved:******@" in broken.excerpt
    assert "planted" not in broken.excerpt


def test_a_service_without_a_port_of_its_own_and_without_dependencies_is_asked_about_its_port_only() -> None:
    verdict = judged(
        "settings-fail-fast", dependencies=(), settings={}, port_env=None, port=23_457,
        probe_port_env=None,
    )  # fmt: skip
    assert [one.did for one in verdict.evidence] == ["started it on port 23457, which another program listens on"]
