"""Files that git merged wrongly, or not at all, because it did not know that both branches were updated.

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
from paved_road.errors import GitError
from paved_road.git.entries import Mode, TreeEntry
from paved_road.road.owners import Owner
from paved_road.service.repair import has_markers
from paved_road.update import disk
from paved_road.update.merge import structured

if TYPE_CHECKING:
    from paved_road.service.lock import Lock
    from paved_road.service.model import Service

Unmerged = Mapping[str, Mapping[int, TreeEntry]]
"""The stages of each path, from the service's folder, that git's index has not merged."""

_REGULAR = (Mode.FILE, Mode.EXECUTABLE)


Merged = Mapping[str, TreeEntry | None]
"""Files that nobody has to decide, by their path from the service's folder; None for one to remove."""


def merge(service: Service, unmerged: Unmerged, behind: Lock, derived: Collection[str], *, is_ours: bool) -> Merged:
    """Merge those of the unmerged files that need nobody to decide them.

    `behind` is the lock of the branch whose release is left behind; `is_ours` says that it is the current branch's.
    `derived` files, which a command makes, are taken from the other branch. A file in which somebody has decided the
    conflict already is left alone.
    """
    ahead = 3 if is_ours else 2
    done: dict[str, TreeEntry | None] = {}
    for path, stages in unmerged.items():
        if path in derived and ahead in stages:
            done[path] = replace(stages[ahead], data=git.read(service.top, [stages[ahead].blob])[0])
        elif (leaf := _merged(service, path, stages, behind, is_ours=is_ours)) is not None:
            done[path] = leaf
    return done


def merge_again(service: Service, behind: Lock, *, is_ours: bool) -> Merged:
    """Merge those files again that git merged without a conflict, but not as it would have from the nearer base.

    What both releases added, git may have added twice; what the newer release removed again, git has kept. A file that
    somebody has changed since, or that conflicts from the nearer base, is left alone. After `git stash pop` nothing
    says what was merged, so nothing is merged again.
    """
    if (commits := _met(service)) is None:
        return {}
    current, other, merged = (git.tree(service.top, f"{tree}:{service.prefix}") for tree in commits)
    left, ahead = (current, other) if is_ours else (other, current)
    staged = git.read_index(service.repository, service.path).files
    done: dict[str, TreeEntry | None] = {}
    for path, locked in behind.files.items():
        now = staged.get(service.prefix + path)
        made, pristine = merged.get(path), locked.entry
        if now is None or made is None or now.entry != made:
            continue
        if path not in left or locked.owner not in (Owner.ROAD, Owner.SHARED):
            continue
        ours, theirs = left[path], ahead.get(path)
        if ours in (pristine, theirs):
            wanted = theirs
        elif theirs is None or (wanted := _text(service, path, pristine, ours, theirs)) is None:
            continue
        if wanted != made:
            done[path] = wanted
    expected = {service.prefix + path: merged[path] for path in done}
    touched = disk.find_differences(service.top, expected, role=git.PERSON)
    return {path: leaf for path, leaf in done.items() if service.prefix + path not in touched}


def _met(service: Service) -> tuple[str, str, str] | None:
    """The current commit, the one that git puts into it, and what git makes of both: a tree."""
    for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD"):
        if (other := git.resolve(service.path, name)) is not None:
            break
    else:
        return None
    current = "HEAD"
    if name != "MERGE_HEAD":  # the base is the commit before the other one
        if (parent := git.resolve(service.path, f"{other}^")) is None:
            return None
        current = git.commit_tree(service.top, "HEAD^{tree}", parent, "What another commit was put on")
    try:
        return "HEAD", other, git.merged_tree(service.top, current, other)
    except GitError:  # histories that are not related; a clone without all contents
        return None


def write(service: Service, merged: Merged) -> None:
    """Write the files to the index and the work tree."""
    files = {service.prefix + path: entry for path, entry in merged.items()}
    new = [entry.data for entry in files.values() if entry and entry.data is not None]
    if new:
        git.write_blobs(service.repository.objects, new, service.repository.object_format)
    git.update_index(service.top, files)
    git.checkout_index(service.top, [path for path, entry in files.items() if entry])
    for path in [path for path, entry in files.items() if entry is None]:
        disk.remove(service.top, path, root=service.path)


def keep(service: Service, paths: list[str]) -> str:
    """Commit these files as they are on disk, on no branch; the commit's id."""
    with tempfile.TemporaryDirectory(prefix="paved-kept-") as folder:
        made = git.snapshot(service.top, index=Path(folder) / "index", paths=[service.prefix + path for path in paths])
    return git.commit_tree(service.top, made, "HEAD", "What files held when paved update --continue merged them")


def _merged(
    service: Service, path: str, stages: Mapping[int, TreeEntry], behind: Lock, *, is_ours: bool
) -> TreeEntry | None:
    """The merged file; None where a person has to decide, or has done so."""
    there, locked = disk.file_at(service.path, path), behind.files.get(path)
    if there is None or locked is None or not has_markers(there.data) or not {2, 3} <= stages.keys():
        return None
    left, ahead = (stages[2], stages[3]) if is_ours else (stages[3], stages[2])
    return _text(service, path, locked.entry, left, ahead)


def _text(service: Service, path: str, locked: TreeEntry, left: TreeEntry, ahead: TreeEntry) -> TreeEntry | None:
    """The merge of a file's three texts; None where a person has to decide, or one of them is none."""
    if not all(one.mode in _REGULAR for one in (locked, left, ahead)):
        return None
    base, ours, theirs = git.read(service.top, [locked.blob, left.blob, ahead.blob])
    if base is None or ours is None or theirs is None:
        return None
    text, clean = git.merge_texts(base, ours, theirs)
    if not clean:
        text = structured.resolve_conflicts(path, base, ours, theirs, text) or b""
    if not text or has_markers(text) or structured.find_fault(path, base, ours, theirs, text):
        return None
    mode = left.mode if ahead.mode == locked.mode else ahead.mode
    return TreeEntry(mode=mode, blob=git.blob_id(text, service.repository.object_format), data=text)
