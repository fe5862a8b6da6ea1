"""A team's first changes need no edit of a file that the road owns."""

from __future__ import annotations

import re

from tests.stamped.delivered import stamped

TEAMS = r"^\s*(?:from|import) (?:support|conftest|orders\.(?!paved\b)\S+)"
"""Imports of what the team edits. `from orders import SERVICE` is no edit of a first change."""


def test_the_road_s_tests_use_nothing_of_the_team_s() -> None:
    files = {path: text for path, text in stamped().items() if path.startswith("tests/paved/")}
    assert "tests/paved/test_telemetry.py" in files
    found = {path: re.findall(TEAMS, text, re.MULTILINE) for path, text in files.items()}
    assert {path: lines for path, lines in found.items() if lines} == {}
