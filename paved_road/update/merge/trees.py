"""The three-way merge of trees: git merges them in a scratch repository, and paved decides what git cannot know.

`merge_trees` takes `Sides` and returns `Merged`. Its steps: give the sides one style of line endings, let git merge,
resolve conflicts in structured files, review what git merged cleanly, and keep files that git lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from paved_road import git
from paved_road.git import Commit, Scratch
from paved_road.git.entries import Files, Mode, Snapshot, TreeEntry
from paved_road.update import renames
from paved_road.update.merge import line_endings, stanzas, structured
from paved_road.update.merge.attributes import NO_ATTRIBUTES, Attributes
from paved_road.update.merge.labels import BranchLabels

REGULAR = frozenset({Mode.FILE, Mode.EXECUTABLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """What a person has to decide about one path: its stages in git's index, and why it is a conflict."""

    stages: Mapping[int, TreeEntry]
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """The merged files (conflicted ones with their markers), the conflicts, and notes for the person."""

    files: Snapshot
    """They differ from the tree that git wrote where paved decided more."""
    conflicts: Mapping[str, Conflict]
    notes: tuple[str, ...] = ()
    structured: frozenset[str] = frozenset()
    """Paths whose conflict was resolved on the parsed data."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """The three sides of a merge, and the labels that conflict markers give them."""

    base: Snapshot
    ours: Files
    theirs: Files
    labels: tuple[str, str, str]
    """Of base, ours and theirs."""
    held: Files = field(default_factory=dict)
    """Files of the service's that stay out of the merge."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Files that git will detect as renamed by the service, old path to new."""
    attributes: Attributes = NO_ATTRIBUTES


def merge_trees(scratch: Scratch, many: Sequence[Sides]) -> list[Merged]:
    """Merge in `scratch`, which sees every blob. Many merges take the same few git processes as one."""
    batch = [
        (BranchLabels(number=number, labels=sides.labels), _with_one_line_ending(scratch, sides))
        for number, sides in enumerate(many)
    ]
    scratch.commit(commit for branches, sides in batch for commit in _commits(branches, sides))
    merges: dict[BranchLabels, git.Merge] = {}
    for attributes in dict.fromkeys(sides.attributes for _, sides in batch):  # they are settings of git's process
        alike = [branches for branches, sides in batch if sides.attributes == attributes]
        pairs = [(branches.ours, branches.theirs) for branches in alike]
        by_git = scratch.merge(pairs, attributes=attributes.lines, settings=attributes.settings)
        merges |= dict(zip(alike, by_git, strict=True))
    return [_complete(scratch, branches, sides, merges[branches]) for branches, sides in batch]


def _with_one_line_ending(scratch: Scratch, sides: Sides) -> Sides:
    """The sides with the contents of each file in one style of line endings."""
    three = base, ours, theirs = dict(sides.base), dict(sides.ours), dict(sides.theirs)
    paths = [
        path
        for path, entry in ours.items()
        if path in base and path in theirs and base[path].blob != entry.blob
        and all(side[path].mode in REGULAR for side in three)
    ]  # fmt: skip
    contents = [scratch.read([side[path] for path in paths]) for side in three]
    for path, *data in zip(paths, *contents, strict=True):
        if (converted := line_endings.in_one_style(*data)) is not None:
            for side, content in zip(three, converted, strict=True):
                side[path] = scratch.entry(side[path].mode, content)
    return replace(sides, base=sides.base.holding(base), ours=ours, theirs=theirs)


def _commits(branches: BranchLabels, sides: Sides) -> list[Commit]:
    return [
        Commit(branch=branches.base, files=sides.base),
        Commit(branch=branches.ours, files=sides.ours, parent=branches.base),
        Commit(branch=branches.theirs, files=sides.theirs, parent=branches.base),
    ]


def _complete(scratch: Scratch, branches: BranchLabels, sides: Sides, named_by_branch: git.Merge) -> Merged:
    """What git merged, and what paved decides around it."""
    merge = branches.replaced_in_merge(named_by_branch)
    written = scratch.snapshot(merge.tree)
    by_git = Merged(
        files=written.holding({branches.replaced_in_path(path): entry for path, entry in written.items()}),
        conflicts={path: Conflict(stages=of, reason=_reason(path, merge)) for path, of in merge.conflicts.items()},
        notes=tuple(text for _, kind, text in merge.messages if kind.startswith("Directory rename")),
    )
    resolved = _resolve_structured(scratch, branches, by_git)
    clean = {paths[0] for paths, kind, _ in merge.messages if kind == "Auto-merging"} - merge.conflicts.keys()
    reviewed = _review_clean(scratch, sides, sorted(clean & resolved.files.keys()), resolved)
    kept = _keep_lost(scratch, sides, reviewed)
    files = written.holding({**kept.files, **sides.held})
    return replace(kept, files=files, notes=(*kept.notes, *renames.notes(sides.renamed, sides.ours, kept.files)))


def _reason(path: str, merge: git.Merge) -> str:
    """Git's word for the kind of a conflict."""
    kinds = (
        kind.removeprefix("CONFLICT (").rstrip(")")
        for paths, kind, _ in merge.messages
        if path in paths and kind.startswith("CONFLICT")
    )
    return next(kinds, "contents")


