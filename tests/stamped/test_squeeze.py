"""`make squeeze`: k6 really runs against the stamped service, and what it finds is written where it belongs."""

from __future__ import annotations

import json
from pathlib import Path

from paved_road.testing import run
from tests.stamped.world import stamp

QUICK = ("SECONDS_PER_STEP=2", "FIRST_RATE=5", "HIGHEST_RATE=6")


def test_what_it_finds_is_written_and_a_broken_threshold_writes_nothing(tmp_path: Path) -> None:
    service = stamp(tmp_path / "orders")
    overlay = service / "deploy/overlays/prod"
    done = run("make", "squeeze", *QUICK, "LIMIT_MS=1", cwd=service)
    assert done.returncode != 0
    assert "too much already" in done.stderr
    assert run("git", "status", "--porcelain", cwd=service).stdout == ""

    done = run("make", "squeeze", *QUICK, "LIMIT_MS=20000", cwd=service)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((service / "dev/squeeze.json").read_text())
    assert found["requests_per_second"] == 5
    assert f"averageUtilization: {found['hpa_target_percent']}\n" in (overlay / "scale.yaml").read_text().replace(
        "}", "\n"
    )
    changed = run("git", "status", "--porcelain", cwd=service).stdout.split()
    assert "deploy/overlays/prod/settings.env" not in changed, "no limit follows from a stub's answers"
