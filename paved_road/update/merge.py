"""The three-way merge of trees: git's own, in a scratch repository, with what git cannot know decided around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from paved_road import git
from paved_road.git import Leaf
from paved_road.tree import File, Mode
from paved_road.update import lines, structured

Files = dict[str, Leaf]

REGULAR = frozenset({Mode.FILE, Mode.EXECUTABLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """What a person has to decide about one path: the stages git keeps in its index, and what it is about."""

    stages: Mapping[int, Leaf]
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """The merged files (conflicted ones with their markers), the conflicts, and what deserves a look."""

    files: Files
    conflicts: Mapping[str, Conflict]
    notes: tuple[str, ...] = ()
    structured: frozenset[str] = field(default=frozenset())
    """Paths whose conflict was decided on the parsed data."""


def merge(scratch: Path, base: Files, ours: Files, theirs: Files, *, labels: tuple[str, str, str]) -> Merged:
    """Merge in `scratch`, which sees every blob. `labels` name base, ours and theirs in conflict markers."""
    base, ours, theirs = _one_line_ending(scratch, base, ours, theirs)
    base_name, ours_name, theirs_name = labels
    git.write_commits(
        scratch, {base_name: (base, None), ours_name: (ours, base_name), theirs_name: (theirs, base_name)}
    )
    said = git.merge_tree(scratch, ours_name, theirs_name, attributes=_attributes(scratch, ours))
    files = {entry.path: Leaf(mode=entry.mode, blob=entry.blob) for entry in git.tree(scratch, said.tree)}
    written = {name: {e.path: Leaf(mode=e.mode, blob=e.blob) for e in git.tree(scratch, name)} for name in labels}
    conflicts = {path: Conflict(stages=stages, reason=_reason(path, said)) for path, stages in said.conflicts.items()}
    files, conflicts, decided = _decide(scratch, files, conflicts, said, written, labels)
    notes = _guesses(written[base_name], written[ours_name], written[theirs_name], files)
    return Merged(files=files, conflicts=conflicts, notes=tuple(notes), structured=frozenset(decided))


def _one_line_ending(scratch: Path, base: Files, ours: Files, theirs: Files) -> tuple[Files, Files, Files]:
    """The inputs with the contents of each file in one style of line ends."""
    paths = [
        path
        for path, leaf in ours.items()
        if path in base and path in theirs and base[path].blob != leaf.blob
        and all(side[path].mode in REGULAR for side in (base, ours, theirs))
    ]  # fmt: skip
    sides = base, ours, theirs
    contents = [_read(scratch, [side[path] for path in paths]) for side in sides]
    changed: list[Files] = [dict(side) for side in sides]
    for path, *data in zip(paths, *contents, strict=True):
        same = lines.common(*data)
        if same is not None:
            for side, content in zip(changed, same, strict=True):
                side[path] = _leaf(side[path].mode, content)
    return changed[0], changed[1], changed[2]


def _read(scratch: Path, leaves: list[Leaf]) -> list[bytes]:
    stored = iter(git.read(scratch, [leaf.blob for leaf in leaves if leaf.data is None]))
    return [leaf.data if leaf.data is not None else next(stored) or b"" for leaf in leaves]


def _attributes(scratch: Path, ours: Files) -> Path | None:
    """The service's `.gitattributes` as a file, for a bare repository that does not look into the tree."""
    leaf = ours.get(".gitattributes")
    if leaf is None:
        return None
    (content,) = _read(scratch, [leaf])
    path = scratch / "attributes"
    path.write_bytes(content)
    return path


def _reason(path: str, said: git.Merge) -> str:
    kinds = [
        kind.removeprefix("CONFLICT (").rstrip(")")
        for paths, kind, _ in said.messages
        if path in paths and kind.startswith("CONFLICT")
    ]
    return kinds[0] if kinds else "contents"


def _decide(
    scratch: Path,
    files: Files,
    conflicts: dict[str, Conflict],
    said: git.Merge,
    written: Mapping[str, Files],
    labels: tuple[str, str, str],
) -> tuple[Files, dict[str, Conflict], list[str]]:
    """Decide conflicts in structured files where the data decides them; refuse clean merges that no longer parse."""
    files, conflicts = dict(files), dict(conflicts)
    decided: list[str] = []
    for path, conflict in said.conflicts.items():
        if path not in files or conflicts[path].reason != "contents":
            continue
        text = _read(scratch, [files[path]])[0]
        if {1, 2, 3} <= conflict.keys():
            base, ours, theirs = _read(scratch, [conflict[stage] for stage in (1, 2, 3)])
            resolved = structured.resolve(path, base, ours, theirs, text)
            if resolved is not None:
                files[path] = _leaf(files[path].mode, resolved)
                del conflicts[path]
                decided.append(path)
                continue
        named = text.replace(b"\n||||||| " + _short(scratch, labels[0]), b"\n||||||| " + labels[0].encode())
        files[path] = _leaf(files[path].mode, named)
    for path in {paths[0] for paths, kind, _ in said.messages if kind == "Auto-merging"} - conflicts.keys():
        sides = [written[name][path] for name in labels if path in written[name]]
        if len(sides) < 3 or path not in files or structured.parses(path, b"") is None:
            continue
        base, ours, theirs, text = _read(scratch, [*sides, files[path]])
        before = all(structured.parses(path, side) for side in (base, ours, theirs))
        if before and not structured.parses(path, text):
            reason = "the merge is clean as text but no longer parses"
            conflicts[path] = Conflict(stages=dict(zip((1, 2, 3), sides, strict=True)), reason=reason)
            files[path] = _leaf(files[path].mode, _whole(ours, theirs, *labels[1:]))
    return files, conflicts, decided


def _leaf(mode: str, data: bytes) -> Leaf:
    return Leaf(mode=mode, blob=File(data).blob, data=data)


def _short(scratch: Path, name: str) -> bytes:
    return git.text("rev-parse", "--short", name, cwd=scratch).encode()


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


def _guesses(base: Files, ours: Files, theirs: Files, merged: Files) -> list[str]:
    """Files of the service's own that changed because git took them for renamed ones."""
    return [
        f"{path}: git took it for a file the service renamed, and brought it the road's change; look at it"
        for path, leaf in merged.items()
        if path in ours and path not in base and path not in theirs and (ours[path].blob != leaf.blob)
    ]
