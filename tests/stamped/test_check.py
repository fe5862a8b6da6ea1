"""The stamped service is ready for production, as far as live checks tell: every one passes, or says why it cannot."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from paved_road.check.live.running_checks import run_live
from paved_road.check.model import Verdict
from paved_road.check.registry import LiveCheck, built_in_checks
from paved_road.findings import Outcome
from paved_road.testing import run
from tests.check.stamped import stamped_contract
from tests.stamped.test_service import COMBINATIONS
from tests.stamped.world import stamp

GOOD = {Outcome.PASSED, Outcome.NOT_APPLICABLE}


def judged(service: Path) -> list[Verdict]:
    """What every live check says, with how long it took on standard output."""
    began = time.monotonic()
    checks = [check for check in built_in_checks().values() if isinstance(check, LiveCheck)]
    verdicts = run_live(checks, service, stamped_contract(service), seed=1)
    for verdict in sorted(verdicts, key=lambda each: -each.seconds):
        print(f"{verdict.seconds:6.1f} s  {verdict.practice:28} {verdict.outcome}  {verdict.message}")  # noqa: T201
    print(f"{time.monotonic() - began:6.1f} s  all {len(verdicts)}")  # noqa: T201
    return verdicts


def test_every_live_check_passes_the_stamped_service(installed: Path) -> None:
    verdicts = judged(installed)
    assert [verdict for verdict in verdicts if verdict.outcome not in GOOD] == []


@pytest.mark.soak
@pytest.mark.parametrize("answers", [*COMBINATIONS.values(), ["example=false", "tier=critical"]], ids=str)
def test_every_live_check_passes_every_combination_of_answers(tmp_path: Path, answers: list[str]) -> None:
    name = next((each[5:] for each in answers if each.startswith("name=")), "orders")
    service = stamp(tmp_path / name, *answers)
    done = run("uv", "sync", "--locked", "--no-dev", "--quiet", cwd=service)
    assert done.returncode == 0, done.stderr
    assert [verdict for verdict in judged(service) if verdict.outcome not in GOOD] == []
