"""JUnit XML, which CI servers show as tests. What is accepted is a skipped test with its reason, never a passed one."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from paved_road.findings import CheckResult, Severity

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def render(result: CheckResult) -> str:
    """One suite, with a case for every problem and for everything accepted."""
    counts = {
        "tests": len(result.problems) + len(result.accepted),
        "failures": len(result.failures),
        "errors": 0,
        "skipped": len(result.accepted),
    }
    facts = {"name": f"paved {result.check}"} | {key: str(value) for key, value in counts.items()}
    suite = ET.Element("testsuite", facts)
    for one in result.problems:
        name = one.deviation.slug if one.deviation else one.subject
        case = _case(suite, result, one.rule, name, one.path, one.line)
        if result.level(one) is Severity.ERROR:
            failure = ET.SubElement(case, "failure", message=clean(one.text), type=one.rule)
            failure.text = clean(f"{result.prefix}{one.path}:{one.line}")
        else:
            ET.SubElement(case, "system-out").text = clean(f"warning: {one.text}")
    for one, deviation in result.accepted:
        case = _case(suite, result, "excused", one.subject, deviation.path, deviation.line)
        ET.SubElement(case, "skipped", message=clean(f"{deviation.path}: {deviation.reason}"))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    # In ASCII, which is UTF-8 whatever the encoding of standard output is.
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="us-ascii").decode()}'


def _case(suite: ET.Element, result: CheckResult, rule: str, name: str, path: str, line: int) -> ET.Element:
    facts = {"classname": f"{result.check}.{rule}", "name": clean(name), "file": clean(result.prefix + path)}
    return ET.SubElement(suite, "testcase", facts | {"line": str(line)})


def clean(text: str) -> str:
    """The text without what XML cannot hold."""
    return _FORBIDDEN.sub("\ufffd", text)
