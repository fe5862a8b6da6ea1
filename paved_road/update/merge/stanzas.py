"""Merge edits in lists of similar stanzas into the stanzas that they belong to.

If a stanza is inserted among similar ones, the difference has several readings: the lines that stanzas share may belong
to the new one or to its neighbour. Git takes the last reading and puts the other side's edit into the stanza that
results, without a conflict. This module looks at all readings. If they disagree about an edit, it takes the reading in
which the inserted block starts like a block (least indented, after an empty line), as git's own `--indent-heuristic`
does for `git diff`. If that leaves several readings, the edit is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

_MOST_LINES: Final = 4000
"""Longer files are left to git, because comparing their lines in Python takes a second."""

Lines = list[bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hunk:
    """Lines `start` to `end` of the base are replaced by `lines`."""

    start: int
    end: int
    lines: tuple[bytes, ...]
    low: int
    """The hunk means the same if it starts anywhere from `low`..."""
    high: int
    """...to `high`."""

    @property
    def is_movable(self) -> bool:
        """Whether it has several readings."""
        return self.low < self.high


def merge_stanzas(base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bool] | None:
    """The text to use instead of git's clean one, and whether a person has to decide; None if all readings agree."""
    before = base.splitlines(keepends=True)
    sides = [side.splitlines(keepends=True) for side in (ours, theirs)]
    if max(map(len, (before, *sides))) > _MOST_LINES:
        return None
    hunks = [list(_hunks(before, side)) for side in sides]
    if not (_doubtful(hunks[0], hunks[1]) or _doubtful(hunks[1], hunks[0])):
        return None
    settled = [[_settled(hunk, before) for hunk in side] for side in hunks]
    alike = any(_undecided(hunk, before, other) for side, other in (hunks, hunks[::-1]) for hunk in side)
    if alike or _collide(settled[0], settled[1]):
        return b"", True
    return b"".join(_applied(before, settled[0], settled[1])), False


def _hunks(before: Lines, after: Lines) -> Iterator[Hunk]:
    """The changes, and for lines that were only added or only removed, the other places where that may have been."""
    codes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for number, (kind, start, end, first, last) in enumerate(codes):
        if kind == "equal":
            continue
        lines = tuple(after[first:last])
        hunk = Hunk(start=start, end=end, lines=lines, low=start, high=start)
        if kind != "replace":
            floor = codes[number - 1][1] if number else start
            ceiling = codes[number + 1][2] if number + 1 < len(codes) else end
            moved = lines or tuple(before[start:end])
            up = _steps(moved[::-1], before[floor:start][::-1])
            down = _steps(moved, before[end:ceiling])
            hunk = replace(hunk, low=start - up, high=start + down)
        yield hunk


def _steps(block: tuple[bytes, ...], beside: Lines) -> int:
    """How far a block can slide along the lines beside it: as long as the line it gains equals the line it loses."""
    steps = 0
    while steps < len(beside) and beside[steps] == (block[steps] if steps < len(block) else beside[steps - len(block)]):
        steps += 1
    return steps


def _doubtful(hunks: list[Hunk], others: list[Hunk]) -> bool:
    """Whether a hunk can be moved over a change of the other side."""
    return any(_over(hunk, other) for hunk in hunks if hunk.is_movable for other in others)


def _over(hunk: Hunk, other: Hunk) -> bool:
    if _change(hunk) == _change(other):
        return False  # both sides made it
    end = hunk.high + hunk.end - hunk.start
    if other.start == other.end:
        return hunk.low < other.start < end
    return other.start < end and hunk.low < other.end


def _at(hunk: Hunk, start: int, before: Lines) -> Hunk:
    """The same change, read as if it started elsewhere."""
    by = start - hunk.start
    if not hunk.lines:
        return replace(hunk, start=start, end=hunk.end + by)
    around = [*before[hunk.low : hunk.start], *hunk.lines, *before[hunk.start : hunk.high]]
    at = start - hunk.low
    return replace(hunk, start=start, end=start, lines=tuple(around[at : at + len(hunk.lines)]))


def _best(hunk: Hunk, before: Lines) -> list[int]:
    """The places where the block starts most like a block."""

    def looks(start: int) -> tuple[int, bool, bool]:
        read = _at(hunk, start, before)
        block = read.lines or tuple(before[read.start : read.end])
        first = next((line for line in block if line.strip()), b"")
        indent = len(first) - len(first.lstrip())
        below_empty = not (before[start - 1] if start else block[-1]).strip()
        return indent if block[0].strip() else 1000, not below_empty, not first.lstrip().startswith((b"[", b"-"))

    scores = {start: looks(start) for start in range(hunk.low, hunk.high + 1)}
    return [start for start, score in scores.items() if score == min(scores.values())]


def _settled(hunk: Hunk, before: Lines) -> Hunk:
    return _at(hunk, _best(hunk, before)[-1], before) if hunk.is_movable else hunk


def _undecided(hunk: Hunk, before: Lines, others: list[Hunk]) -> bool:
    """Whether the best places lie both before and after a change of the other side."""
    if not hunk.is_movable:
        return False
    best = _best(hunk, before)
    readings = replace(hunk, low=best[0], high=best[-1])
    return len(best) > 1 and any(_over(readings, other) for other in others)


def _collide(ours: list[Hunk], theirs: list[Hunk]) -> bool:
    """Whether changes of both sides overlap or touch, unless they are the same change.

    A block that was settled right beside an edited line is no collision: that is the case this module exists for.
    """
    mine, yours = ({_change(hunk): hunk.is_movable for hunk in side} for side in (ours, theirs))
    every = sorted(
        (start, end, side, settled)
        for side, (changes, others) in enumerate(((mine, yours), (yours, mine)))
        for (start, end, lines), settled in changes.items()
        if (start, end, lines) not in others
    )
    return any(one[2] != other[2] and _touch(one, other) for one, other in pairwise(every))


def _touch(one: tuple[int, int, int, bool], other: tuple[int, int, int, bool]) -> bool:
    """Whether two changes, each with its start and end and whether it was settled, leave their order open."""
    if other[0] != one[1]:
        return other[0] < one[1]
    both_new = one[0] == one[1] == other[1]
    return both_new or not (one[3] or other[3])


def _change(hunk: Hunk) -> tuple[int, int, tuple[bytes, ...]]:
    return hunk.start, hunk.end, hunk.lines


def _applied(before: Lines, ours: list[Hunk], theirs: list[Hunk]) -> Iterator[bytes]:
    at = 0
    for start, end, lines in sorted({_change(hunk) for hunk in (*ours, *theirs)}):
        yield from before[at:start]
        yield from lines
        at = end
    yield from before[at:]
