"""Which files a record names: git's patterns, tied to the service's folder.

They are compared segment by segment and never made one regular expression: a pattern of many stars would have that
try every way to divide a long name, and the pattern and the name may both be a stranger's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase


def matching(patterns: Iterable[str], paths: Iterable[str]) -> list[str]:
    """Those of the paths that a pattern names, or a folder above them."""
    wanted = list(patterns)
    names = {one for one in wanted if not is_glob(one)}
    globs = [one for one in wanted if is_glob(one)]
    return [path for path in paths if _is_below(path, names) or any(_matches(glob, path) for glob in globs)]


def is_glob(pattern: str) -> bool:
    """Whether it names more than one file, or one folder."""
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
    """After how many steps of a path all parts of a pattern may have been matched."""
    reached = {0}
    for part in parts:
        if not reached:
            break
        if part == "**":
            reached = set(range(min(reached), len(steps) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(steps) and fnmatchcase(steps[at], part)}
    return reached
