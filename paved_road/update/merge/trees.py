"""The three-way merge of trees: git's own, in a scratch repository, with what git cannot know decided around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from paved_road import git
from paved_road.git import Commit, Scratch, TreeEntry
from paved_road.git.entries import Files, Mode, Snapshot
from paved_road.update import renames
from paved_road.update.merge import line_endings, stanzas, structured
from paved_road.update.merge.attributes import NO_ATTRIBUTES, Attributes

REGULAR = frozenset({Mode.FILE, Mode.EXECUTABLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """What a person has to decide about one path: the stages git keeps in its index, and what it is about."""

    stages: Mapping[int, TreeEntry]
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """The merged files (conflicted ones with their markers), the conflicts, and what deserves a look."""

    files: Snapshot
    """They differ from the tree that git wrote where more was decided."""
    conflicts: Mapping[str, Conflict]
    notes: tuple[str, ...] = ()
    structured: frozenset[str] = field(default=frozenset())
    """Paths whose conflict was decided on the parsed data."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """What is merged: the files of the three sides, and how the markers of a conflict call them."""

    base: Snapshot
    ours: Files
    theirs: Files
    labels: tuple[str, str, str]
    """Of base, ours and theirs."""
    held: Files = field(default_factory=dict)
    """Files of the service's that stay out of the merge."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Files that git will take for renamed by the service, old path to new."""
    attributes: Attributes = NO_ATTRIBUTES


def merge_trees(scratch: Scratch, many: Sequence[Sides]) -> list[Merged]:
    """Merge in `scratch`, which sees every blob. As many merges as there are take the same few git processes."""
    even = [_one_line_ending(scratch, sides) for sides in many]
    scratch.commit(commit for number, sides in enumerate(even) for commit in _commits(number, sides))
    found: dict[int, git.Merge] = {}
    for attributes, numbers in _by_attributes(even).items():
        pairs = [(f"ours-{number}", f"theirs-{number}") for number in numbers]
        merges = scratch.merge(pairs, attributes=attributes.lines, settings=attributes.settings)
        found |= dict(zip(numbers, merges, strict=True))
    return [_merged(scratch, number, sides, found[number]) for number, sides in enumerate(even)]


def _commits(number: int, sides: Sides) -> list[Commit]:
    base = f"base-{number}"
    return [
        Commit(branch=base, files=sides.base),
        Commit(branch=f"ours-{number}", files=sides.ours, parent=base),
        Commit(branch=f"theirs-{number}", files=sides.theirs, parent=base),
    ]


def _by_attributes(many: Sequence[Sides]) -> dict[Attributes, list[int]]:
    """The merges by their attributes, which are settings of the process that merges."""
    groups: dict[Attributes, list[int]] = {}
    for number, sides in enumerate(many):
        groups.setdefault(sides.attributes, []).append(number)
    return groups


def _merged(scratch: Scratch, number: int, sides: Sides, said: git.Merge) -> Merged:
    said = _named(number, sides, said)
    written = scratch.snapshot(said.tree)
    files: Files = {_named_path(number, sides, path): leaf for path, leaf in written.items()}
    conflicts = {path: Conflict(stages=stages, reason=_reason(path, said)) for path, stages in said.conflicts.items()}
    files, conflicts, decided = _decide(scratch, number, sides, files, conflicts, said)
    files, conflicts = _doubt(scratch, sides, files, conflicts, said)
    files, conflicts = _keep_what_vanished(scratch, sides, files, conflicts)
    notes = [text for _, kind, text in said.messages if kind.startswith("Directory rename")]
    notes += renames.notes(sides.renamed, sides.ours, files)
    return Merged(
        files=written.holding({**files, **sides.held}), conflicts=conflicts, notes=tuple(notes), structured=decided
    )


def _named(number: int, sides: Sides, said: git.Merge) -> git.Merge:
    """Git's answer with the labels for the branches of a batch, by which it calls what it had to set aside."""
    conflicts = {_named_path(number, sides, path): stages for path, stages in said.conflicts.items()}
    messages = tuple(
        (tuple(_named_path(number, sides, path) for path in paths), kind, text) for paths, kind, text in said.messages
    )
    return replace(said, conflicts=conflicts, messages=messages)


def _named_path(number: int, sides: Sides, path: str) -> str:
    """`file~ours-3` is what git calls the service's file where the road made a folder of the same name."""
    for side, label in zip(("ours", "theirs"), sides.labels[1:], strict=True):
        path = re.sub(rf"~{side}-{number}(_\d+)?$", rf"~{label.replace('/', '_')}\1", path)
    return path


def _named_markers(number: int, sides: Sides, text: bytes) -> bytes:
    """A conflicted text with the labels for the branches of a batch, and for the base's commit."""
    base, ours, theirs = (label.encode() for label in sides.labels)
    text = re.sub(rb"^(<{7,} )ours-%d\b" % number, lambda found: found[1] + ours, text, flags=re.MULTILINE)
    text = re.sub(rb"^(>{7,} )theirs-%d\b" % number, lambda found: found[1] + theirs, text, flags=re.MULTILINE)
    return re.sub(rb"^(\|{7,} )[0-9a-f]{7,64}\b", lambda found: found[1] + base, text, flags=re.MULTILINE)


def _one_line_ending(scratch: Scratch, sides: Sides) -> Sides:
    """The sides with the contents of each file in one style of line ends."""
    base, ours, theirs = three = (dict(sides.base), dict(sides.ours), dict(sides.theirs))
    paths = [
        path
        for path, leaf in ours.items()
        if path in base and path in theirs and base[path].blob != leaf.blob
        and all(side[path].mode in REGULAR for side in three)
    ]  # fmt: skip
    contents = [scratch.read([side[path] for path in paths]) for side in three]
    for path, *data in zip(paths, *contents, strict=True):
        same = line_endings.in_one_style(*data)
        if same is not None:
            for side, content in zip(three, same, strict=True):
                side[path] = scratch.entry(side[path].mode, content)
    return replace(sides, base=sides.base.holding(base), ours=ours, theirs=theirs)


