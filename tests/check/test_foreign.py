"""Services that nobody here wrote: what the live checks say about each, in four languages or servers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from paved_road.check.contract.resolve import resolve_contract
from paved_road.check.live.running_checks import run_live
from paved_road.check.registry import LiveCheck, built_in_checks
from paved_road.findings import Outcome

HERE = Path(__file__).parent / "foreign"
PACKAGES = {
    "fastapi": ["fastapi", "uvicorn", "httpx"],
    "flask": ["flask", "gunicorn", "requests"],
}
PROGRAMS = {"node": ["node"], "java": ["java"], "fastapi": ["uv"], "flask": ["uv"]}

FAILED_BY_ALL = {
    "circuit-breaker", "critical-services-only", "error-responses", "fallbacks", "graceful-shutdown", "request-tracing",
    "settings-fail-fast", "structured-logs", "timeouts", "wrong-answers",
}  # fmt: skip
PASSED_BY_ALL = {"bounded-retries", "lost-instance", "ready-in-time"}
FAILED = {
    "fastapi": {"abandoned-requests", "bulkhead", "closed-output"},
    "flask": {"abandoned-requests", "bulkhead", "hostile-input"},
    "node": {"abandoned-requests", "bulkhead", "hostile-input", "long-requests-at-shutdown", "no-secrets-shown"},
    "java": {"bulkhead", "hostile-input", "long-requests-at-shutdown"},
}
"""What else each one fails. docs/explanation/what-check-finds.md says why."""
PASSED = {
    "fastapi": {"hostile-input", "long-requests-at-shutdown", "no-secrets-shown"},
    "flask": {"closed-output", "no-secrets-shown"},
    "node": {"closed-output"},
    "java": {"closed-output", "no-secrets-shown"},
}


def outcomes(name: str, slugs: Iterable[str], folder: Path) -> dict[str, Outcome]:
    """What the live checks of these practices say about a copy of a service."""
    for program in PROGRAMS[name]:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    service = shutil.copytree(HERE / name, folder / name)
    checks = [check for slug in sorted(slugs) if isinstance(check := built_in_checks()[slug], LiveCheck)]
    verdicts = run_live(checks, service, resolve_contract(service, None), seed=1)
    return {verdict.practice: verdict.outcome for verdict in verdicts}


@pytest.mark.soak
@pytest.mark.parametrize("name", FAILED)
def test_a_service_as_its_tutorial_writes_it_fails_what_the_documentation_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if packages := PACKAGES.get(name):
        subprocess.run(["uv", "venv", "--quiet", tmp_path / "venv"], check=True)
        python = tmp_path / "venv" / "bin" / "python"
        subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, *packages], check=True)
        monkeypatch.setenv("PATH", f"{python.parent}{os.pathsep}{os.environ['PATH']}")
    expected = dict.fromkeys(FAILED_BY_ALL | FAILED[name], Outcome.FAILED)
    expected |= dict.fromkeys(PASSED_BY_ALL | PASSED[name], Outcome.PASSED)
    assert outcomes(name, expected, tmp_path) == expected


def test_a_node_service_is_judged_as_any_other(tmp_path: Path) -> None:
    assert outcomes("node", ["critical-services-only", "ready-in-time", "request-tracing"], tmp_path) == {
        "critical-services-only": Outcome.FAILED,
        "ready-in-time": Outcome.PASSED,
        "request-tracing": Outcome.FAILED,
    }
