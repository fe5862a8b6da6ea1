"""The package that every service carries grows by decision only. The aim is 2,000 lines, an afternoon's reading."""

from __future__ import annotations

import re

from tests.stamped.delivered import stamped

MOST = 3100
"""Lines in src/*/paved, comments, docstrings and empty ones included. Lower it when the package gets shorter."""


def test_the_package_does_not_grow_unnoticed() -> None:
    files = {path: text for path, text in stamped().items() if re.match(r"src/\w+/paved/", path)}
    lines = {path: len(text.splitlines()) for path, text in files.items()}
    longest = "\n".join(f"{number:5} {path}" for path, number in sorted(lines.items(), key=lambda each: -each[1]))
    assert sum(lines.values()) <= MOST, f"{sum(lines.values())} lines:\n{longest}"
