"""What was found, as machines and reviewers read it. What is accepted is never shown as a pass."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from paved_road import findings, ui
from paved_road.findings import CheckResult, Format
from paved_road.findings.github import escape_data, escape_property
from paved_road.findings.junit import clean
from paved_road.findings.markdown import cell
from paved_road.offroad import checking, report
from paved_road.offroad.deviations import Deviation
from paved_road.offroad.evaluation import State
from paved_road.offroad.report import html, markdown
from paved_road.service.model import Service
from paved_road.settings.config import Config
from tests.offroad.world import REASON, TODAY, change
from tests.tools import node_package

Make = Callable[..., CheckResult]


@pytest.fixture
def checked(accepted: Callable[..., Deviation], service: Service, settings: Config) -> Make:
    """One file accepted, by a deviation that expires soon; another one uncovered."""

    def make(*, strict: bool = False) -> CheckResult:
        accepted(days=7)
        change(service, {"deploy/hpa.yaml": "min: 1\n"})
        return checking.check_off_road(service, settings, today=TODAY, strict=strict)

    return make


def test_warnings_fail_only_when_strict(accepted: Callable[..., Deviation], service: Service, settings: Config) -> None:
    accepted(days=7)
    assert checking.check_off_road(service, settings, today=TODAY).exit_code == 0
    assert checking.check_off_road(service, settings, today=TODAY, strict=True).exit_code == 1


def test_sarif_suppresses_what_is_accepted(checked: Make) -> None:
    log = json.loads(findings.render(checked(), Format.SARIF))
    (run,) = log["runs"]
    results: dict[str, Any] = {one["ruleId"]: one for one in run["results"]}
    assert {name: one["level"] for name, one in results.items()} == {
        "uncovered": "error",
        "expiring": "warning",
        "drift": "warning",
    }
    (suppression,) = results["drift"]["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert suppression["justification"] == REASON
    assert not any("suppressions" in one for name, one in results.items() if name != "drift")
    where = results["expiring"]["locations"][0]["physicalLocation"]
    assert where == {"artifactLocation": {"uri": "docs/off-road/own-base-image.md"}, "region": {"startLine": 15}}
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert known == {*map(str, State), "drift"}


def test_junit_skips_what_is_accepted_with_its_reason(checked: Make) -> None:
    suite = ET.fromstring(findings.render(checked(), Format.JUNIT)).find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    (skipped,) = suite.iter("skipped")
    assert REASON in skipped.get("message", "")
    (failure,) = suite.iter("failure")
    assert failure.get("type") == "uncovered"
    assert len(suite.findall("testcase")) == 3


def test_junit_counts_warnings_as_failures_when_strict(checked: Make) -> None:
    suite = ET.fromstring(findings.render(checked(strict=True), Format.JUNIT)).find("testsuite")
    assert suite is not None
    assert suite.get("failures") == "2"


def test_github_annotates_the_lines(checked: Make) -> None:
    lines = findings.render(checked(), Format.GITHUB).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::notice"]
    assert lines[0].startswith("::error file=deploy/hpa.yaml,line=1,title=uncovered::deploy/hpa.yaml is edited")
    assert lines[1].startswith("::warning file=docs/off-road/own-base-image.md,line=15,title=expiring::")
    assert lines[2].endswith(f"::Dockerfile: {REASON}")


def test_markdown_tells_failures_warnings_and_accepted_drift_apart(checked: Make) -> None:
    text = findings.render(checked(), Format.MARKDOWN)
    assert "The off-road check **failed**: 1 failing, 1 to review, 1 excused." in text
    assert text.index("| Fails |") < text.index("| To review |") < text.index("| Excused |")


def test_text_cannot_break_out_of_a_format() -> None:
    assert escape_data("a\n::error::b%") == "a%0A::error::b%25"
    assert escape_property("a:b,c\n") == "a%3Ab%2Cc%0A"
    assert clean("a\x00\x1b[31m\ud800é") == "a\ufffd\ufffd[31m\ufffdé"
    escaped = cell("a | b\n<script>@platform `x` [y](z)")
    assert "\n" not in escaped
    assert not re.search(r"(?<!\\)[|`\[]|<|@", escaped)


TRAP = (
    "x\x1b]8;;evil\x07 \x9b1m \u202e \udcff <img src=x onerror=alert(1)> &#64;team @team [y](javascript:alert(1)) "
    "]]> ::x ##[y]"
)


@pytest.fixture
def hostile(checked: Make) -> CheckResult:
    """A stranger's text as reason, path and name."""
    done = checked()
    ((one, deviation),) = done.accepted
    hurt = replace(deviation, reason=TRAP, owner=TRAP, path=f"docs/off-road/{TRAP}.md")
    problems = (replace(each, message=f"{TRAP}\n::error::{TRAP}", path=TRAP) for each in done.problems)
    prefix = "javascript:alert(1)//a)/"
    return replace(done, name=TRAP, prefix=prefix, findings=(*problems, replace(one, deviation=hurt)))


