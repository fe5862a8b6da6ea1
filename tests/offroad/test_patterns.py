"""The patterns of a record mean what git's mean, whatever they cost git."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathspec import PathSpec

from paved_road.offroad.patterns import matching

SEGMENTS = st.sampled_from(["a", "b", "ab", "a.py", "*", "**", "a*", "*.py", "?", "[ab]", "[!a]", "[^a]", "*a*b*"])
PATTERNS = st.builds(
    lambda first, rest, end: "/".join([first, *rest]) + end,
    st.sampled_from(["a", "b", "a.py"]),
    st.lists(SEGMENTS, max_size=4),
    st.sampled_from(["", "/"]),
)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "a.py", "abb"]), min_size=1, max_size=5).map("/".join)


@given(st.lists(PATTERNS, max_size=3), st.lists(PATHS, max_size=5, unique=True))
def test_a_pattern_names_what_git_says(patterns: list[str], paths: list[str]) -> None:
    spec = PathSpec.from_lines("gitignore", [f"/{pattern}" for pattern in patterns])
    assert sorted(matching(patterns, paths)) == sorted(spec.match_files(paths))


@pytest.mark.parametrize("pattern", [f"a/{'*a' * 20}b", f"a/{'**/a/' * 20}b", "a/" + "[a]*" * 20 + "b"])
def test_a_pattern_of_many_stars_takes_no_time(pattern: str) -> None:
    assert matching([pattern], [f"a/{'a' * 255}", "/".join("a" * 1000)]) == []
