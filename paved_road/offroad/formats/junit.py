"""JUnit XML: what CI servers show as tests. Excused drift is a skipped test with its reason, never a passed one."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from paved_road.offroad.formats import Checked

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(checked: Checked) -> str:
    """One suite: a case for every finding and for everything excused."""
    findings, excused = checked.standing.findings, checked.standing.excused
    failures = sum(checked.fails(one) for one in findings)
    counts = {"tests": len(findings) + len(excused), "failures": failures, "errors": 0, "skipped": len(excused)}
    suite = ET.Element("testsuite", {"name": "paved off-road"} | {key: str(value) for key, value in counts.items()})
    for one in findings:
        case = _case(suite, checked, str(one.state), one.record.id if one.record else one.path, one.path, one.line)
        if checked.fails(one):
            failure = ET.SubElement(case, "failure", message=_clean(one.text), type=str(one.state))
            failure.text = _clean(f"{checked.prefix}{one.path}:{one.line}")
        else:
            ET.SubElement(case, "system-out").text = _clean(f"warning: {one.text}")
    for each in excused:
        case = _case(suite, checked, "excused", each.difference.path, each.record.path, each.record.line("reason"))
        ET.SubElement(case, "skipped", message=_clean(f"{each.record.path}: {each.record.deviation.reason}"))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    # In ASCII, which is UTF-8 whatever the encoding of standard output is.
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="us-ascii").decode()}'


def _case(suite: ET.Element, checked: Checked, state: str, name: str, path: str, line: int) -> ET.Element:
    facts = {
        "classname": f"off-road.{state}",
        "name": _clean(name),
        "file": _clean(checked.prefix + path),
        "line": str(line),
    }
    return ET.SubElement(suite, "testcase", facts)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
