"""Draw the rooms of `paved_road` and the arrows between them from the imports: `make pictures`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parent.parent
PACKAGE: Final = PROJECT / "paved_road"
DRAWING: Final = PROJECT / "docs" / "assets" / "rooms.svg"
OUTSIDE: Final = {"__init__", "__main__", "testing"}
"""Modules that are no room: what starts paved, and what tests it."""

CENTRES: Final = {
    "cli": 380, "update": 70, "status": 175, "create": 280, "adopt": 385, "doctor": 490, "lint": 595, "ask": 700,
    "check": 690, "offroad": 122, "ui": 700, "findings": 70, "practices": 230, "service": 330, "render": 450,
    "road": 450, "settings": 450, "git": 450, "files": 450, "debug": 330, "process": 450, "errors": 450, "text": 330,
}  # fmt: skip
"""Where the middle of each room's box is, from the left. The imports decide the row."""
WIDTH, HEIGHT, ROW = 92, 34, 62

STYLE: Final = """\
    text { font: 15px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
    text { text-anchor: middle }
    .panel { fill: #ffffff; stroke: #d0d7de }
    .box { fill: #e3f3f0; stroke: #00796b; stroke-width: 1.5 }
    .line { fill: none; stroke: #505862; stroke-width: 1.5 }
    .tip { fill: #505862 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .panel { fill: #1b1f27; stroke: #3b424e }
      .box { fill: #16332f; stroke: #4db6ac }
      .line { stroke: #b4bcc7 }
      .tip { fill: #b4bcc7 }
    }
"""

Imports = Mapping[str, frozenset[str]]
"""Each room, and the rooms that it imports."""


def imports() -> Imports:
    """Which room imports which, wherever in a module the import is."""
    rooms = sorted({room for path in PACKAGE.iterdir() if (room := _room_at(path))})
    return {room: frozenset(_imported(room)) & set(rooms) - {room} for room in rooms}


def _room_at(path: Path) -> str:
    """The room that a file or folder is; empty where it is none."""
    is_room = path.suffix == ".py" or (path / "__init__.py").is_file()
    return path.stem if is_room and path.stem not in OUTSIDE else ""


def _imported(room: str) -> Iterator[str]:
    alone = PACKAGE / f"{room}.py"
    for path in [alone] if alone.is_file() else (PACKAGE / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module == "paved_road":
                modules = [f"paved_road.{name.name}" for name in node.names]
            else:
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            yield from (module.split(".")[1] for module in modules if module.startswith("paved_road."))


def arrows(rooms: Imports) -> Imports:
    """The imports without those that a longer way shows: if a imports b and b imports c, a's import of c is left out.

    Raises `ValueError` if two rooms import each other.
    """
    below: dict[str, frozenset[str]] = {}

    def reached(room: str, above: tuple[str, ...] = ()) -> frozenset[str]:
        if room in above:
            raise ValueError(f"rooms import each other: {' -> '.join([*above, room])}")
        if room not in below:
            further = (reached(each, (*above, room)) for each in rooms[room])
            below[room] = rooms[room].union(*further)
        return below[room]

    for room in rooms:
        reached(room)
    return {room: direct.difference(*(below[each] for each in direct)) for room, direct in rooms.items()}


def rows(rooms: Imports) -> dict[str, int]:
    """The row of each room, from 0 at the top: the length of the longest way to it."""
    found = dict.fromkeys(rooms, 0)
    for _ in rooms:
        for room, below in rooms.items():
            for each in below:
                found[each] = max(found[each], found[room] + 1)
    return found


def drawing() -> str:
    """The drawing, as SVG.

    Raises `ValueError` if a room has no place in `CENTRES`, or if two rooms import each other.
    """
    shown = arrows(imports())
    if shown.keys() != CENTRES.keys():
        raise ValueError(f"CENTRES in scripts/rooms.py is not right about {', '.join(shown.keys() ^ CENTRES.keys())}")
    row = rows(shown)
    bottom = ROW * max(row.values()) + HEIGHT + 40
    spoken = "; ".join(f"{room}: {', '.join(sorted(below))}" for room, below in sorted(shown.items()) if below)
    lines = [_arrow(room, each, row) for room in sorted(shown) for each in sorted(shown[room])]
    boxes = [_box(room, row[room]) for room in sorted(shown)]
    body = "\n".join(["  " + line for line in [*lines, *boxes]])
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 770 {bottom}" role="img" aria-labelledby="title desc">
  <title id="title">The rooms of paved_road, and which imports which</title>
  <desc id="desc">Each room with the rooms right below it. {spoken}.</desc>
  <style>
{STYLE}  </style>
  <defs>
    <marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
      <path class="tip" d="M0 0 10 5 0 10z"/>
    </marker>
  </defs>
  <rect class="panel" x="0.5" y="0.5" width="769" height="{bottom - 1}" rx="10"/>
{body}
</svg>
"""


def _arrow(room: str, below: str, row: Mapping[str, int]) -> str:
    start, end = ROW * row[room] + 20 + HEIGHT, ROW * row[below] + 20
    middle = (ROW - HEIGHT) // 2
    x, to = CENTRES[room], CENTRES[below]
    return (
        f'<path class="line" d="M{x} {start}C{x} {start + middle} {to} {end - 2 * middle} {to} {end}" '
        'marker-end="url(#tip)"/>'
    )


def _box(room: str, row: int) -> str:
    left, top = CENTRES[room] - WIDTH // 2, ROW * row + 20
    return (
        f'<rect class="box" x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
        f'<text x="{CENTRES[room]}" y="{top + 22}">{room}</text>'
    )


if __name__ == "__main__":
    DRAWING.write_text(drawing())
