"""`paved check`, as a person types it, on folders with and without a lock."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from paved_road.practices.built_in import built_in_practices
from paved_road.practices.model import CheckKind
from paved_road.testing import Ran, commit, evolve, make_road, write_files
from tests.terminal import paved as typed
from tests.terminal import terminal
from tests.tools import node_package

Here = Callable[..., Ran]
IMAGE = "immutable-image"
GOOD = "FROM debian:12.8@sha256:" + "a" * 64 + "\nCOPY . /app\nUSER 10001:10001\n"
BAD = "FROM debian:latest\nCOPY . .\n"
BUILD = "supply-chain"
UNPINNED = "FROM debian:latest\nCOPY . .\nUSER 10001:10001\n"
WORKFLOW = """\
name: ci
on: [push]
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - run: make test
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is no stamped service, with an image that is not pinned."""
    return write_files(tmp_path / "shop", {"Dockerfile": BAD, ".dockerignore": ".git\n"})


def check(here: Here, folder: Path, *words: str) -> Ran:
    return here("check", folder, "--select", IMAGE, *words)


def test_a_folder_without_a_lock_is_checked(here: Here, folder: Path) -> None:
    done = check(here, folder)
    assert done.returncode == 1
    assert done.stdout.startswith("shop: 1 practice to fix (its tier, standard, needs silver)")
    assert "Dockerfile:1: " in done.stdout
    assert f"paved explain {IMAGE}" in done.stdout
    write_files(folder, {"Dockerfile": GOOD})
    assert check(here, folder).returncode == 0


def test_a_practice_that_does_not_exist_is_an_error(here: Here, folder: Path) -> None:
    done = here("check", folder, "--select", "graceful-shutdwn")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no practice 'graceful-shutdwn'\nhint: ")


def test_the_root_of_a_monorepo_names_its_services(here: Here, tmp_path: Path) -> None:
    root = make_road(tmp_path / "mono", {"README.md": "Services.\n"}, tag=None)
    evolve(root, {"orders/.copier-answers.yml": "_src_path: gh:acme/road\n_commit: v1.0.0\n"}, tag=None)
    done = here("check", root, "--static")
    assert done.returncode == 2
    assert "orders" in done.stderr.partition("cause: ")[2]
    assert "hint: name one: paved check" in done.stderr
    evolve(root, {"run.yml": "start: x\nport: 80\nprobes: {live: /, ready: /}\n"}, tag=None)
    assert here("check", root, "--select", IMAGE).returncode != 2, "it says itself how it is run"


def test_an_empty_list_of_practices_is_not_all_of_them(here: Here, folder: Path) -> None:
    done = here("check", folder, "--select", ",")
    assert (done.returncode, done.stderr) == (2, "error: --select names no practice\nhint: paved explain\n")


def test_a_tier_that_does_not_exist_is_an_error(here: Here, folder: Path) -> None:
    done = check(here, folder, "--tier", "criticl")
    assert (done.returncode, "did you mean critical?" in done.stderr) == (2, True)


def test_a_live_practice_is_not_among_the_static_ones(here: Here, folder: Path) -> None:
    done = here("check", folder, "--static", "--select", f"{IMAGE},ready-in-time")
    assert done.returncode == 2
    assert "ready-in-time is a live check" in done.stderr


def test_a_folder_that_does_not_exist_is_an_error(here: Here) -> None:
    assert here("check", "nowhere").returncode == 2


def test_only_live_checks_need_a_run_contract(here: Here, folder: Path) -> None:
    done = here("check", folder, "--live")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


def test_a_wrong_run_contract_is_an_error_with_its_line(here: Here, folder: Path) -> None:
    write_files(folder, {"run.yml": "start: ./run\nport: 80\nprobes: {live: /l, ready: /r}\nsampel: GET /\n"})
    done = check(here, folder)
    assert (done.returncode, "run.yml:4: " in done.stderr) == (2, True)


def test_a_result_that_cannot_be_kept_is_shown(
    here: Here, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    monkeypatch.setenv("PAVED_CACHE", str(tmp_path / "open"))
    done = here("check", folder)
    assert done.stdout.startswith("shop: no level")
    assert "note: paved status will not know this result" in done.stderr


def test_the_tier_comes_from_the_catalogue_file(here: Here, folder: Path) -> None:
    write_files(folder, {"catalog-info.yaml": "kind: Component\nmetadata: {name: till, labels: {tier: low}}\n"})
    done = check(here, folder)
    assert done.stdout.startswith("till: ")
    assert "its tier, low, needs bronze" in done.stdout
    assert "its tier, critical, needs gold" in check(here, folder, "--tier", "critical").stdout


def test_json_has_a_published_schema(here: Here, folder: Path) -> None:
    done = check(here, folder, "--json", "--seed", "7")
    schema = json.loads(here("schema", "check").stdout)
    jsonschema.validate(done.envelope, schema)
    result = done.envelope["result"]
    assert (result["seed"], result["level"], result["whole"]) == (7, None, False)
    (one,) = result["practices"]
    assert (one["practice"], one["outcome"]) == (IMAGE, "failed")
    assert one["faults"][0]["path"] == "Dockerfile"


def test_the_counts_are_of_every_practice_that_was_selected(here: Here, folder: Path) -> None:
    result = here("check", folder, "--static", "--json").envelope["result"]
    static = [one for one in built_in_practices().values() if one.kind is not CheckKind.LIVE]
    assert sum(result["counts"].values()) == len(result["practices"]) == len(static)


def test_sarif_is_valid_and_names_the_page_of_each_rule(here: Here, folder: Path) -> None:
    log = json.loads(check(here, folder, "--format", "sarif").stdout)
    schema = json.loads((node_package("@microsoft/jest-sarif") / "lib/schemas/sarif-2.1.0-rtm.5.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(log)
    (run,) = log["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["helpUri"] == built_in_practices()[IMAGE].source_url
    assert {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]} == {
        "Dockerfile"
    }


def test_junit_has_a_case_for_each_practice(here: Here, folder: Path) -> None:
    done = here("check", folder, "--static", "--format", "junit")
    suite = ET.fromstring(done.stdout).find("testsuite")
    assert suite is not None
    static = [one for one in built_in_practices().values() if one.kind is not CheckKind.LIVE]
    assert len(suite.findall("testcase")) == int(suite.get("tests", 0)) == len(static)


def test_github_actions_gets_annotations(here: Here, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    lines = check(here, folder).stdout.splitlines()
    assert lines[0].startswith("::error file=Dockerfile,line=1,title=immutable-image::")
    assert lines[-1].startswith("::notice title=paved check::shop: 1 practice to fix")


def test_markdown_begins_with_the_level(here: Here, folder: Path) -> None:
    done = check(here, folder, "--format", "markdown")
    assert done.stdout.startswith("### Check: shop\n\nshop: 1 practice to fix")
    assert "| Fails | where | what |" in done.stdout


@pytest.mark.parametrize("columns", [60, 120])
def test_no_line_is_wider_than_the_terminal(folder: Path, columns: int) -> None:
    words = typed("check", folder, "--select", f"{IMAGE},pipeline,ready-in-time")
    with terminal(words, folder, columns=columns, COLUMNS=str(columns), TERM="dumb", NO_COLOR="1") as shown:
        assert shown.end() == 1
        lines = shown.raw.decode().splitlines()
    assert [line for line in lines if len(line) > columns] == []
    assert any(line.startswith("failed     immutable-image  static, bronze") for line in lines)


def test_a_person_sees_how_far_it_is_and_in_the_end_only_the_result(folder: Path) -> None:
    with terminal(typed("check", folder, "--select", IMAGE), folder, CI="") as shown:
        assert shown.end() == 1
        assert b"of 1 practice checked" in shown.raw
        assert "checked" not in shown.text
        assert shown.screen.startswith("shop: 1 practice to fix")


# -- deviations of every state -----------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository that is no stamped service, with an image that is not pinned."""
    return make_road(tmp_path / "shop", {"Dockerfile": UNPINNED, ".dockerignore": ".git\n"}, tag=None)


