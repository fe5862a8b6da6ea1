"""Tables and trees as lines of text. No word is ever broken: a slug, a date, a version or a path is copied whole."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

_GAP = 2
"""Columns between two columns of a table."""


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Rows under headings, at most `width` wide where the words allow it; without a width, a line for each row.

    A cell wraps between its words. Where not even that fits, each row becomes a block of `heading: cell`.
    """
    cells = [columns, *rows]
    natural = [max(_width(row[place]) for row in cells) for place in range(len(columns))]
    if width is None or sum(natural) + _GAP * (len(columns) - 1) <= width:
        return [_joined(row, natural) for row in cells]
    widest_word = [
        max(_width(word) for row in cells for word in [*row[place].split(), ""]) for place in range(len(columns))
    ]
    spare = width - sum(widest_word) - _GAP * (len(columns) - 1)
    if spare < 0:
        return _blocks(columns, rows, width)
    widths = _shared(spare, widest_word, natural)
    return [line for row in cells for line in _wrapped(row, widths)]


def _shared(spare: int, least: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """The width of each column: those that lack little get all they want, the longest text what is left."""
    widths = list(least)
    lacking = sorted(range(len(least)), key=lambda place: wanted[place] - least[place])
    for done, place in enumerate(lacking):
        more = min(wanted[place] - least[place], spare // (len(lacking) - done))
        widths[place] += more
        spare -= more
    return widths


def _wrapped(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """One row of a table on as many lines as its longest cell needs."""
    cells = [wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
    height = max(map(len, cells))
    padded = [[*cell, *[""] * (height - len(cell))] for cell in cells]
    return [_joined(line, widths) for line in zip(*padded, strict=True)]


def _joined(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
    return (" " * _GAP).join(padded).rstrip()


def _blocks(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Each row as lines of `heading: cell`, with an empty line between two rows."""
    lines: list[str] = []
    for row in rows:
        lines += [""] if lines else []
        for name, cell in zip(columns, row, strict=True):
            first, *more = wrap(f"{name}: {cell}" if name else cell, width, indent=2)
            lines += [first, *more]
    return lines


def wrap(text: str, width: int, *, indent: int = 0) -> list[str]:
    """The text on lines of that width, broken between words only; all but the first are indented."""
    lines, line = [], ""
    for word in re.split(r" +", text.strip()):
        longer = f"{line} {word}" if line.strip() else line + word
        if line.strip() and _width(longer) > width:
            lines.append(line)
            longer = " " * indent + word
        line = longer
    return [*lines, line]


def tree(paths: Mapping[str, str], root: str) -> Iterator[str]:
    """Files as a tree of folders. `paths` maps a path to a remark that stands after it."""
    yield root
    yield from _branches([(path.split("/"), remark) for path, remark in sorted(paths.items())], "")


def _branches(entries: Sequence[tuple[list[str], str]], before: str) -> Iterator[str]:
    folders: dict[str, list[tuple[list[str], str]]] = {}
    for (name, *rest), remark in entries:
        folders.setdefault(name, []).append((rest, remark))
    for number, (name, inside) in enumerate(folders.items(), 1):
        is_last = number == len(folders)
        (rest, remark), line = inside[0], f"{before}{'└── ' if is_last else '├── '}{name}"
        if rest:
            yield f"{line}/"
            yield from _branches(inside, f"{before}{'    ' if is_last else '│   '}")
        else:
            yield f"{line}  {remark}".rstrip()


def _width(text: str) -> int:
    """How many columns of a terminal the text takes: a letter of East Asia is two wide, a combining accent none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
