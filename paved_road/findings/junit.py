"""JUnit XML, which CI servers show as tests.

What is accepted is a skipped test with its reason, never a passed one, and what a check could not decide is an error.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from paved_road.findings import CheckResult, Finding, Outcome, Severity

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def render(result: CheckResult) -> str:
    """One suite, with a case for everything that was found."""
    failures = [one for one in result.failures if one.outcome is not Outcome.ERROR]
    inapplicable = [one for one in result.settled if one.outcome is Outcome.NOT_APPLICABLE]
    counts = {
        "tests": len(result.problems) + len(result.accepted) + len(result.settled),
        "failures": len(failures),
        "errors": len(result.failures) - len(failures),
        "skipped": len(result.accepted) + len(inapplicable),
    }
    facts = {"name": f"paved {result.check}"} | {key: str(value) for key, value in counts.items()}
    suite = ET.Element("testsuite", facts)
    for one in result.problems:
        _add_problem(suite, result, one)
    for one in result.settled:
        case = _case(suite, result, one.rule, one.subject, one.path, one.line, one.seconds)
        if one.outcome is Outcome.NOT_APPLICABLE:
            ET.SubElement(case, "skipped", message=clean(f"not applicable: {one.message}"))
    for one, deviation in result.accepted:
        case = _case(suite, result, "excused", one.subject, deviation.path, deviation.line)
        ET.SubElement(case, "skipped", message=clean(f"{deviation.path}: {deviation.reason}"))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    # In ASCII, which is UTF-8 whatever the encoding of standard output is.
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="us-ascii").decode()}'


def _add_problem(suite: ET.Element, result: CheckResult, one: Finding) -> None:
    name = one.deviation.slug if one.deviation and one.deviation.path == one.path else one.subject
    case = _case(suite, result, one.rule, name, one.path, one.line, one.seconds)
    if result.level(one) is Severity.WARNING:
        ET.SubElement(case, "system-out").text = clean(f"warning: {one.text}")
        return
    kind = "error" if one.outcome is Outcome.ERROR else "failure"
    failure = ET.SubElement(case, kind, message=clean(one.text), type=one.rule)
    failure.text = clean(f"{result.prefix}{one.path}:{one.line}" if one.path else one.text)


def _case(
    suite: ET.Element, result: CheckResult, rule: str, name: str, path: str, line: int, seconds: float = 0.0
) -> ET.Element:
    facts = {"classname": f"{result.check}.{rule}", "name": clean(name)}
    if path:
        facts |= {"file": clean(result.prefix + path), "line": str(line)}
    if seconds:
        facts["time"] = f"{seconds:.3f}"
    return ET.SubElement(suite, "testcase", facts)


def clean(text: str) -> str:
    """The text without what XML cannot hold."""
    return _FORBIDDEN.sub("\ufffd", text)
