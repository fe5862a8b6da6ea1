"""Texts that scenarios edit by the line."""

from __future__ import annotations

LINES = "".join(f"line {number}\n" for number in range(1, 21))


def with_lines(changes: dict[int, str], text: str = LINES) -> str:
    """The text with these lines (counted from 1) replaced; "" removes one, "a\\nb" puts two."""
    lines = text.splitlines(keepends=True)
    for number, line in changes.items():
        lines[number - 1] = f"{line}\n" if line else ""
    return "".join(lines)