def deviation(status: str = "accepted", practice: str = IMAGE, days: int = 30) -> dict[str, Any]:
    """A deviation from a practice, whose review is so many days away."""
    today = date.today()  # noqa: DTZ011 (the command takes the local day)
    text = f"""\
---
id: own-image
status: {status}
kind: operational-need
reason: Our registry mirrors only signed images, so the usual base image cannot be pulled there.
scope: {{practice: {practice}}}
risk: low
support: team
owner: shop-team
requested_by: ann@shop.example
approved_by: bob@shop.example
release: 1.0.0
created: {today - timedelta(days=60)}
review_by: {today + timedelta(days=days)}
---
# Own image

## Context

A.

## Decision

B.

## Consequences

C.

## Way back

D.
"""
    return {"docs/off-road/own-image.md": text}


def outcome(here: Here, folder: Path, *words: str) -> tuple[int, str, list[str]]:
    done = here("check", folder, "--select", IMAGE, "--json", *words).envelope
    assert done["result"], done["error"]
    (one,) = done["result"]["practices"]
    return done["exit_code"], one["outcome"], done["notes"]


def test_an_accepted_deviation_accepts_a_failure_and_makes_no_pass_of_it(here: Here, shop: Path) -> None:
    write_files(shop, deviation())
    assert outcome(here, shop) == (0, "accepted", [])
    text = here("check", shop, "--select", IMAGE).stdout
    assert "1 practice: 1 accepted" in text
    assert "docs/off-road/own-image.md: Our registry mirrors only signed images" in text
    suppressed = here("check", shop, "--select", IMAGE, "--format", "sarif").stdout
    assert '"justification": "Our registry' in suppressed


