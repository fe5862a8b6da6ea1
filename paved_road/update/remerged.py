"""Files that git could not merge because it did not know that both branches were updated.

For git the merge base is the commit where the branches parted, and both sides changed the road's lines since. The lock
of the branch whose release is left behind knows a nearer base: what that release rendered. From there the other branch
has the newer release's lines and its own, and this one has only what its team wrote.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.git import NO_BLOB, Leaf
from paved_road.service import has_markers
from paved_road.tree import Mode
from paved_road.update import disk, structured

if TYPE_CHECKING:
    from paved_road.service import Lock, Service

Unmerged = Mapping[str, Mapping[int, Leaf]]
"""The stages of each path, from the service's folder, that git's index has not merged."""

_REGULAR = (Mode.FILE, Mode.EXECUTABLE)


def merge(service: Service, unmerged: Unmerged, behind: Lock, derived: Collection[str], *, is_ours: bool) -> list[str]:
    """Merge and add those of the unmerged files that need nobody to decide them; their paths.

    `behind` is the lock of the branch whose release is left behind; `is_ours` says that it is the current branch's.
    `derived` files, which a command makes, are taken from the other branch. A file in which somebody has decided the
    conflict already is left alone.
    """
    ahead = 3 if is_ours else 2
    done = {}
    for path, stages in unmerged.items():
        if path in derived and ahead in stages:
            leaf: Leaf | None = replace(stages[ahead], data=git.read(service.top, [stages[ahead].blob])[0])
        else:
            leaf = _merged(service, path, stages, behind, is_ours=is_ours)
        if leaf is not None:
            done[service.prefix + path] = leaf
    if done:
        git.write_blobs(
            service.repository.objects, [leaf.data or b"" for leaf in done.values()], service.repository.object_format
        )
        git.update_index(service.top, [("0", NO_BLOB, 0, path) for path in done])
        git.update_index(service.top, [(*leaf.identity, 0, path) for path, leaf in done.items()])
        git.checkout_index(service.top, done)
    return [path.removeprefix(service.prefix) for path in done]


def keep(service: Service, paths: list[str]) -> str:
    """Commit these files as they are on disk, on no branch; the commit's id."""
    with tempfile.TemporaryDirectory(prefix="paved-kept-") as folder:
        made = git.snapshot(service.top, index=Path(folder) / "index", paths=[service.prefix + path for path in paths])
    return git.commit_tree(service.top, made, "HEAD", "What files held when paved update --continue merged them")


def _merged(service: Service, path: str, stages: Mapping[int, Leaf], behind: Lock, *, is_ours: bool) -> Leaf | None:
    """The merged file; None where a person has to decide, or has done so."""
    there, locked = disk.look(service.path, path), behind.files.get(path)
    if there is None or locked is None or not has_markers(there.data) or not {2, 3} <= stages.keys():
        return None
    left, ahead = (stages[2], stages[3]) if is_ours else (stages[3], stages[2])
    if not all(one.mode in _REGULAR for one in (locked, left, ahead)):
        return None
    base, ours, theirs = git.read(service.top, [locked.blob, left.blob, ahead.blob])
    if base is None or ours is None or theirs is None:
        return None
    text, clean = git.merge_texts(base, ours, theirs)
    if not clean:
        text = structured.resolve(path, base, ours, theirs, text) or b""
    if not text or has_markers(text) or structured.fault(path, base, ours, theirs, text):
        return None
    mode = left.mode if ahead.mode == locked.mode else ahead.mode
    return Leaf(mode=mode, blob=git.blob_id(text, service.repository.object_format), data=text)
