"""`paved off-road` as a person and a CI server type it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from paved_road import ui
from paved_road.cli import main
from paved_road.testing import commit, evolve, make_road, write_files
from tests.offroad.world import REASON, ROAD

Call = Callable[..., CompletedProcess[str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """A service with its own base image, and `paved` typed in it."""
    road = make_road(tmp_path / "road", ROAD)
    assert main(["new", str(tmp_path / "orders"), "--road", str(road), "--defaults"]) == 0
    service = tmp_path / "orders"
    write_files(service, {"Dockerfile": ROAD["template/Dockerfile"].replace("python:3.14", "acme/python:3.14")})
    commit(service)
    monkeypatch.chdir(service)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def typed(*words: str | Path) -> CompletedProcess[str]:
        capsys.readouterr()
        code = main([*map(str, words)])
        said = capsys.readouterr()
        return CompletedProcess(words, code, said.out, said.err)

    return typed


def test_a_deviation_from_its_proposal_to_its_end(call: Call, tmp_path: Path) -> None:
    service = tmp_path / "orders"
    assert call("drift").returncode == 1
    assert call("off-road", "check").returncode == 1

    done = call("off-road", "new", "--from-drift")
    assert done.returncode == 0
    assert done.stdout == "docs/off-road/dockerfile.md\n"
    assert "paved off-road accept dockerfile" in done.stderr
    file = service / "docs/off-road/dockerfile.md"
    file.write_text(file.read_text().replace("reason:", f"reason: {REASON}").replace("<!-- ", "").replace(" -->", ""))
    commit(service)

    refused = call("off-road", "accept", "dockerfile")
    assert refused.returncode == 2
    assert "error: test@localhost requested dockerfile and cannot approve it" in refused.stderr
    assert call("off-road", "accept", "dockerfile", "--by", "bo@acme.example").returncode == 0
    commit(service)

    drift = call("drift")
    assert drift.returncode == 0
    assert f"dockerfile: {REASON}]" in drift.stdout
    assert drift.stdout.endswith("accepted deviations cover all of it\n")
    facts = json.loads(call("drift", "--json").stdout)["result"]["drift"]
    assert facts[0]["excused"]["record"] == "dockerfile"
    status = json.loads(call("status", "--json").stdout)
    assert status["exit_code"] == 0
    assert status["result"]["deviations"][0]["record"] == "dockerfile"
    assert "off-road: dockerfile, accepted until" in call("status").stdout
    checked = call("off-road", "check")
    assert (checked.returncode, "accepted" in checked.stdout) == (0, True)

    late = call("off-road", "check", "--today", "2999-01-01")
    assert late.returncode == 1
    assert "expired" in late.stdout
    listed = json.loads(call("off-road", "list", "--today", "2999-01-01", "--json").stdout)["result"]["records"]
    assert listed[0]["states"] == ["expired"]
    shown = call("off-road", "show", "dockerfile").stdout
    assert "## Context" in shown
    assert "-FROM python:3.14" in shown

    assert call("off-road", "renew", "dockerfile", "--by", "bo", "--days", "30").returncode == 2, "it would end earlier"
    assert call("off-road", "renew", "dockerfile", "--by", "bo", "--days", "120").returncode == 0
    assert call("off-road", "close", "dockerfile").returncode == 2
    assert call("off-road", "close", "dockerfile", "--as", "revoked").returncode == 0
    assert call("drift").returncode == 1
    assert call("off-road", "list").stdout == "on the road: no deviations\n"
    assert "dockerfile" in call("off-road", "list", "--all").stdout


def test_an_update_says_what_it_kept_and_what_the_road_changed(call: Call, tmp_path: Path) -> None:
    service = tmp_path / "orders"
    call("off-road", "new", "own", "--path", "Dockerfile", "--risk", "low", "--reason", REASON)
    file = service / "docs/off-road/own.md"
    file.write_text(file.read_text().replace("<!-- ", "").replace(" -->", ""))
    call("off-road", "accept", "own")
    commit(service)
    news = {"template/Dockerfile": ROAD["template/Dockerfile"].replace("python:3.14", "python:3.15")}
    evolve(tmp_path / "road", news, tag="v1.1.0")
    shown = json.loads(call("update", "--dry-run", "--json").stdout)
    assert shown["exit_code"] == 0
    assert shown["result"]["off_road"][0]["record"] == "own"
    done = call("update")
    assert done.returncode == 0
    assert "kept        Dockerfile  off-road, own" in done.stdout
    assert "Dockerfile stays as it is, because it is off-road (own). The road changed:" in done.stdout
    assert "  +FROM python:3.15" in done.stdout
    assert "paved off-road show own" in done.stderr
    assert "road-moved" in call("status").stdout


def test_annotations_are_automatic_in_actions(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = call("off-road", "check")
    assert done.stdout.startswith("::error file=Dockerfile,line=1,title=uncovered::")
    asked = call("off-road", "check", "--format", "text")
    assert asked.stdout.startswith("error    uncovered        Dockerfile:1  ")


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "markdown"])
def test_every_format_has_the_same_exit_code(call: Call, form: str) -> None:
    done = call("off-road", "check", "--format", form)
    assert done.returncode == 1
    assert "uncovered" in done.stdout


def test_a_broken_deviation_is_reported_with_file_and_line(call: Call, tmp_path: Path) -> None:
    write_files(tmp_path / "orders", {"docs/off-road/x.md": "---\nid: x\nrisk: none\n---\n"})
    for words in (["off-road", "check"], ["off-road", "list"], ["drift"], ["status"]):
        done = call(*words)
        assert done.returncode == 2, words
        assert done.stderr.startswith("error: docs/off-road/x.md:3: risk must be one of low, medium, high")


def test_several_files_are_several_deviations(call: Call, tmp_path: Path) -> None:
    write_files(tmp_path / "orders", {"run.sh*": "#!/bin/sh\n"})
    done = call("off-road", "new", "ours", "--from-drift")
    assert done.returncode == 2
    assert "a deviation covers one thing" in done.stderr
    assert call("off-road", "new", "--from-drift").stdout.split() == [
        "docs/off-road/dockerfile.md",
        "docs/off-road/run-sh.md",
    ]
    assert call("off-road", "new", "--from-drift").stdout == (
        "every file that drifts has a deviation; 2 deviations are only proposed: paved off-road accept dockerfile\n"
    )
    assert "one of --path PATH" in call("off-road", "new", "x").stderr


def test_boilerplate_is_refused_with_a_good_example(call: Call) -> None:
    done = call("off-road", "new", "--path", "Dockerfile", "--reason", "we need it")
    assert done.returncode == 2
    assert "a good one: The cluster of the payment zone" in done.stderr


def test_a_baseline_is_for_what_was_there(call: Call, tmp_path: Path) -> None:
    done = call("off-road", "baseline")
    assert done.returncode == 0
    assert done.stdout.startswith("recorded  Dockerfile\n")
    assert call("drift").returncode == 0
    write_files(tmp_path / "orders", {"run.sh*": "#!/bin/sh\n"})
    beyond = call("off-road", "baseline")
    assert (beyond.returncode, beyond.stdout) == (1, "beyond    run.sh\n")
    facts: dict[str, Any] = json.loads(call("off-road", "baseline", "--json").stdout)
    assert facts["result"]["beyond"] == ["run.sh"]


def test_a_service_that_joins_late_has_a_baseline(call: Call, tmp_path: Path) -> None:
    legacy = tmp_path / "legacy"
    make_road(legacy, {"Dockerfile": "FROM debian\n", "run.sh*": ROAD["template/run.sh*"]}, tag=None)
    adopted = call("adopt", legacy, "--road", tmp_path / "road", "--defaults")
    assert "paved off-road baseline" in adopted.stdout
    done = call("off-road", "baseline", legacy)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:3] == [
        "recorded  Dockerfile",
        "recorded  deploy/base.yaml",
        "recorded  deploy/hpa.yaml",
    ]
    assert call("drift", legacy).returncode == 0


def test_an_editor_opens_on_a_terminal(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui, "interactive", lambda: True)
    monkeypatch.delenv("VISUAL", raising=False)
    editor = write_files(tmp_path, {"bin/editor*": f'#!/bin/sh\nsed -i "s/^reason:/reason: {REASON}/" "$2"\n'})
    monkeypatch.setenv("EDITOR", f"{editor}/bin/editor --wait")
    assert call("off-road", "new", "own", "--path", "Dockerfile").returncode == 0
    assert f"reason: {REASON}\n" in (tmp_path / "orders/docs/off-road/own.md").read_text()


def test_the_report_reads_every_service(call: Call, tmp_path: Path) -> None:
    done = call("off-road", "report", tmp_path)
    assert done.returncode == 0
    assert "Dockerfile: 1 of 1" in done.stdout
    assert json.loads(call("off-road", "report", tmp_path, "--json").stdout)["result"]["services"] == 1
    assert call("off-road", "report", tmp_path, "--format", "html").stdout.startswith("<!doctype html>")
    assert call("off-road", "report", tmp_path, "--format", "markdown").stdout.startswith("# Off-road report")
    write_files(tmp_path / "orders", {"docs/off-road/x.md": "nothing"})
    broken = call("off-road", "report", tmp_path)
    assert broken.returncode == 2
    assert "orders was not read: docs/off-road/x.md:1" in broken.stderr


def test_migrate_and_rename_say_what_they_did(call: Call) -> None:
    assert call("off-road", "migrate").stdout == "every deviation names what the road has\n"
    assert call("off-road", "rename", "a", "b").returncode == 2
    call("off-road", "new", "slow", "--practice", "ready-in-time")
    renamed = call("off-road", "rename", "ready-in-time", "stateful-redundancy").stdout
    assert renamed == "slow: ready-in-time -> stateful-redundancy\n"


def test_a_practice_that_does_not_exist_is_refused_and_an_error_once_written(call: Call, tmp_path: Path) -> None:
    done = call("off-road", "new", "--practice", "redy-in-time")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: there is no practice 'redy-in-time'" in done.stderr
    assert "hint: did you mean ready-in-time? List them: paved explain" in done.stderr
    call("off-road", "new", "slow", "--practice", "ready-in-time")
    record = tmp_path / "orders/docs/off-road/slow.md"
    record.write_text(record.read_text().replace("practice: ready-in-time", "practice: redy-in-time"))
    checked = call("off-road", "check")
    assert checked.returncode == 1
    assert "error    unknown-practice docs/off-road/slow.md:5  there is no practice redy-in-time" in checked.stdout
    shown = call("status")
    assert shown.returncode == 1
    assert "slow, proposed until" in shown.stdout
    assert "(unknown-practice): paved off-road check" in shown.stdout


def test_the_schema_is_one_document(call: Call) -> None:
    assert json.loads(call("off-road", "schema").stdout)["title"] == "off-road record"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "--today", "tomorrow"], "--today takes a date, not 'tomorrow'"),
        (["show", "nothing"], "there is no deviation 'nothing'"),
        (["close", "x", "--as", "done"], "a deviation cannot be closed as 'done'"),
        (["check", "--base", "nowhere"], "there is no commit nowhere here"),
        (["report", "/nowhere"], "/nowhere is not a folder"),
    ],
)
def test_what_does_not_exist_is_reported(call: Call, words: list[str], said: str) -> None:
    done = call("off-road", *words)
    assert done.returncode == 2
    assert f"error: {said}" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Bad Slug", "--path", "Dockerfile"], "error: SLUG: 'Bad Slug' is not a slug: use lower-case letters"),
        (["a/b", "--path", "Dockerfile"], "hint: paved off-road new a-b --path=Dockerfile"),
        (["s" * 61, "--path", "Dockerfile"], "error: SLUG: id must have at most 60 characters"),
        (["--path", "Dockerfile", "--reason", "x"], "error: --reason: the reason 'x' is too short"),
        (["--path", "Dockerfile", "--days", "3000"], "error: --days: review_by is 3000 days away"),
        (["--path", "**"], "error: --path: '**' reaches over the whole service"),
        (["--practice", "Bad One"], "error: --practice: 'Bad One' is not a slug"),
    ],
)
def test_a_deviation_that_is_not_written_is_refused_by_its_options(
    call: Call, tmp_path: Path, words: list[str], said: str
) -> None:
    done = call("off-road", "new", *words)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "docs/off-road" not in done.stderr
    assert not (tmp_path / "orders/docs/off-road").exists()


@pytest.mark.parametrize("words", [["show"], ["accept"], ["renew"], ["close", "--as", "revoked"]])
def test_what_is_no_slug_names_no_file(call: Call, words: list[str]) -> None:
    done = call("off-road", *words, "Bad Slug")
    assert done.returncode == 2
    assert done.stderr.startswith("error: there is no deviation 'Bad Slug'\ncause: a slug is lower-case letters")


def test_the_json_of_every_command_says_which_service(call: Call, tmp_path: Path) -> None:
    service = tmp_path / "orders"

    def of(*words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(call("off-road", *words, "--json").stdout)["result"]
        return found

    made = of("new", "x", "--path", "Dockerfile", "--reason", REASON)
    file = service / "docs/off-road/x.md"
    file.write_text(file.read_text().replace("<!-- ", "").replace(" -->", ""))
    commit(service)
    accepted = of("accept", "x", "--by", "else@acme.example")
    commit(service)
    checked = of("check")
    found = [made, accepted, of("show", "x"), of("list"), checked, of("baseline")]
    found += [of("renew", "x", "--by", "else@acme.example"), of("close", "x", "--as", "revoked")]
    assert [one["service"] for one in found] == [str(service)] * 8
    assert checked["name"] == "orders"
