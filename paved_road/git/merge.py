"""Three-way merges in a scratch repository, which borrows the objects of others and keeps new ones to itself."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from paved_road.errors import GitError
from paved_road.git.entries import SHA1, BlobId, Files, Mode, Snapshot, TreeEntry, TreeId, blob_id
from paved_road.git.objects import Objects
from paved_road.git.process import NO, READER, ended, failure, named, run


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """The result of `git merge-tree`: the merged tree, the stages of each conflicted path, and git's messages."""

    tree: TreeId
    conflicts: Mapping[str, Mapping[int, TreeEntry]]
    messages: tuple[tuple[tuple[str, ...], str, str], ...]
    """For each message the paths, the kind (such as `CONFLICT (contents)`), and the text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit to make. Only what differs from its parent is written, or from the stored tree of a `Snapshot`."""

    branch: str
    files: Files
    parent: str | None = None
    """The branch of an earlier commit."""


class Scratch:
    """A bare repository that borrows the objects of others and keeps new ones to itself. A context manager."""

    def __init__(self, folder: Path, borrow: Iterable[Path], object_format: str = SHA1) -> None:
        self.folder = folder
        self.object_format = object_format
        # By name, not by path: if the parent folder was removed meanwhile, git would create it again, readable by all.
        name = ("--bare", "--template=", f"--object-format={object_format}", folder.name)
        run("init", "--quiet", *name, cwd=folder.parent)
        (folder / "objects" / "info").mkdir(exist_ok=True)
        (folder / "objects" / "info" / "alternates").write_text("".join(f"{path}\n" for path in borrow))
        self.objects = Objects(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self.objects.__exit__(failure)

    def snapshot(self, tree: TreeId) -> Snapshot:
        """The files of a tree that the repository has."""
        files = self.objects.files(tree)
        return Snapshot(tree=tree, stored=files, files=files)

    def entry(self, mode: Mode, data: bytes) -> TreeEntry:
        """An entry for a new content, which it carries."""
        return TreeEntry(mode=mode, blob=blob_id(data, self.object_format), data=data)

    def read(self, entries: Iterable[TreeEntry]) -> list[bytes]:
        """The contents of entries; empty for a submodule. Raises `GitError` if no repository has one."""
        wanted = list(entries)
        stored = iter(self.objects.read([entry.blob for entry in wanted if entry.data is None]))
        contents = [entry.data if entry.data is not None else next(stored) for entry in wanted]
        for entry, data in zip(wanted, contents, strict=True):
            if data is None and entry.mode is not Mode.SUBMODULE:
                raise _lacking(entry.blob)
        return [data or b"" for data in contents]

    def mentioning(self, tree: str, text: str) -> list[str]:
        """The paths of the text files of a tree that contain this text."""
        command = (*named(self.folder), "grep", "--no-recurse-submodules", "-I", "-lzF", "-e", text, tree)
        try:
            listing = run(*command, cwd=self.folder).decode("utf-8", "surrogateescape")
        except GitError as error:
            if error.status == NO and not error.refused:
                return []
            raise
        return [line.removeprefix(f"{tree}:") for line in listing.split("\0")[:-1]]

    def commit(self, commits: Iterable[Commit]) -> None:
        """Create branches of one commit each, in one git process. Raises `GitError` if a blob is missing."""
        known: dict[str, Files] = {}
        stream: list[bytes] = []
        for one in commits:
            stream.append(b"commit refs/heads/%s\n" % one.branch.encode())
            stream.append(b"committer paved <paved@localhost> 1000000000 +0000\ndata 0\n")
            before: Files = {}
            if one.parent is not None:
                before = known[one.parent]
                stream.append(b"from refs/heads/%s\n" % one.parent.encode())
            elif isinstance(one.files, Snapshot):
                before = one.files.stored
                stream.append(b'M 040000 %s ""\n' % one.files.tree.encode())
            stream += _difference(before, one.files)
            known[one.branch] = one.files
        if stream:
            try:
                run(*named(self.folder), "fast-import", "--quiet", "--force", cwd=self.folder, stdin=b"".join(stream))
            except GitError as error:
                if found := re.search(r"Blob not found: M \d+ (?P<blob>[0-9a-f]+) (?P<path>.+)", error.cause):
                    raise _lacking(found["blob"], found["path"]) from error
                raise

    def merge(
        self, pairs: Iterable[tuple[str, str]], *, attributes: bytes = b"", settings: Iterable[str] = ()
    ) -> list[Merge]:
        """Merge pairs of branches three-way, by git's own merge, in one process.

        Before git 2.43 a bare repository does not read a tree's `.gitattributes`; `attributes` takes their place.
        """
        request = "".join(f"{ours} {theirs}\n" for ours, theirs in pairs)
        if not request:
            return []
        file = Path(os.devnull)
        if attributes:
            file = self.folder / "attributes"
            file.write_bytes(attributes)
        every = (*settings, *_MERGING, f"core.attributesFile={file}")
        options = [word for setting in every for word in ("-c", setting)]
        command = (*named(self.folder), *options, "merge-tree", "--stdin", "-z", "--messages")
        return list(_merges(run(*command, cwd=self.folder, stdin=request.encode())))


def _lacking(blob: str, path: str = "") -> GitError:
    return GitError(
        f"the repository does not have the content of {path or 'a file'} ({blob[:10]})",
        cause="a partial clone leaves contents out until they are needed, and paved does not fetch them",
        hint="fetch them: git archive HEAD >/dev/null",
    )


def _difference(before: Files, after: Files) -> Iterator[bytes]:
    """The fast-import commands that turn the files `before` into the files `after`; removals come first."""
    for path in before.keys() - after.keys():
        yield b"D %s\n" % quoted(path)
    for path, entry in after.items():
        if before.get(path) == entry:
            continue
        name = quoted(path)
        if entry.data is None:
            yield b"M %s %s %s\n" % (entry.mode.encode(), entry.blob.encode(), name)
        else:
            yield b"M %s inline %s\ndata %d\n%s\n" % (entry.mode.encode(), name, len(entry.data), entry.data)


def quoted(path: str) -> bytes:
    """A path in C-style quotes, as git reads it whatever its characters."""
    raw = path.encode("utf-8", "surrogateescape")
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'


_MERGING = (
    "merge.conflictStyle=zdiff3",
    "merge.renames=true",
    "diff.renames=true",
    "merge.directoryRenames=true",
    "merge.renormalize=false",
    "merge.renameLimit=0",
)


def _merges(answer: bytes) -> Iterator[Merge]:
    """Parse `merge-tree --stdin -z --messages`: for each merge a flag, the tree, the stages, the messages."""
    words = answer.decode("utf-8", "surrogateescape").split("\0")
    position = 0
    while position < len(words) - 1:
        tree = TreeId(words[position + 1])
        position += 2
        stages: dict[str, dict[int, TreeEntry]] = {}
        while words[position]:
            facts, path = words[position].split("\t", 1)
            mode, blob, stage = facts.split(" ")
            entry = TreeEntry(mode=Mode.from_git(mode), blob=BlobId(blob))
            stages.setdefault(path, {})[int(stage)] = entry
            position += 1
        position += 1
        messages = []
        while words[position]:
            count = int(words[position])
            paths = tuple(words[position + 1 : position + 1 + count])
            kind, said = words[position + 1 + count : position + 3 + count]
            messages.append((paths, kind, said.strip()))
            position += 3 + count
        position += 1
        yield Merge(tree=tree, conflicts=stages, messages=tuple(messages))


def merge_texts(base: bytes, ours: bytes, theirs: bytes) -> tuple[bytes, bool]:
    """Merge three texts, with git's markers where they conflict; and whether the merge is clean."""
    with tempfile.TemporaryDirectory(prefix="paved-merge-") as folder:
        names = ("ours", "base", "theirs")
        for name, text in zip(names, (ours, base, theirs), strict=True):
            (Path(folder) / name).write_bytes(text)
        command = ["git", "merge-file", "-p", "--diff3", *names]
        done = ended(command, Path(folder), READER.environment())
    if done.returncode not in range(128):  # below that it is the number of conflicts
        raise failure("merge-file", done)
    return done.stdout, done.returncode == 0


def merged_tree(repository: Path, ours: str, theirs: str) -> str:
    """The tree of the merge of two commits; files that conflict contain markers."""
    request = f"{ours} {theirs}\n".encode()
    return next(_merges(run("merge-tree", "--stdin", "-z", "--messages", cwd=repository, stdin=request))).tree


def detect_renames(repository: Path, old: str, new: str) -> list[tuple[str, str]]:
    """The files that git detects as renamed between two trees, old path and new path, by their similarity."""
    options = ("-r", "-z", "-M", "-l0", "--diff-filter=R", "--name-status")
    listing = run(*named(repository), "diff-tree", *options, old, new, cwd=repository)
    words = iter(listing.decode("utf-8", "surrogateescape").split("\0"))
    return [(next(words), next(words)) for status in words if status]


def diff_patch(repository: Path, old: str, new: str) -> str:
    """The difference between two trees as a patch with renames."""
    options = ("-r", "-p", "-M", "--no-color", "--no-ext-diff", "--no-textconv")
    return run(*named(repository), "diff-tree", *options, old, new, cwd=repository).decode(errors="replace")


def diff_stat(repository: Path, old: str, new: str, width: int) -> str:
    """The lines added to and removed from each file between two trees, as `git diff --stat` draws them."""
    options = ("-r", "-M", "--no-color", "--no-ext-diff", "--no-textconv", f"--stat={width}")
    quoting = ("-c", "core.quotePath=false")
    return run(*quoting, *named(repository), "diff-tree", *options, old, new, cwd=repository).decode(errors="replace")


def diff_folders(old: Path, new: Path) -> str:
    """The difference between two folders with the same parent, as a patch with paths below each of them."""
    plain = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-prefix", "--exit-code")
    command = ["git", "-c", "core.quotePath=false", "diff", "--no-index", *plain, old.name, new.name]
    done = ended(command, old.parent, READER.environment())
    if done.returncode not in (0, 1):
        raise failure("diff", done)
    return done.stdout.decode(errors="replace")
