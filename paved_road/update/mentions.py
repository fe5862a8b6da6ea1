"""Mentions: replace the old path in the team's files when the road moves a file.

The road declares the replacements as data (`mentions:` in `paved-road.yml`), so they need no command and no trust, and
a dry run shows them. No file name ever becomes part of a command line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from paved_road.git.entries import Mode, TreeEntry
from paved_road.road.versions import is_passed

if TYPE_CHECKING:
    from paved_road.git import Scratch
    from paved_road.git.entries import Files, Snapshot


def replacements(declared: Mapping[str, Mapping[str, str]], old: str, new: str) -> Iterator[tuple[str, str]]:
    """The words to replace and their replacements, of the versions after `old` up to `new`, oldest first."""
    from packaging.version import Version

    for version in sorted((version for version in declared if is_passed(version, old, new)), key=Version):
        yield from declared[version].items()


def replace_mentions(
    scratch: Scratch, base: Files, ours: Snapshot, replaced: list[tuple[str, str]], *, skipped: Collection[str]
) -> tuple[Files, Snapshot]:
    """Base and service with whole words replaced in every file that the team wrote or edited.

    Both sides change in the same way, so the merge still decides about the road's own lines. Symbolic links, binary
    files and the `skipped` paths stay as they are.
    """
    before, own = dict(base), dict(ours)
    for old, new in replaced:
        word = re.compile(rb"(?<![\w.-])" + re.escape(old.encode()) + rb"(?![\w-]|\.\w)")
        changed = [path for path, entry in own.items() if entry.data is not None]
        for path in sorted({*scratch.mentioning(ours.tree, old), *changed} & own.keys() - set(skipped)):
            if own[path].mode is not Mode.SYMLINK and own[path] != before.get(path):
                for side in (before, own):
                    if path in side:
                        side[path] = _with_word_replaced(scratch, side[path], word, new.encode())
    return before, ours.holding(own)


def _with_word_replaced(scratch: Scratch, entry: TreeEntry, word: re.Pattern[bytes], new: bytes) -> TreeEntry:
    (content,) = scratch.read([entry])
    data = content if b"\0" in content else word.sub(lambda _: new, content)
    return entry if data == content else scratch.entry(entry.mode, data)
