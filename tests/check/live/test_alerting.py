"""Alerts that fire wrongly, or not at all, or cannot be tried."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from paved_road.check.live.running_checks import run_live
from paved_road.check.model import Verdict
from paved_road.check.registry import LiveCheck, built_in_checks
from paved_road.findings import Outcome
from tests.check.twin import FOLDER, contract
from tests.tools import tool


@pytest.fixture
def twin(tmp_path: Path) -> Path:
    """A copy of the twin, whose rules a test may change."""
    tool("prometheus")
    return shutil.copytree(FOLDER, tmp_path / "twin")


def judged(folder: Path) -> Verdict:
    check = built_in_checks()["alerts-fire"]
    assert isinstance(check, LiveCheck)
    (verdict,) = run_live([check], folder, contract(), seed=1)
    return verdict


def change(folder: Path, right: str, wrong: str) -> None:
    rules = folder / "rules.yaml"
    assert right in rules.read_text()
    rules.write_text(rules.read_text().replace(right, wrong))


def test_rules_that_prometheus_refuses_fail(twin: Path) -> None:
    change(twin, "severity: ticket", "not-a-label: ticket")
    verdict = judged(twin)
    assert verdict.outcome is Outcome.FAILED
    assert "refuses" in verdict.message


def test_an_expression_that_is_none_fails(twin: Path) -> None:
    change(twin, "> 0.0144", "$ 0.0144")
    assert "is no PromQL" in judged(twin).message


@pytest.mark.soak
@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("== 0 or", ">= 0 or", "sent requests that succeed: NoInstance still fires"),
        ('status=~"5.."', 'code=~"5.."', "no page fired"),
        ('up{job="twin"} == 0 or', "", "killed the service: no page fired"),
        ('absent(up{job="twin"})', "absent(kube_pod_info)", "passed"),
        ("> 0.0144", ">= 0", "let the dependencies recover: ErrorBudgetBurn still fires"),
    ],
)
def test_an_alert_that_does_not_tell_the_truth_fails(twin: Path, right: str, wrong: str, said: str) -> None:
    change(twin, right, wrong)
    verdict = judged(twin)
    if said == "passed":  # NoInstance cannot be tried where no cluster is
        assert verdict.outcome is Outcome.PASSED, verdict.message
        assert "the platform's metrics for NoInstance" in verdict.evidence[-2].observed
    else:
        assert verdict.outcome is Outcome.FAILED
        assert said in verdict.message


def test_without_rules_there_is_nothing_to_try(twin: Path) -> None:
    (twin / "rules.yaml").unlink()
    verdict = judged(twin)
    assert (verdict.outcome, verdict.message) == (
        Outcome.NOT_APPLICABLE,
        "the service has no alert rules of Prometheus",
    )


def test_where_prometheus_is_not_installed_the_check_says_so(twin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (twin / "bin").mkdir()
    (twin / "bin" / "git").symlink_to(tool("git"))
    monkeypatch.setenv("PATH", str(twin / "bin"))
    verdict = judged(twin)
    assert (verdict.outcome, verdict.message) == (Outcome.NOT_APPLICABLE, "prometheus is not installed (on PATH)")
