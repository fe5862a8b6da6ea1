"""Which settings are secret, and what becomes of a service that takes no password in a URL."""

from __future__ import annotations

from paved_road.check.live.lab import Lab
from paved_road.check.live.secrecy import planted_settings
from paved_road.check.live.standin import Healthy
from paved_road.findings import Outcome
from tests.check.twin import FOLDER, contract, judged


def planted(**changes: object) -> dict[str, str]:
    async def answers(*_: object) -> Healthy:
        return Healthy(status=200, content_type="text/plain", body=b"")

    return planted_settings(Lab(path=FOLDER, contract=contract(**changes), seed=1, answers=answers))


def test_secrets_are_what_the_contract_says_and_what_names_say() -> None:
    settings = {
        "API_KEY": "0123456789abcdef", "DB_PASSWORD": "hunter2-hunter2", "SESSION_TOKEN": "short",
        "KEYCLOAK_URL": "http://keycloak:8080", "MODE": "production",
    }  # fmt: skip
    found = planted(settings=settings, secrets=("MODE", "SIGNING_SEED"))
    assert found.keys() == {"API_KEY", "DB_PASSWORD", "MODE", "SIGNING_SEED"}
    assert found["API_KEY"] == "0123456789abcdef"
    assert len(found["SIGNING_SEED"]) > 40, "the contract gives none"


def test_a_service_that_takes_no_password_in_a_url_is_started_without() -> None:
    verdict = judged("no-secrets-shown", "refuses-passwords", ready_within=5.0)
    assert verdict.outcome is Outcome.PASSED, verdict
    assert verdict.evidence[0].did == "started it with a password in each dependency's URL"


def test_its_refusal_must_not_show_the_password() -> None:
    verdict = judged("no-secrets-shown", "refuses-passwords", "shows-url", ready_within=5.0)
    assert verdict.outcome is Outcome.FAILED
    assert "the password in" in verdict.message
