"""Every command's `--json` output, in each of its forms, fits its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from paved_road import git
from paved_road.cli import results, schemas
from paved_road.testing import commit, evolve, make_road, paved, write_files
from tests import published
from tests.offroad.world import REASON, ROAD
from tests.practices import world as practices
from tests.renderers import assume_agreement


def answered(*words: str | Path) -> dict[str, Any]:
    """Run a command that succeeds, check its envelope against the schema, and return it."""
    done = paved(*words, "--json")
    envelope: dict[str, Any] = json.loads(done.stdout)
    assert envelope["error"] is None, (words, envelope["error"])
    assert published.faults(done.stdout) == []
    return envelope


def test_every_command_answers_as_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assume_agreement(monkeypatch)
    monkeypatch.chdir(tmp_path)
    road, service = make_road(tmp_path / "road", ROAD), tmp_path / "orders"
    own = make_road(tmp_path / "own", practices.ROAD)
    seen = [
        answered("new", "orders", "--road", road, "--defaults", "--dry-run"),
        answered("new", "orders", "--road", road, "--defaults"),
        answered("templates", "--road", road),
        answered("templates", "--road", road, "--check"),
        answered("explain"),
        answered("explain", "stateful-redundancy"),
        answered(
            "practice", "new", "acme-queue", "--from-incident", "https://acme.example/1", "--attested", "--road", own
        ),
        answered("practice", "verify", practices.OWN, "--trust", "--road", own),
        answered("schema"),
        answered("schema", "drift"),
        answered("doctor", "--road", road),
        answered("config", "show"),
        answered("config", "path"),
        answered("config", "set", "template", "service"),
        answered("config", "get", "template"),
        answered("config", "unset", "template"),
        *_of_the_records(service),
        *_of_an_update(road, service),
    ]
    make_road(tmp_path / "old", {"Dockerfile": "FROM scratch\n"}, tag=None)
    seen += [answered("adopt", "old", "--road", road, "--defaults"), answered("off-road", "baseline", tmp_path / "old")]
    assert {one["command"] for one in seen} == results.RESULTS.keys()


def _of_the_records(service: Path) -> list[dict[str, Any]]:
    """From drift to a closed record."""
    write_files(service, {"Dockerfile": ROAD["template/Dockerfile"].replace("python:3.14", "acme/python:3.14")})
    commit(service)
    at = ("--service", service)
    seen = [
        answered("drift", service),
        answered("drift", service, "--diff"),
        answered("off-road", "new", "--from-drift", *at),
    ]
    record = service / "docs/off-road/dockerfile.md"
    argued = record.read_text().replace("reason:", f"reason: {REASON}").replace("<!-- ", "").replace(" -->", "")
    record.write_text(argued)
    commit(service)
    seen.append(answered("off-road", "accept", "dockerfile", "--by", "bo@acme.example", *at))
    commit(service)
    seen += [
        answered("status", service),
        answered("drift", service),
        answered("check", service, "--static"),
        answered("off-road", "list", service),
        answered("off-road", "show", "dockerfile", *at),
        answered("off-road", "check", service),
        answered("off-road", "renew", "dockerfile", "--by", "bo@acme.example", *at),
        answered("off-road", "rename", "Dockerfile", "Dockerfile", *at),
        answered("off-road", "migrate", service, "--dry-run"),
        answered("off-road", "report", service.parent),
        answered("off-road", "schema"),
        answered("off-road", "close", "dockerfile", "--as", "revoked", *at),
    ]
    commit(service)
    return seen


def _of_an_update(road: Path, service: Path) -> list[dict[str, Any]]:
    """All forms of an update: nothing to do, a dry run, a conflict, undone, continued."""
    seen = [answered("update", service)]
    evolve(road, {"template/Dockerfile": ROAD["template/Dockerfile"].replace("3.14", "3.15")}, tag="v9.0.0")
    seen += [answered("update", service, "--dry-run"), answered("update", service)]
    assert seen[-1]["exit_code"] == 1
    seen += [answered("update", service, "--abort"), answered("update", service)]
    (service / "Dockerfile").write_text("FROM decided\n")
    git.process.run("add", "Dockerfile", cwd=service)
    return [*seen, answered("update", service, "--continue", "--commit")]


def test_each_result_fits_only_one_schema() -> None:
    """Otherwise a result that lacks a field could pass as another form."""
    for name in results.RESULTS:
        for definition in schemas.envelope(name)["$defs"].values():
            if "properties" in definition:
                assert definition["additionalProperties"] is False, (name, definition)
