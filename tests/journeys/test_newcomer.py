"""The first days of somebody who has just installed paved, each as one story, on terminals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.journeys.conftest import Person

ENTER = "\r"


def test_a_service_is_made_passes_its_gate_runs_and_survives_its_dependency(person: Callable[[str], Person]) -> None:
    alex = person("Alex")
    said = alex.type(
        "paved new orders",
        ("Name of the service", ENTER),
        ("Team that owns the service", "\x15payments" + ENTER),
        ("How critical the service is", ENTER),
        ("4/4", ENTER),
        ("Customise the other", "n" + ENTER),
        ("Write it?", ENTER),
    )
    assert "stamped orders from service" in said
    alex.type("cd orders")
    assert "owner: payments" in alex.type("cat .copier-answers.yml")
    assert alex.type("git log --format='%an %s'").startswith("Alex Stamp orders")
    assert "passed in" in alex.type("make check")
    assert alex.type("git status --short") == ""

    alex.desk.start(f"cd {alex.home}/orders && make stub", terminal="stub")
    alex.desk.start(f"cd {alex.home}/orders && make run", terminal="service")
    alex.until(f"curl -sf localhost:{alex.port}/orders/1 | grep '\"stock\":17'")
    alex.desk.interrupt("stub")
    order = json.loads(alex.type(f"curl -s localhost:{alex.port}/orders/1"))
    assert order == {"id": 1, "item": 42, "stock": "unknown", "degraded": True}
    ready = json.loads(alex.until(f"curl -sf localhost:{alex.internal_port}/readyz | grep degraded"))
    assert ready["checks"]["inventory"]["reason"] == "connect_error"
    stopped = alex.desk.interrupt("service")
    assert "Traceback" not in stopped.text


def test_an_update_conflicts_is_decided_in_an_editor_and_committed(person: Callable[[str], Person]) -> None:
    alex = person("Alex")
    alex.type("paved new orders --defaults --ref 1.1.0")
    alex.type("cd orders")
    alex.type("sed -i 's/^PAVED .*/PAVED ?= our-paved/' Makefile && echo '# ours' >> src/orders/app.py")
    alex.type("git commit --quiet --all --message 'Our work'")
    before = alex.type("git rev-parse HEAD")

    said = alex.type("paved status", code=1)
    assert "paved update" in said
    said = alex.type("paved update --dry-run", ("Include the example", ENTER), ("gets paved from", ENTER), code=1)
    assert "conflict    Makefile" in said
    assert alex.type("git status --short") == ""

    said = alex.type("paved update", ("these answers", ENTER), code=1)
    assert "paved update --continue" in said
    assert "PAVED ?= our-paved" in alex.type("cat Makefile")
    said = alex.type("git add Makefile && paved update --continue", code=1)
    assert "Makefile:" in said
    assert "conflict markers are left" in said

    _write_editor(alex.home / "editor")
    alex.type("export EDITOR=~/editor")
    alex.type("$EDITOR Makefile && git add Makefile")
    assert "updated to" in alex.type("paved update --continue")
    assert "<<<<<<<" not in alex.type("cat Makefile")
    assert alex.type("grep ^PAVED Makefile").strip() == "PAVED ?= our-paved"
    alex.type("git commit --quiet --message 'The newest release'")
    assert alex.type("git rev-parse HEAD~1") == before
    assert alex.type("tail -1 src/orders/app.py").strip() == "# ours"
    assert "the latest" in alex.type("paved status", code=1), "and the line that the road owns is drift now"


def _write_editor(path: Path) -> None:
    """An editor whose user keeps the service's side of each conflict."""
    path.write_text("#!/bin/sh\nsed -i -e '/^<<<<<<< /d' -e '/^||||||| /,/^>>>>>>> /d' \"$1\"\n")
    path.chmod(0o755)


def test_a_team_leaves_the_road_in_writing_is_agreed_with_and_comes_back(person: Callable[[str], Person]) -> None:
    alex, bo = person("Alex"), person("Bo")
    alex.type("paved new orders --defaults && cd orders")
    alex.type("git init --quiet --bare ../shared.git && git remote add origin ../shared.git")
    alex.type("sed -i 's|^ARG BASE=.*|ARG BASE=registry.acme.example/python:3.13|' Dockerfile")
    alex.type("git commit --quiet --all --message 'Our own base image'")
    assert alex.type("paved drift", code=1).strip() == "edited   Dockerfile"
    assert "uncovered" in alex.type("paved off-road check", code=1)

    alex.type("export EDITOR=~/editor")
    _write_argument(alex.home / "editor")
    assert "docs/off-road/dockerfile.md" in alex.type("paved off-road new --from-drift")
    alex.type("git add docs/off-road && git commit --quiet --message 'Why' && git push --quiet origin main")
    said = alex.type("paved off-road accept dockerfile", code=2)
    assert "alex@acme.example" in said

    bo.type(f"git clone --quiet {alex.home}/shared.git orders && cd orders")
    assert "registry.acme.example" in bo.type("paved off-road show dockerfile")
    assert "dockerfile is accepted until" in bo.type("paved off-road accept dockerfile")
    bo.type("git commit --quiet --all --message 'Agreed' && git push --quiet origin main")

    alex.type("git pull --quiet origin main")
    assert "accepted" in alex.type("paved drift")
    assert "every difference is accepted" in alex.type("paved off-road check")
    alex.type("echo '# one more' >> Dockerfile && git commit --quiet --all --message More")
    assert "drifted-further" in alex.type("paved off-road check", code=1)

    alex.type("git checkout --quiet $(git rev-list --max-parents=0 HEAD) -- Dockerfile")
    alex.type("git commit --quiet --message 'Back on the road'")
    assert "stale" in alex.type("paved off-road check")
    alex.type("paved off-road close dockerfile")
    alex.type("git add --all && git commit --quiet --message 'Close the record'")
    assert alex.type("paved drift").strip() == "no drift"
    assert "error" not in alex.type("paved off-road check")
    assert alex.type("git status --short") == ""


def _write_argument(path: Path) -> None:
    """An editor whose user fills in what a record leaves open."""
    why = "The cluster of the card zone reaches no registry but ours, which holds the same image."
    path.write_text(
        f"#!/bin/sh\nsed -i -e 's|^reason:.*|reason: {why}|' -e 's|^<!-- .*|{why}|'"
        " -e 's|^impact:.*|impact: We bring the security updates ourselves.|'"
        " -e 's|^mitigation:.*|mitigation: A job rebuilds the image each night.|' \"$1\"\n"
    )
    path.chmod(0o755)
