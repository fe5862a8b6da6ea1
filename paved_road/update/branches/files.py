"""Files that git merged wrongly, or not at all, because it did not know that both branches were updated.

For git the merge base is the commit where the branches parted, and both sides changed the road's lines since. The lock
of the branch with the older release knows a nearer base: what that release rendered. From that base, the other branch
has the newer release's lines and its own, and this branch has only what its team wrote.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.errors import GitError
from paved_road.git.entries import Mode, TreeEntry, blob_id
from paved_road.road.owners import Owner
from paved_road.service.repair import has_markers
from paved_road.update import disk
from paved_road.update.merge import structured

if TYPE_CHECKING:
    from paved_road.service.model import Service
    from paved_road.update.branches.sides import Branch, Stages

MergedFiles = Mapping[str, TreeEntry | None]
"""Files that nobody has to decide, by their path from the service's folder; None for a file to remove."""

_REGULAR = (Mode.FILE, Mode.EXECUTABLE)


def merge_unmerged(
    service: Service, unmerged: Mapping[str, Stages], behind: Branch, derived: Collection[str]
) -> MergedFiles:
    """Merge the unmerged files that nobody has to decide.

    `behind` is the branch whose release is left behind. The `derived` files, which a command makes, are taken from the
    other branch. A file whose conflict somebody has decided already is left alone.
    """
    stage_behind, stage_ahead = (2, 3) if behind.is_ours else (3, 2)
    done: dict[str, TreeEntry | None] = {}
    for path, stages in unmerged.items():
        if path in derived and stage_ahead in stages:
            ahead = stages[stage_ahead]
            done[path] = replace(ahead, data=git.read_objects(service.top, [ahead.blob])[0])
            continue
        on_disk, locked = disk.file_at(service.path, path), behind.lock.files.get(path)
        if on_disk is None or locked is None or not has_markers(on_disk.data) or not {2, 3} <= stages.keys():
            continue
        merged = _merge_file(service, path, locked.entry, stages[stage_behind], stages[stage_ahead])
        if merged is not None:
            done[path] = merged
    return done


def merge_again(service: Service, behind: Branch) -> MergedFiles:
    """Merge files again that git merged without a conflict, but not as it would have from the nearer base.

    What both releases added, git may have added twice; what the newer release removed again, git has kept. A file that
    somebody has changed since, or that conflicts from the nearer base, is left alone. After `git stash pop` nothing
    says what was merged, so nothing is merged again.
    """
    if (trees := _merged_trees(service)) is None:
        return {}
    current, other, merged = (git.list_tree(service.top, f"{tree}:{service.prefix}") for tree in trees)
    left, ahead = (current, other) if behind.is_ours else (other, current)
    staged = git.read_index(service.repository, service.path).files
    done: dict[str, TreeEntry | None] = {}
    for path, locked in behind.lock.files.items():
        now, made, pristine = staged.get(service.prefix + path), merged.get(path), locked.entry
        if now is None or made is None or now.entry != made:
            continue
        if path not in left or locked.owner not in (Owner.ROAD, Owner.SHARED):
            continue
        ours, theirs = left[path], ahead.get(path)
        if ours in (pristine, theirs):
            wanted = theirs
        elif theirs is None or (wanted := _merge_file(service, path, pristine, ours, theirs)) is None:
            continue
        if wanted != made:
            done[path] = wanted
    expected = {service.prefix + path: merged[path] for path in done}
    touched = disk.find_differences(service.top, expected, role=git.PERSON)
    return {path: entry for path, entry in done.items() if service.prefix + path not in touched}


def _merged_trees(service: Service) -> tuple[str, str, str] | None:
    """The current commit, the one that git puts into it, and the tree that git makes of both."""
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


def _merge_file(
    service: Service, path: str, pristine: TreeEntry, behind: TreeEntry, ahead: TreeEntry
) -> TreeEntry | None:
    """The merge of one file; None if a person has to decide, or if a side is no text or is missing."""
    if not all(entry.mode in _REGULAR for entry in (pristine, behind, ahead)):
        return None
    base, ours, theirs = git.read_objects(service.top, [pristine.blob, behind.blob, ahead.blob])
    if base is None or ours is None or theirs is None:
        return None
    text, clean = git.merge_texts(base, ours, theirs)
    if not clean:
        text = structured.resolve_conflicts(path, base, ours, theirs, text) or b""
    if not text or has_markers(text) or structured.find_fault(path, base, ours, theirs, text):
        return None
    mode = behind.mode if ahead.mode == pristine.mode else ahead.mode
    return TreeEntry(mode=mode, blob=blob_id(text, service.repository.object_format), data=text)


def write_merged(service: Service, merged: MergedFiles) -> None:
    """Write the files to the index and the work tree."""
    entries = {service.prefix + path: entry for path, entry in merged.items()}
    new = [entry.data for entry in entries.values() if entry and entry.data is not None]
    if new:
        git.write_blobs(service.repository.objects, new, service.repository.object_format)
    git.update_index(service.top, entries)
    git.checkout_index(service.top, [path for path, entry in entries.items() if entry])
    for path in [path for path, entry in entries.items() if entry is None]:
        disk.remove(service.top, path, root=service.path)


def keep_as_commit(service: Service, paths: list[str]) -> str:
    """Commit these files as they are on disk, on no branch; the commit's id."""
    with tempfile.TemporaryDirectory(prefix="paved-kept-") as folder:
        made = git.write_tree_from_disk(
            service.top, index=Path(folder) / "index", paths=[service.prefix + path for path in paths]
        )
    return git.commit_tree(service.top, made, "HEAD", "What files held when paved update --continue merged them")
