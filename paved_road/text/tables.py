"""Tables and trees as lines of text. No word is broken, so that a slug, a date, a version or a path can be copied."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

_UNLIMITED = 100_000
"""Columns: wider than any line."""


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Rows under headings, at most `width` columns wide; without a width, one line for each row.

    Cells wrap between words. If that is not enough, each row becomes a block of `heading: cell` lines.
    """
    cells = [columns, *rows]
    drawn = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for column in zip(*cells, strict=True):
        drawn.add_column(no_wrap=not any(" " in cell for cell in column), overflow="fold")
    for row in cells:
        drawn.add_row(*map(Text, row))
    lines = list(_lines(drawn, width or _UNLIMITED))
    whole = {word for line in lines for word in line.split()}
    has_broken = any(word not in whole for row in cells for cell in row for word in cell.split())
    return _blocks(columns, rows, width) if width and has_broken else lines


def _blocks(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Each row as lines of `heading: cell`, with an empty line between rows."""
    lines: list[str] = []
    for row in rows:
        lines += [""] if lines else []
        for name, cell in zip(columns, row, strict=True):
            lines += textwrap.wrap(
                f"{name}: {cell}" if name else cell, width, subsequent_indent="  ",
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
    return lines


def tree(paths: Mapping[str, str], root: str) -> Iterator[str]:
    """Files as a tree of folders. `paths` maps each path to a remark that follows it."""
    drawn = Tree(Text(root))
    folders = {"": drawn}
    for path, remark in sorted(paths.items()):
        parent = ""
        for name in path.split("/")[:-1]:
            folder = f"{parent}{name}/"
            if folder not in folders:
                folders[folder] = folders[parent].add(Text(f"{name}/"))
            parent = folder
        folders[parent].add(Text(f"{path.removeprefix(parent)}  {remark}"))
    return _lines(drawn, _UNLIMITED)


def _lines(drawn: RenderableType, width: int) -> Iterator[str]:
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as captured:
        console.print(drawn)
    for line in captured.get().splitlines():
        yield line.rstrip()
