"""Mentions: what the team's files say of a path follows it when the road gives it another name.

The road declares it as data (`mentions:` in `paved-road.yml`), so it needs no command and no trust, and a dry run shows
it. A name of a file, whatever it is, is never a part of a command line.
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
    """The words and what takes their place, of the versions after `old` up to `new`, oldest first."""
    from packaging.version import Version

    for version in sorted((one for one in declared if is_passed(one, old, new)), key=Version):
        yield from declared[version].items()


def replace_mentions(
    scratch: Scratch, base: Files, ours: Snapshot, replaced: list[tuple[str, str]], *, records: Collection[str]
) -> tuple[Files, Snapshot]:
    """Base and service with the words replaced in every file that the team wrote or edited, as a word of its own.

    Both sides change alike, so the road's own lines that say it are left to the merge. Links, binary files and the
    service's `records` are left as they are.
    """
    base, own = dict(base), dict(ours)
    for old, new in replaced:
        word = re.compile(rb"(?<![\w.-])" + re.escape(old.encode()) + rb"(?![\w-]|\.\w)")
        changed = [path for path, leaf in own.items() if leaf.data is not None]
        for path in sorted({*scratch.mentioning(ours.tree, old), *changed} & own.keys() - set(records)):
            if own[path].mode is not Mode.SYMLINK and own[path] != base.get(path):
                for side in (base, own):
                    if path in side:
                        side[path] = _said(scratch, side[path], word, new.encode())
    return base, ours.holding(own)


def _said(scratch: Scratch, leaf: TreeEntry, word: re.Pattern[bytes], new: bytes) -> TreeEntry:
    (content,) = scratch.read([leaf])
    data = content if b"\0" in content else word.sub(lambda _: new, content)
    return leaf if data == content else scratch.entry(leaf.mode, data)
