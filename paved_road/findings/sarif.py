"""SARIF 2.1.0 (OASIS), for code scanning. What is accepted is a suppressed result, with its justification."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from paved_road import __version__
from paved_road.findings import CheckResult, DeviationSummary, Finding, Rule, Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(result: CheckResult) -> str:
    """One run, with a result for every problem and for everything accepted."""
    rules = [_rule(rule) for rule in result.rules]
    driver = {"name": f"paved {result.check}", "version": __version__, "rules": rules}
    results = [_result(result, one, result.level(one)) for one in result.problems]
    results += [_result(result, one, one.severity) | _suppression(result, by) for one, by in result.accepted]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    # In ASCII, which is UTF-8 whatever the encoding of standard output is.
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(rule: Rule) -> dict[str, Any]:
    described: dict[str, Any] = {"id": rule.id, "shortDescription": {"text": rule.meaning}}
    if rule.severity:
        described["defaultConfiguration"] = {"level": rule.severity}
    if rule.address:
        described["helpUri"] = rule.address
    if rule.explanation:
        described["help"] = {"text": rule.explanation, "markdown": rule.explanation}
    return described


def _result(result: CheckResult, finding: Finding, level: Severity) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "level": level,
        "message": {"text": _text(finding.text)},
    } | ({"locations": [_location(result, finding.path, finding.line)]} if finding.path else {})


def _suppression(result: CheckResult, deviation: DeviationSummary) -> dict[str, Any]:
    why = {
        "kind": "external",
        "status": "accepted",
        "justification": _text(deviation.reason),
        "location": _location(result, deviation.path, deviation.line),
    }
    return {"suppressions": [why]}


def _text(text: str) -> str:
    """Text that every JSON parser takes: Python's stand-ins for bytes that are not UTF-8 are no characters."""
    return text.encode(errors="backslashreplace").decode()


def _location(result: CheckResult, path: str, line: int) -> dict[str, Any]:
    uri = quote(result.prefix + path, errors="surrogateescape")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
