"""Findings of any check: what counts as a problem, and what every format shows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from paved_road.findings import CheckResult, DeviationSummary, Finding, Format, Outcome, Rule, Severity, render

RULES = (Rule("graceful-shutdown", "A service ends its requests before it stops.", Severity.ERROR),)
DEVIATION = DeviationSummary(
    slug="own", path="docs/off-road/own.md", line=7, reason="Because of this.", owner="payments",
    review_by=date(2027, 1, 1),
)  # fmt: skip


def result(outcome: Outcome, severity: Severity = Severity.ERROR, *, strict: bool = False) -> CheckResult:
    """The result of a check with one finding, about a practice."""
    accepted = DEVIATION if outcome is Outcome.ACCEPTED else None
    finding = Finding(
        rule="graceful-shutdown", outcome=outcome, severity=severity, practice="graceful-shutdown", path="app.py",
        line=3, message="it stops at once", evidence="exit code 137", remedy="handle SIGTERM", deviation=accepted,
    )  # fmt: skip
    return CheckResult(check="practices", name="orders", prefix="", rules=RULES, findings=(finding,), strict=strict)


@pytest.mark.parametrize(
    ("outcome", "fails"),
    [
        (Outcome.PASSED, False), (Outcome.ACCEPTED, False), (Outcome.NOT_APPLICABLE, False),
        (Outcome.FAILED, True), (Outcome.EXPIRED, True), (Outcome.ERROR, True),
    ],
)  # fmt: skip
def test_a_check_that_could_not_decide_never_passes(outcome: Outcome, *, fails: bool) -> None:
    assert result(outcome).exit_code == int(fails)


def test_a_warning_fails_only_a_strict_check() -> None:
    assert result(Outcome.FAILED, Severity.WARNING).exit_code == 0
    assert result(Outcome.FAILED, Severity.WARNING, strict=True).exit_code == 1


def test_a_finding_says_what_was_seen_and_what_to_do() -> None:
    assert result(Outcome.FAILED).findings[0].text == "it stops at once: exit code 137: handle SIGTERM"


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.JUNIT])
def test_what_passed_or_does_not_apply_is_shown_in_junit_alone(form: Format) -> None:
    for outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE):
        assert "it stops at once" not in render(result(outcome), form)


def test_junit_tells_a_pass_an_error_and_what_does_not_apply_apart() -> None:
    counts = 'tests="1" failures="{}" errors="{}" skipped="{}"'
    assert counts.format(0, 0, 0) in render(result(Outcome.PASSED), Format.JUNIT)
    assert counts.format(1, 0, 0) in render(result(Outcome.FAILED), Format.JUNIT)
    assert counts.format(0, 1, 0) in render(result(Outcome.ERROR), Format.JUNIT)
    assert counts.format(0, 0, 1) in render(result(Outcome.NOT_APPLICABLE), Format.JUNIT)


def test_a_finding_about_no_file_names_none() -> None:
    found = result(Outcome.FAILED)
    nowhere = replace(found, findings=tuple(replace(one, path="") for one in found.findings))
    assert render(nowhere, Format.GITHUB).startswith("::error title=graceful-shutdown::it stops")
    assert "locations" not in json.loads(render(nowhere, Format.SARIF))["runs"][0]["results"][0]
    assert "| graceful-shutdown |  |" in render(nowhere, Format.MARKDOWN)
    assert "file=" not in render(nowhere, Format.JUNIT)


def test_sarif_explains_a_rule() -> None:
    rule = Rule("a", "About a.", Severity.ERROR, address="https://a.example", explanation="Why.")
    (shown,) = json.loads(render(replace(result(Outcome.FAILED), rules=(rule,)), Format.SARIF))["runs"][0]["tool"][
        "driver"
    ]["rules"]
    assert (shown["helpUri"], shown["help"]["markdown"]) == ("https://a.example", "Why.")


@pytest.mark.parametrize("form", Format)
def test_what_is_accepted_is_shown_with_its_reason(form: Format) -> None:
    text = render(result(Outcome.ACCEPTED), form)
    assert "Because of this." in text
    assert "docs/off-road/own.md" in text


def test_a_format_names_the_check() -> None:
    failed = result(Outcome.FAILED)
    assert json.loads(render(failed, Format.SARIF))["runs"][0]["tool"]["driver"]["name"] == "paved practices"
    assert 'classname="practices.graceful-shutdown" name="graceful-shutdown"' in render(failed, Format.JUNIT)
    assert render(failed, Format.MARKDOWN).startswith("### Practices: orders\n\nThe practices check **failed**")
    assert render(failed, Format.GITHUB).startswith("::error file=app.py,line=3,title=graceful-shutdown::it stops")
