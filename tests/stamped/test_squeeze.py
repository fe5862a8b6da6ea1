"""`make squeeze`: k6 really runs against the stamped service, and only a knee of its CPU becomes a target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paved_road.testing import run
from tests.stamped.test_alongside import edit
from tests.stamped.world import stamp_apart

QUICK = ("SECONDS_PER_STEP=2", "FIRST_RATE=8")


@pytest.fixture(scope="module")
def squeezed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service whose dependency takes two calls of 0.1 s at a time: 20 in a second, however fast the machine is."""
    service = stamp_apart(tmp_path_factory.mktemp("squeezed"))
    edit(service / "run.toml", "latency_ms = 20", "latency_ms = 100")
    few = "attempt_timeout=1.0, max_concurrency=2, max_waiting=0"
    edit(service / "src/orders/clients/inventory.py", "attempt_timeout=0.4", few)
    assert run("git", "commit", "--quiet", "--all", "--message", "Few at a time", cwd=service).returncode == 0
    assert run("uv", "sync", "--locked", "--quiet", "--group", "squeeze", cwd=service).returncode == 0
    return service


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["LIMIT_MS=1"], "error: the first rate was too much already"),
        (["LIMIT_MS=60000", "HIGHEST_RATE=9"], "error: no rate was too much, so there is no knee"),
        (["LIMIT_MS=60000"], "too much: answers from fallbacks. Something other than its CPU is exhausted"),
    ],
)
def test_nothing_is_written_without_a_knee_of_the_service_s_own(squeezed: Path, words: list[str], said: str) -> None:
    done = run("make", "squeeze", *QUICK, *words, cwd=squeezed)
    assert done.returncode != 0
    assert said in done.stderr, done.stdout + done.stderr
    assert "/s " in done.stdout, "k6 ran"
    assert run("git", "status", "--porcelain", cwd=squeezed).stdout == ""


def test_how_slow_the_dependency_is_has_to_be_known(squeezed: Path) -> None:
    contract = squeezed / "run.toml"
    text = contract.read_text()
    edit(contract, "latency_ms", "# latency_ms")
    done = run("make", "squeeze", *QUICK, cwd=squeezed)
    contract.write_text(text)
    assert done.returncode != 0
    assert "add its latency_ms, as measured in production, to run.toml" in done.stderr


@pytest.mark.parametrize(
    "words", [["LIMIT_MS=abc"], ["SECONDS_PER_STEP=0"], ["FIRST_RATE=nan"], ["FIRST_RATE=9", "HIGHEST_RATE=8"]]
)
def test_numbers_that_are_none_are_refused_before_the_first_step(squeezed: Path, words: list[str]) -> None:
    done = run("make", "squeeze", *words, cwd=squeezed)
    name, given = words[-1].split("=")
    assert done.returncode != 0
    assert f"error: {name} is '{given}'; it must be a number of at least " in done.stderr
    assert "Traceback" not in done.stderr
    assert "/s " not in done.stdout, "k6 did not run"


MEASURED = """\
import sys
from dev import squeeze
cores = {50: 0.3, 75: 0.5, 112.5: 0.9}
def measure(url, internal, run, rate, seconds):
    fault = "" if rate in cores else "too much: http_req_duration"
    return squeeze.Step(rate=rate, fault=fault, cores=cores.get(rate, 1.0))
squeeze.measure = measure
sys.exit(squeeze.main("http://service", "http://internal"))
"""


def test_a_knee_of_the_cpu_becomes_the_autoscaler_s_target(squeezed: Path) -> None:
    done = run(squeezed / ".venv/bin/python", "-c", MEASURED, cwd=squeezed)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((squeezed / "dev/squeeze.json").read_text()) == {
        "requests_per_second": 112,
        "hpa_target_percent": 252,
    }
    changed = run("git", "diff", "--unified=0", cwd=squeezed).stdout
    assert [line for line in changed.splitlines() if line[:2] in ("+ ", "- ")] == [
        "-        target: {type: Utilization, averageUtilization: 70}",
        "+        target: {type: Utilization, averageUtilization: 252}",
    ]
