"""What an answers file states is read as YAML reads it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paved_road.service.answers_file import Stated, parse_stated

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=200)


@given(commit=TEXT, road=TEXT, width=st.sampled_from([20, 80, 1000]), style=st.sampled_from([None, "'", '"']))
def test_what_an_answers_file_says_is_read_as_yaml_reads_it(commit: str, road: str, width: int, style: str) -> None:
    facts = {"_commit": commit, "_src_path": road, "name": "x"}
    content = yaml.safe_dump(facts, width=width, default_style=style, allow_unicode=True)
    assert parse_stated(content.encode()) == Stated(commit=commit, road=road)


@pytest.mark.parametrize(
    ("content", "commit"),
    [
        ("_commit: v1.0.0", "v1.0.0"),
        ("_commit:   'v1.0.0'  \r\n", "v1.0.0"),
        ("_commit: v1.0.0 # the release\n", "v1.0.0"),
        ('_commit: "v\\u0031"\n', "v1"),
        ("_commit: &it v1\n", "v1"),
        ("_commit: >-\n  v1\n", "v1"),
        ("_commit:\n", None),
        ("_commit: null\n", None),
        ("text: |\n  _commit: v1\n", None),
        ("", None),
        ("- _commit\n", None),
        ("_commit: [\n", None),
        ("_commit: 'x\n", None),
    ],
)
def test_other_ways_to_write_it(content: str, commit: str | None) -> None:
    assert parse_stated(content.encode()).commit == commit
