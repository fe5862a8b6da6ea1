"""What docs/explanation/update.md says was measured is what bench/RESULTS.md has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent.parent


def test_the_table_beside_copier_is_the_measured_one() -> None:
    section = (PROJECT / "bench" / "RESULTS.md").read_text().split("## What an update does to a team's work")[1]
    measured = re.search(r"^\| what happens \|.*?(?=\n\n|\Z)", section, re.MULTILINE | re.DOTALL)
    assert measured is not None
    assert measured[0].strip() in (PROJECT / "docs" / "explanation" / "update.md").read_text()
    assert "| right: refuses, exit" in measured[0]
    paved = [line.split("|")[2].strip() for line in measured[0].splitlines()[2:-1]]
    assert all(end.startswith("right") for end in paved)


def test_the_test_that_a_page_shows_to_template_authors_passes(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "how-to" / "make-a-road.md").read_text()
    shown = re.search(r"```python\n(from paved_road.testing import Evolution.*?)```", page, re.DOTALL)
    assert shown is not None
    names: dict[str, Any] = {}
    exec(shown[1], names)
    names["test_the_settings_move_and_keep_the_teams_line"](tmp_path)
