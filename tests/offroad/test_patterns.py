"""The patterns of a deviation mean what git's mean, whatever they cost git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paved_road.offroad.patterns import matching

SEGMENTS = st.sampled_from(["a", "b", "ab", "a.py", "*", "**", "a*", "*.py", "?", "[ab]", "[!a]", "[^a]", "*a*b*"])
PATTERNS = st.builds(
    lambda first, rest, end: "/".join([first, *rest]) + end,
    st.sampled_from(["a", "b", "a.py"]),
    st.lists(SEGMENTS, max_size=4),
    st.sampled_from(["", "/"]),
)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "a.py", "abb"]), min_size=1, max_size=5).map("/".join)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", path], check=True)
    return path


@given(st.lists(PATTERNS, max_size=3), st.lists(PATHS, min_size=1, max_size=5, unique=True))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_pattern_names_what_git_says(repository: Path, patterns: list[str], paths: list[str]) -> None:
    (repository / ".git/info/exclude").write_text("".join(f"/{pattern}\n" for pattern in patterns))
    command = ["git", "check-ignore", "--no-index", *paths]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert matching(patterns, paths) == done.stdout.splitlines()


@pytest.mark.parametrize("pattern", [f"a/{'*a' * 20}b", f"a/{'**/a/' * 20}b", "a/" + "[a]*" * 20 + "b"])
def test_a_pattern_of_many_stars_takes_no_time(pattern: str) -> None:
    assert matching([pattern], [f"a/{'a' * 255}", "/".join("a" * 1000)]) == []
