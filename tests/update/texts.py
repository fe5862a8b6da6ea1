"""Texts that scenarios edit by the line, and merges without a service around them."""

from __future__ import annotations

from paved_road import git
from paved_road.git import Scratch
from paved_road.git.entries import Files, Snapshot, TreeId
from paved_road.update.merge.trees import Merged, Sides, merge_trees

LINES = "".join(f"line {number}\n" for number in range(1, 21))


def with_lines(changes: dict[int, str], text: str = LINES) -> str:
    """The text with these lines (counted from 1) replaced; "" removes one, "a\\nb" puts two."""
    lines = text.splitlines(keepends=True)
    for number, line in changes.items():
        lines[number - 1] = f"{line}\n" if line else ""
    return "".join(lines)


def merge_files(scratch: Scratch, base: Files, ours: Files, theirs: Files) -> tuple[Merged, dict[str, str]]:
    """The merge of three trees, and the text of each of its files."""
    nothing = Snapshot(tree=TreeId(git.process.text("--git-dir", scratch.folder, "mktree")), stored={}, files={})
    labels = ("road-1.0.0", "service", "road-1.1.0")
    (found,) = merge_trees(scratch, [Sides(base=nothing.holding(base), ours=ours, theirs=theirs, labels=labels)])
    contents = scratch.read(list(found.files.values()))
    return found, {path: data.decode() for path, data in zip(found.files, contents, strict=True)}
