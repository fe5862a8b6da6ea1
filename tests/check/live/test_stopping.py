"""Shutdowns: which end counts as one in order, and what is said about a service that ends in another way."""

from __future__ import annotations

from paved_road.check.contract.model import Sample
from paved_road.check.model import Verdict
from paved_road.findings import Outcome
from tests.check.twin import SAMPLES, contract, judged


def broken(verdict: Verdict) -> str:
    return " ".join(f"{one.did}: {one.observed}" for one in verdict.evidence if not one.held)


def test_requests_on_their_way_are_lost_every_time_by_a_service_that_ends_at_once() -> None:
    verdict = judged("graceful-shutdown", "no-drain")
    assert "12 of 12 were lost" in broken(verdict)


def test_a_launcher_that_keeps_the_signal_for_itself_fails() -> None:
    python, *arguments = contract().start
    shell = ("/bin/sh", "-c", f"{python} {' '.join(arguments)}; true")
    verdict = judged("graceful-shutdown", start=shell)
    assert "were lost" in broken(verdict)


def test_one_that_passes_it_on_passes() -> None:
    python, *arguments = contract().start
    launcher = (
        "import signal, subprocess, sys\n"
        f"child = subprocess.Popen({[python, *arguments]!r})\n"
        "signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))\n"
        "sys.exit(child.wait())"
    )
    verdict = judged("graceful-shutdown", start=(python, "-c", launcher))
    assert verdict.outcome is Outcome.PASSED, verdict


def test_a_service_that_fails_under_a_load_without_any_shutdown_is_an_error() -> None:
    verdict = judged("graceful-shutdown", samples=(Sample(method="GET", target="/nothing"),))
    assert verdict.outcome is Outcome.ERROR, verdict


def test_without_a_request_nothing_can_be_said() -> None:
    for slug in ("graceful-shutdown", "long-requests-at-shutdown", "lost-instance"):
        verdict = judged(slug, samples=())
        assert verdict.outcome is Outcome.NOT_APPLICABLE, verdict
        assert "sample" in verdict.message


def test_what_is_the_answer_without_a_shutdown_is_also_one_with_it() -> None:
    """Payments are critical: when they never answer, 503 is right."""
    verdict = judged("long-requests-at-shutdown", samples=SAMPLES[1:])
    assert verdict.outcome is Outcome.PASSED, verdict
    assert verdict.evidence[0].expected == "503, as without SIGTERM"
