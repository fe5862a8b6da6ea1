"""Line endings: an update keeps the style that the service chose for a file."""

from __future__ import annotations

from enum import Enum


class LineEnding(Enum):
    """How the lines of a file end."""

    LF = b"\n"
    CRLF = b"\r\n"


def style_of(data: bytes) -> LineEnding | None:
    """The file's one style; None for a mix, for a file without line endings and for a binary file."""
    if b"\0" in data:
        return None
    crlf = data.count(b"\r\n")
    lf = data.count(b"\n") - crlf
    if crlf and not lf:
        return LineEnding.CRLF
    return LineEnding.LF if lf and not crlf else None


def convert(data: bytes, style: LineEnding) -> bytes:
    """The file in another style."""
    unix = data.replace(b"\r\n", b"\n")
    return unix if style is LineEnding.LF else unix.replace(b"\n", b"\r\n")


def in_one_style(base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bytes, bytes] | None:
    """The three contents in one style, so that a merge compares text and not line endings; None if they already are.

    A style that the service chose (another one than its pristine file's) wins over the road's.
    """
    before, mine, yours = (style_of(side) for side in (base, ours, theirs))
    if before is None or mine is None or yours is None or before is mine is yours:
        return None
    style = mine if mine is not before else yours
    return convert(base, style), convert(ours, style), convert(theirs, style)
