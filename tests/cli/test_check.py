"""`paved check`, as a person types it, on folders with and without a lock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from paved_road.practices.built_in import built_in_practices
from paved_road.practices.model import CheckKind
from paved_road.testing import Ran, write_files
from tests.tools import node_package

Here = Callable[..., Ran]
IMAGE = "immutable-image"
GOOD = "FROM debian:12.8@sha256:" + "a" * 64 + "\nCOPY . .\nUSER 10001:10001\n"
BAD = "FROM debian:latest\nCOPY . .\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is no stamped service, with an image that is not pinned."""
    return write_files(tmp_path / "shop", {"Dockerfile": BAD, ".dockerignore": ".git\n"})


def check(here: Here, folder: Path, *words: str) -> Ran:
    return here("check", folder, "--select", IMAGE, *words)


def test_a_folder_without_a_lock_is_checked(here: Here, folder: Path) -> None:
    done = check(here, folder)
    assert done.returncode == 1
    assert done.stdout.startswith("shop: 1 practice to fix (its tier, standard, needs silver; ")
    assert "Dockerfile:1: " in done.stdout
    assert f"paved explain {IMAGE}" in done.stdout
    write_files(folder, {"Dockerfile": GOOD})
    assert check(here, folder).returncode == 0


def test_a_practice_that_does_not_exist_is_an_error(here: Here, folder: Path) -> None:
    done = here("check", folder, "--select", "graceful-shutdwn")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no practice 'graceful-shutdwn'\nhint: ")


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
    assert check(here, folder).stdout.startswith("::error file=Dockerfile,line=1,title=immutable-image::")


def test_markdown_begins_with_the_level(here: Here, folder: Path) -> None:
    done = check(here, folder, "--format", "markdown")
    assert done.stdout.startswith("### Check: shop\n\nshop: 1 practice to fix")
    assert "| Fails | where | what |" in done.stdout
