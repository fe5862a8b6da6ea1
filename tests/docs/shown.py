"""Is what a command showed what the page says it shows?"""

from __future__ import annotations

import re

VARIES = (
    (re.compile(r"\b[0-9a-f]{10,40}\b"), "<commit>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "<date>"),
)
"""What is another one each time, or with each release of the template; a page shows an example of it."""


def same(page: str, terminal: str) -> bool:
    """A line of `...` on the page stands for any lines, `...` within one for any text."""
    pattern = "".join(_pattern(line) for line in _named(page).strip("\n").split("\n"))
    return re.fullmatch(pattern, _named(terminal).strip("\n") + "\n") is not None


def _pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*"
    return ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"\n"


def _named(text: str) -> str:
    for pattern, name in VARIES:
        text = pattern.sub(name, text)
    return text
