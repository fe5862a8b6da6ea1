"""A team's first changes need no edit of a file that the road owns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paved_road import git
from paved_road.cli import main
from paved_road.settings.whereabouts import LOCK
from paved_road.testing import run
from tests.docs.follow import edit
from tests.docs.page import Command, Edit, steps
from tests.stamped.delivered import stamped
from tests.stamped.world import gate, quick_and_whole, stamp
from tests.stranger import PROJECT

TEAMS = r"^\s*(?:from|import) (?:support|conftest|orders\.(?!paved\b)\S+)"
"""Imports of what the team edits. `from orders import SERVICE` is no edit of a first change."""


def test_the_road_s_tests_use_nothing_of_the_team_s() -> None:
    files = {path: text for path, text in stamped().items() if path.startswith("tests/paved/")}
    assert "tests/paved/test_telemetry.py" in files
    found = {path: re.findall(TEAMS, text, re.MULTILINE) for path, text in files.items()}
    assert {path: lines for path, lines in found.items() if lines} == {}


GUIDES = ("change-a-service", "declare-a-dependency")
TYPED = ("for stage in ", "make policy")
"""What the guides have one type that changes the service."""


def follow(guide: str, service: Path) -> None:
    """Change the service as a guide says, in its own words."""
    for step in steps((PROJECT / f"docs/how-to/{guide}.md").read_text()):
        match step:
            case Edit():
                edit(service, step)
            case Command(typed=typed) if typed.startswith(TYPED):
                done = run("sh", "-c", typed, cwd=service)
                assert done.returncode == 0, done.stderr


def critical(service: Path, dependency: str) -> None:
    """Make it so, as the guide says: in both places."""
    client, contract = service / f"src/orders/clients/{dependency}.py", service / "run.toml"
    client.write_text(client.read_text().replace("critical=False", "critical=True"))
    before, table, after = contract.read_text().partition(f"[dependencies.{dependency}]")
    contract.write_text(before + table + after.replace("critical = false", "critical = true", 1))


@quick_and_whole
def test_after_following_every_guide_the_gate_passes_and_nothing_has_drifted(tmp_path: Path, whole: bool) -> None:
    """A critical dependency, an endpoint, a required setting, a job, a metric, and authentication on all routes."""
    service = stamp(tmp_path / "orders")
    for guide in GUIDES:
        follow(guide, service)
    critical(service, "prices")
    done = gate(service, whole=whole)
    assert done.returncode == 0, done.stdout + done.stderr
    assert main(["drift", str(service)]) == 0
    asked = run(service / ".venv/bin/python", "-m", "dev.alongside", "true", cwd=service)
    assert asked.returncode == 0, asked.stderr


def files(service: Path) -> dict[str, str]:
    """Path to text of what the service tracks, but for what says where it comes from."""
    paths = git.process.text("ls-files", cwd=service).splitlines()
    return {path: (service / path).read_text() for path in paths if path not in (".copier-answers.yml", LOCK)}


@pytest.mark.soak
def test_a_service_without_the_example_is_complete(tmp_path: Path) -> None:
    service = stamp(tmp_path / "orders", "example=false")
    done = gate(service, whole=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for target in ("fuzz", "stub"):
        done = run("make", "--no-print-directory", target, cwd=service)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "the service has no endpoints yet" in run("make", "fuzz", cwd=service).stdout
    assert main(["drift", str(service)]) == 0
    squeezed = run("make", "squeeze", cwd=service)
    assert "error: run.toml has no sample" in squeezed.stderr
    assert git.process.text("status", "--porcelain", cwd=service) == ""


def test_the_example_is_removed_by_its_answer(tmp_path: Path) -> None:
    service, without = stamp(tmp_path / "with/orders"), stamp(tmp_path / "without/orders", "example=false")
    assert main(["update", str(service), "--to", "HEAD", "--data", "example=false", "--commit"]) == 0
    assert main(["drift", str(service)]) == 0
    assert files(service) == files(without)


def test_what_was_changed_in_the_example_is_removed_by_a_person(tmp_path: Path) -> None:
    service, without = stamp(tmp_path / "with/orders"), stamp(tmp_path / "without/orders", "example=false")
    changed = "tests/api/test_orders.py"
    (service / changed).write_text((service / changed).read_text() + "\n# ours\n")
    assert run("git", "commit", "--quiet", "--all", "--message", "Ours", cwd=service).returncode == 0
    assert main(["update", str(service), "--to", "HEAD", "--data", "example=false"]) == 1
    assert git.process.text("diff", "--name-only", "--diff-filter=U", cwd=service).split() == [changed]
    assert run("git", "rm", "--quiet", changed, cwd=service).returncode == 0
    assert main(["update", str(service), "--continue", "--commit"]) == 0
    assert main(["drift", str(service)]) == 0
    assert files(service) == files(without)


def test_nothing_speaks_of_the_example_where_there_is_none() -> None:
    stays = re.compile(r"src/orders/paved/|tests/paved/|deploy/observability/.*_test\.yaml|uv\.lock")
    texts = {path: text for path, text in stamped(example=False).items() if not stays.match(path)}
    found = {path for path, text in texts.items() if re.search(r"inventory|/orders/1|order_id", text, re.IGNORECASE)}
    assert found == set()
