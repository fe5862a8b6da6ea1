"""Counted nouns in messages: 1 file, 2 files."""

from __future__ import annotations


def counted(number: int, thing: str, things: str = "") -> str:
    """A number and what it counts; `things` is the plural where that is not `thing` with an s.

    >>> counted(1, "file"), counted(0, "file"), counted(2, "reply", "replies")
    ('1 file', '0 files', '2 replies')
    """
    return f"{number} {thing if number == 1 else things or f'{thing}s'}"