def _reason(path: str, said: git.Merge) -> str:
    kinds = [
        kind.removeprefix("CONFLICT (").rstrip(")")
        for paths, kind, _ in said.messages
        if path in paths and kind.startswith("CONFLICT")
    ]
    return kinds[0] if kinds else "contents"


def _decide(
    scratch: Scratch, number: int, sides: Sides, files: Files, conflicts: dict[str, Conflict], said: git.Merge
) -> tuple[Files, dict[str, Conflict], frozenset[str]]:
    """Decide conflicts in structured files where the data decides them; name the sides in the others."""
    files, conflicts = dict(files), dict(conflicts)
    for path, conflict in said.conflicts.items():
        if path not in files or files[path].mode not in REGULAR:
            continue
        text = scratch.read([files[path]])[0]
        if conflicts[path].reason == "contents" and {1, 2, 3} <= conflict.keys():
            base, ours, theirs = scratch.read([conflict[stage] for stage in (1, 2, 3)])
            resolved = structured.resolve_conflicts(path, base, ours, theirs, text)
            if resolved is not None:
                files[path] = scratch.entry(files[path].mode, resolved)
                del conflicts[path]
                continue
        if (named := _named_markers(number, sides, text)) != text:
            files[path] = scratch.entry(files[path].mode, named)
    return files, conflicts, frozenset(said.conflicts.keys() - conflicts.keys())


def _doubt(
    scratch: Scratch, sides: Sides, files: Files, conflicts: dict[str, Conflict], said: git.Merge
) -> tuple[Files, dict[str, Conflict]]:
    """Look again at what git merged cleanly: it goes by lines, and knows neither stanzas nor data."""
    files, conflicts = dict(files), dict(conflicts)
    merged = {paths[0] for paths, kind, _ in said.messages if kind == "Auto-merging"} & files.keys()
    for path in sorted(merged - said.conflicts.keys()):
        three = _three(sides, path)
        if three is None or files[path].mode not in REGULAR or sides.attributes.has_driver(path):
            continue
        base, ours, theirs, text = scratch.read([*three, files[path]])
        wanted, reason = _doubted(path, base, ours, theirs, text)
        if reason:
            conflicts[path] = Conflict(stages=dict(zip((1, 2, 3), three, strict=True)), reason=reason)
            wanted = _whole(ours, theirs, *sides.labels[1:])
        if wanted != text:
            files[path] = scratch.entry(files[path].mode, wanted)
    return files, conflicts


def _keep_what_vanished(
    scratch: Scratch, sides: Sides, files: Files, conflicts: dict[str, Conflict]
) -> tuple[Files, dict[str, Conflict]]:
    """Keep a file of the service's that is gone without a word, as a conflict, when lines of it are in no file.

    Where both sides move a file to the same new name, git (2.39) can take one of them for both and call that clean.
    """
    blobs = {leaf.blob for leaf in files.values()}
    gone = [
        path
        for path, leaf in sides.ours.items()
        if path not in files and path not in conflicts and leaf.blob not in blobs
        and leaf.mode in REGULAR and (path not in sides.base or sides.base[path].blob != leaf.blob)
    ]  # fmt: skip
    if not gone:
        return files, conflicts
    known = {leaf.blob for leaf in (*sides.base.values(), *sides.theirs.values())}
    merged = scratch.read([leaf for leaf in files.values() if leaf.blob not in known])
    standing = {line for text in merged for line in text.splitlines()}
    files, conflicts = dict(files), dict(conflicts)
    for path in gone:
        before = sides.base.get(path)
        base, ours = scratch.read([before])[0] if before else b"", scratch.read([sides.ours[path]])[0]
        if not set(ours.splitlines()) - set(base.splitlines()) <= standing:
            stages = {1: before, 2: sides.ours[path]} if before else {2: sides.ours[path]}
            files[path] = sides.ours[path]
            conflicts[path] = Conflict(stages={n: leaf for n, leaf in stages.items() if leaf}, reason="modify/delete")
    return files, conflicts


def _three(sides: Sides, path: str) -> list[TreeEntry] | None:
    """The three files that were merged to one; None when git put them together from other places."""
    before = {new: old for old, new in sides.renamed.items()}.get(path, path)
    found = sides.base.get(before), sides.ours.get(path), sides.theirs.get(before)
    return None if None in found else [leaf for leaf in found if leaf]


def _doubted(path: str, base: bytes, ours: bytes, theirs: bytes, text: bytes) -> tuple[bytes, str]:
    """The text to take for a merge that git found clean, and why a person has to look, if one has to."""
    if b"\0" in text:
        return text, ""
    other = stanzas.merge_stanzas(base, ours, theirs)
    if other is None:
        return text, structured.find_fault(path, base, ours, theirs, text)
    aligned, collides = other
    if not collides:
        return aligned, structured.find_fault(path, base, ours, theirs, aligned)
    return text, "the blocks are too much alike to tell which one was changed"


def _whole(ours: bytes, theirs: bytes, ours_name: str, theirs_name: str) -> bytes:
    """Both files whole, as one conflict."""

    def ended(data: bytes) -> bytes:
        return data if data.endswith(b"\n") or not data else data + b"\n"

    return b"".join(
        (
            b"<<<<<<< ",
            ours_name.encode(),
            b"\n",
            ended(ours),
            b"=======\n",
            ended(theirs),
            b">>>>>>> ",
            theirs_name.encode(),
            b"\n",
        )
    )