def _resolve_structured(scratch: Scratch, branches: BranchLabels, merged: Merged) -> Merged:
    """Resolve conflicts in structured files where the data decides them; label the sides in the others."""
    files, conflicts = dict(merged.files), dict(merged.conflicts)
    for path, conflict in merged.conflicts.items():
        if path not in files or files[path].mode not in REGULAR:
            continue
        (text,) = scratch.read([files[path]])
        resolved = None
        if conflict.reason == "contents" and {1, 2, 3} <= conflict.stages.keys():
            base, ours, theirs = scratch.read([conflict.stages[stage] for stage in (1, 2, 3)])
            resolved = structured.resolve_conflicts(path, base, ours, theirs, text)
        if resolved is not None:
            del conflicts[path]
        wanted = branches.replaced_in_markers(text) if resolved is None else resolved
        if wanted != text:
            files[path] = scratch.entry(files[path].mode, wanted)
    decided = frozenset(merged.conflicts.keys() - conflicts.keys())
    return replace(merged, files=merged.files.holding(files), conflicts=conflicts, structured=decided)


def _review_clean(scratch: Scratch, sides: Sides, paths: Sequence[str], merged: Merged) -> Merged:
    """Review the files that git merged cleanly: it merges by lines, and knows neither stanzas nor data."""
    files, conflicts = dict(merged.files), dict(merged.conflicts)
    for path in paths:
        three = _merged_from(sides, path)
        if three is None or files[path].mode not in REGULAR or sides.attributes.has_driver(path):
            continue
        base, ours, theirs, text = scratch.read([*three, files[path]])
        wanted, reason = _review(path, base, ours, theirs, text)
        if reason:
            conflicts[path] = Conflict(stages=dict(zip((1, 2, 3), three, strict=True)), reason=reason)
            wanted = _as_one_conflict(ours, theirs, *sides.labels[1:])
        if wanted != text:
            files[path] = scratch.entry(files[path].mode, wanted)
    return replace(merged, files=merged.files.holding(files), conflicts=conflicts)


def _merged_from(sides: Sides, path: str) -> list[TreeEntry] | None:
    """The three files that were merged into one; None if git put them together from other places."""
    old = {new: old for old, new in sides.renamed.items()}.get(path, path)
    three = sides.base.get(old), sides.ours.get(path), sides.theirs.get(old)
    return None if None in three else [entry for entry in three if entry]


def _review(path: str, base: bytes, ours: bytes, theirs: bytes, text: bytes) -> tuple[bytes, str]:
    """The text to use for a merge that git found clean, and why a person has to look at it ("" if nobody has to)."""
    if b"\0" in text:
        return text, ""
    by_stanza = stanzas.merge_stanzas(base, ours, theirs)
    if by_stanza is None:
        return text, structured.find_fault(path, base, ours, theirs, text)
    aligned, collides = by_stanza
    if collides:
        return text, "the blocks are too much alike to tell which one was changed"
    return aligned, structured.find_fault(path, base, ours, theirs, aligned)


def _as_one_conflict(ours: bytes, theirs: bytes, ours_label: str, theirs_label: str) -> bytes:
    """Both files whole, between conflict markers."""

    def lines() -> Iterator[bytes]:
        yield f"<<<<<<< {ours_label}\n".encode()
        yield ours if ours.endswith(b"\n") or not ours else ours + b"\n"
        yield b"=======\n"
        yield theirs if theirs.endswith(b"\n") or not theirs else theirs + b"\n"
        yield f">>>>>>> {theirs_label}\n".encode()

    return b"".join(lines())


def _keep_lost(scratch: Scratch, sides: Sides, merged: Merged) -> Merged:
    """Keep a file of the service's that git dropped without a message, as a conflict, if its lines are in no file.

    Where both sides move a file to the same new name, git (2.39) can take one of them for both and call that clean.
    """
    blobs = {entry.blob for entry in merged.files.values()}
    lost = [
        path
        for path, entry in sides.ours.items()
        if path not in merged.files and path not in merged.conflicts and entry.blob not in blobs
        and entry.mode in REGULAR and (path not in sides.base or sides.base[path].blob != entry.blob)
    ]  # fmt: skip
    if not lost:
        return merged
    known = {entry.blob for entry in (*sides.base.values(), *sides.theirs.values())}
    texts = scratch.read([entry for entry in merged.files.values() if entry.blob not in known])
    lines = {line for text in texts for line in text.splitlines()}
    files, conflicts = dict(merged.files), dict(merged.conflicts)
    for path in lost:
        stages = {1: sides.base[path]} if path in sides.base else {}
        stages[2] = sides.ours[path]
        *base, ours = scratch.read(list(stages.values()))
        if not set(ours.splitlines()) - set(b"".join(base).splitlines()) <= lines:
            files[path] = sides.ours[path]
            conflicts[path] = Conflict(stages=stages, reason="modify/delete")
    return replace(merged, files=merged.files.holding(files), conflicts=conflicts)