def test_an_overdue_deviation_accepts_nothing(here: Here, shop: Path) -> None:
    write_files(shop, deviation(days=-1))
    code, found, (note,) = outcome(here, shop)
    assert (code, found) == (1, "expired")
    assert note.endswith("counts as failed: paved off-road renew own-image")


def test_a_proposed_deviation_accepts_nothing(here: Here, shop: Path) -> None:
    write_files(shop, deviation("proposed"))
    code, found, (note,) = outcome(here, shop)
    assert (code, found) == (1, "failed")
    assert note.endswith("counts as failed: paved off-road accept own-image")


def test_a_closed_deviation_accepts_nothing(here: Here, shop: Path) -> None:
    write_files(shop, deviation("revoked"))
    assert outcome(here, shop) == (1, "failed", [])


def test_a_deviation_that_is_no_longer_needed_can_be_closed(here: Here, shop: Path) -> None:
    write_files(shop, {**deviation(), "Dockerfile": GOOD})
    code, found, (note,) = outcome(here, shop)
    assert (code, found) == (0, "passed")
    assert note.endswith("no longer needed: paved off-road close own-image")


def test_a_deviation_that_is_not_valid_stops_the_check(here: Here, shop: Path) -> None:
    write_files(shop, {"docs/off-road/x.md": "---\nid: x\nrisk: none\n---\n"})
    done = here("check", shop, "--select", IMAGE)
    assert (done.returncode, done.stderr.startswith("error: docs/off-road/x.md:3: risk")) == (2, True)


# -- what a change made worse ------------------------------------------------------------------------------------------


def test_only_what_a_change_made_worse_counts(here: Here, shop: Path) -> None:
    done = here("check", shop, "--select", IMAGE, "--baseline-ref", "HEAD")
    assert done.returncode == 0
    assert done.stdout.startswith("shop: nothing worse than at HEAD")
    assert "before   " in done.stdout
    evolve(shop, {"Dockerfile": UNPINNED.replace("USER 10001:10001\n", "")}, tag=None)
    done = here("check", shop, "--select", IMAGE, "--baseline-ref", "HEAD^", "--json")
    (one,) = done.envelope["result"]["practices"]
    assert done.returncode == 1
    (fault,) = one["faults"]
    assert "root" in fault["message"]


def test_a_baseline_needs_a_commit_that_exists(here: Here, shop: Path, tmp_path: Path) -> None:
    done = here("check", shop, "--baseline-ref", "origin/main")
    assert (done.returncode, done.stderr.startswith("error: there is no commit origin/main here")) == (2, True)
    done = here("check", write_files(tmp_path / "bare", {"Dockerfile": UNPINNED}), "--baseline-ref", "HEAD")
    assert (done.returncode, "not in a git repository" in done.stderr) == (2, True)


def test_the_baseline_of_a_service_in_a_folder_is_that_folder(here: Here, tmp_path: Path) -> None:
    repository = make_road(tmp_path / "mono", {"shop/Dockerfile": UNPINNED, "Dockerfile": GOOD}, tag=None)
    assert here("check", repository / "shop", "--select", IMAGE, "--baseline-ref", "HEAD").returncode == 0
    write_files(repository, {"new/Dockerfile": UNPINNED})
    assert here("check", repository / "new", "--select", IMAGE, "--baseline-ref", "HEAD").returncode == 1


def test_paths_are_those_of_the_repository(here: Here, tmp_path: Path) -> None:
    repository = make_road(
        tmp_path / "mono", {"shop/Dockerfile": UNPINNED, ".github/CODEOWNERS": "# nobody\n"}, tag=None
    )
    words = ("--select", f"{IMAGE},ownership", "--format", "github")
    said = here("check", repository / "shop", *words).stdout
    assert "::error file=shop/Dockerfile,line=1," in said
    assert "file=.github/CODEOWNERS," in said


# -- corrections -------------------------------------------------------------------------------------------------------


def test_what_can_be_corrected_is_corrected_and_then_checked(here: Here, shop: Path) -> None:
    write_files(shop, {".github/workflows/ci.yml": WORKFLOW})
    done = here("check", shop, "--static", "--fix")
    assert done.returncode == 2
    assert done.stderr.startswith("error: not corrected: .github/workflows/ci.yml has changes that are not committed")
    assert (shop / ".github/workflows/ci.yml").read_text() == WORKFLOW
    commit(shop)
    done = here("check", shop, "--select", BUILD, "--fix")
    assert done.stdout.startswith("corrected .github/workflows/ci.yml: lets the workflow's token only read")
    assert "permissions" in (shop / ".github/workflows/ci.yml").read_text()
    assert here("check", shop, "--select", BUILD, "--json").envelope["result"]["fixed"] == []


def test_what_a_deviation_accepts_is_not_corrected(here: Here, shop: Path) -> None:
    evolve(shop, {".github/workflows/ci.yml": WORKFLOW, **deviation(practice=BUILD)}, tag=None)
    here("check", shop, "--select", BUILD, "--fix")
    assert (shop / ".github/workflows/ci.yml").read_text() == WORKFLOW
