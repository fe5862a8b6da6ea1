"""SARIF 2.1.0 (OASIS), for code scanning. Excused drift is a suppressed result, with its justification."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from paved_road import __version__
from paved_road.offroad.evaluation import Excused, Finding, State
from paved_road.offroad.formats import Checked

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_DRIFT = "drift"


def render(checked: Checked) -> str:
    """One run with a result for every finding and for everything excused."""
    rules = [
        {
            "id": str(state),
            "shortDescription": {"text": state.meaning},
            "defaultConfiguration": {"level": "error" if state.fails else "warning"},
        }
        for state in State
    ]
    rules.append({"id": _DRIFT, "shortDescription": {"text": "A file of the road differs, and a record excuses it."}})
    driver = {"name": "paved off-road", "version": __version__, "rules": rules}
    results = [_finding(checked, one) for one in checked.standing.findings]
    results += [_excused(checked, one) for one in checked.standing.excused]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    # In ASCII, which is UTF-8 whatever the encoding of standard output is.
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _finding(checked: Checked, one: Finding) -> dict[str, Any]:
    return {
        "ruleId": str(one.state),
        "level": "error" if checked.fails(one) else "warning",
        "message": {"text": _text(one.text)},
        "locations": [_location(checked, one.path, one.line)],
    }


def _excused(checked: Checked, one: Excused) -> dict[str, Any]:
    deviation = one.record.deviation
    return {
        "ruleId": _DRIFT,
        "level": "warning",
        "message": {"text": _text(f"{one.difference.path} is {one.difference.kind}; {one.record.path} excuses it")},
        "locations": [_location(checked, one.difference.path, 1)],
        "suppressions": [
            {
                "kind": "external",
                "status": "accepted",
                "justification": _text(deviation.reason),
                "location": _location(checked, one.record.path, one.record.line("reason")),
            }
        ],
    }


def _text(text: str) -> str:
    """Text that every JSON parser takes: Python's stand-ins for bytes that are not UTF-8 are no characters."""
    return text.encode(errors="backslashreplace").decode()


def _location(checked: Checked, path: str, line: int) -> dict[str, Any]:
    uri = quote(checked.prefix + path, errors="surrogateescape")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
