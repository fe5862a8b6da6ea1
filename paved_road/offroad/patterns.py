"""Which files a deviation names: git's patterns, from the service's folder.

They are compared segment by segment instead of becoming one regular expression, which would try every way to divide a
long name among the stars of a pattern. Anybody may have written either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase


def matching(patterns: Iterable[str], paths: Iterable[str]) -> list[str]:
    """The `paths` that a pattern names, or that are in a folder which it names."""
    wanted = list(patterns)
    names = {one for one in wanted if not is_glob(one)}
    globs = [one for one in wanted if is_glob(one)]
    return [path for path in paths if _is_below(path, names) or any(_matches(glob, path) for glob in globs)]


def is_glob(pattern: str) -> bool:
    """Whether a pattern can match more than one path, or names a folder with a slash."""
    return bool(re.search(r"[*?\[\]]|/$", pattern))


def _is_below(path: str, names: set[str]) -> bool:
    """Whether the path or a folder above it is among the names."""
    if not names:
        return False
    ends = [at for at, character in enumerate(path) if character == "/"]
    return path in names or any(path[:end] in names for end in ends)


def _matches(glob: str, path: str) -> bool:
    """Whether git's pattern, written with a slash before it, names the path or a folder above it."""
    parts = glob.rstrip("/").replace("[^", "[!").split("/")
    if parts[-1] == "**":
        parts[-1] = "*"  # everything inside
    steps = path.split("/")
    ends = _ends(parts, steps)
    return any(end < len(steps) for end in ends) if glob.endswith("/") else bool(ends)


def _ends(parts: Sequence[str], steps: Sequence[str]) -> set[int]:
    """After how many steps of the path all parts of the pattern can be matched."""
    reached = {0}
    for part in parts:
        if not reached:
            break
        if part == "**":
            reached = set(range(min(reached), len(steps) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(steps) and fnmatchcase(steps[at], part)}
    return reached