@pytest.mark.parametrize("form", Format)
def test_nothing_that_is_written_breaks_out_of_a_format(
    form: Format, hostile: CheckResult, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    show = {Format.GITHUB: ui.workflow_commands, Format.SARIF: ui.json_text}.get(form, ui.block)
    show(findings.render(hostile, form))
    said = capsys.readouterr().out
    assert not set(said) & set("\x1b\x07\x9b\u202e\udcff")
    if form is Format.GITHUB:
        assert [line.split(" ")[0] for line in said.splitlines()] == ["::error", "::warning", "::notice"]
    else:
        assert not [line for line in said.splitlines() if line.lstrip().startswith("::")]
    if form is Format.MARKDOWN:
        assert not re.search(r"<(?!/?(br|p)>)|@|(?<!\\)\[y|(?<!\\)\]\(javascript:", said.replace("&#64;", ""))
        assert "&#38;#64;team" in said.replace("\\#", "#")
    if form is Format.SARIF:
        assert json.loads(said)["runs"][0]["results"][-1]["suppressions"][0]["justification"].startswith("x\x1b]8")
    if form is Format.JUNIT:
        assert said.isascii()
        (case, *_) = ET.fromstring(said).iter("testcase")
        assert case.get("file", "").startswith("javascript:alert(1)//a)/x\ufffd]8")


def test_a_report_breaks_out_of_nothing(hostile: CheckResult, settings: Config) -> None:
    exits = (report.Exit(service=TRAP, status="accepted", record="x", kind=TRAP, reason=TRAP, owner=TRAP),)
    place = report.Place(name=TRAP, exits=exits)
    made = report.Report(
        root=".", services=2, off_road=1, places=(place,), unread=((TRAP, TRAP),),
        teams=(report.Team(name=TRAP, records=1, expired=0, oldest_days=0),),
    )  # fmt: skip
    page, text = html.render(made), markdown.render(made)
    assert "<img" not in page + text
    assert "href" not in page
    assert "](javascript" not in text.replace("\\]", "")


def test_paths_are_those_of_the_repository(checked: Make) -> None:
    done = checked()
    inside = replace(done, prefix="services/orders/")
    assert '"uri": "services/orders/deploy/hpa.yaml"' in findings.render(inside, Format.SARIF)
    assert "file=services/orders/deploy/hpa.yaml,line=1" in findings.render(inside, Format.GITHUB)
    assert "services/orders/docs/off-road/own-base-image.md" in findings.render(inside, Format.MARKDOWN)


def test_sarif_is_valid(checked: Make) -> None:
    """By OASIS' schema, which Microsoft's matchers for Jest bring along."""
    schema = json.loads((node_package("@microsoft/jest-sarif") / "lib/schemas/sarif-2.1.0-rtm.5.json").read_text())
    log = json.loads(findings.render(checked(), Format.SARIF))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert list(validator.iter_errors(log)) == []
    log["runs"][0]["results"][-1]["suppressions"][0]["kind"] = "because"
    assert [error.message for error in validator.iter_errors(log)] == [
        "'because' is not one of ['inSource', 'external']"
    ]
