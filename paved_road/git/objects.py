"""Reading and writing git's objects: trees, files and their contents."""

from __future__ import annotations

import hashlib
import io
import os
import re
import select
import subprocess
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Self, cast

from paved_road import debug
from paved_road.errors import GitError
from paved_road.git import process as processes
from paved_road.git.entries import SHA1, BlobId, Mode, TreeEntry
from paved_road.git.process import FATAL, NO, READER, endless, maybe, named, refuse_old, run, starting


def list_tree(repository: Path, revision: str) -> dict[str, TreeEntry]:
    """The files of a commit or tree (`commit:folder` names a folder's tree) by path, without submodules."""
    listing = run(*named(repository), "ls-tree", "-r", "-z", "--full-tree", revision, cwd=repository)
    entries = {}
    for line in listing.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        facts, path = line.split("\t", 1)
        mode, kind, blob = facts.split(" ")
        if kind == "blob":
            entries[path] = TreeEntry(mode=Mode.from_git(mode), blob=BlobId(blob))
    return entries


def list_sizes(repository: Path, revision: str) -> dict[str, int]:
    """The bytes of each regular file of a commit or tree (`commit:folder` names a folder's tree) by path."""
    asked = ("ls-tree", "-r", "-l", "-z", "--full-tree", revision)
    listing = run(*named(repository), *asked, cwd=repository)
    sizes = {}
    for line in listing.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        facts, path = line.split("\t", 1)
        mode, kind, _, size = facts.split()
        if kind == "blob" and size.isdigit() and Mode.from_git(mode) is not Mode.SYMLINK:
            sizes[path] = int(size)
    return sizes


class Objects:
    """The objects of a repository, read through one git process that stays open. A context manager."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self._width = 20
        """Bytes of an object id in a tree."""
        self._trees: dict[str, dict[str, TreeEntry]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._answered: io.BufferedReader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None = None, *_: object) -> None:
        if self._process is not None:
            if failure is not None:  # git may hang, and waiting for it may be what failed
                self._process.kill()
            self._process.communicate()

    def read(self, names: Iterable[str]) -> list[bytes | None]:
        """The contents of objects (ids, or `commit:path`); None for an object that does not exist."""
        return list(self._answers("contents", names))

    def existing(self, ids: Iterable[str]) -> set[str]:
        """The object ids that the repository has."""
        wanted = sorted(set(ids))
        return {one for one, found in zip(wanted, self.ids(wanted), strict=True) if found is not None}

    def ids(self, names: Iterable[str]) -> list[str | None]:
        """The ids of objects (such as `commit:path`); None for an object that does not exist."""
        return [None if found is None else found.decode() for found in self._answers("info", names)]

    def files(self, tree: str) -> dict[str, TreeEntry]:
        """The files of a tree (an id, `commit:` or `commit:folder`), without submodules, sorted by path."""
        return self.listing(tree)[0]

    def listing(self, tree: str) -> tuple[dict[str, TreeEntry], dict[str, TreeEntry]]:
        """The files of a tree, and its submodules with their commits; both sorted by path. Raises `GitError`."""
        found: dict[str, TreeEntry] = {}
        submodules: dict[str, TreeEntry] = {}
        folders = {"": tree}
        while folders:
            self._learn(folders.values())
            below: dict[str, str] = {}
            for prefix, one in folders.items():
                for name, entry in self._trees[one].items():
                    if entry.mode is Mode.FOLDER:
                        below[f"{prefix}{name}/"] = entry.blob
                    else:
                        kind = submodules if entry.mode is Mode.SUBMODULE else found
                        kind[prefix + name] = entry
            folders = below
        return dict(sorted(found.items())), dict(sorted(submodules.items()))

    def folder(self, tree: str) -> dict[str, TreeEntry] | None:
        """The entries of one folder (an id, `commit:` or `commit:folder`) by name; None if it does not exist."""
        (content,) = self.read([tree])
        return None if content is None else dict(_tree_entries(content, self._width))

    def _learn(self, trees: Iterable[str]) -> None:
        """Read the trees that are not known yet: many services share most of their folders."""
        unknown = [tree for tree in dict.fromkeys(trees) if tree not in self._trees]
        for tree, content in zip(unknown, self.read(unknown), strict=True):
            if content is None:
                raise GitError(f"{self.repository} has no tree {tree}")
            self._trees[tree] = dict(_tree_entries(content, self._width))

    def _answers(self, verb: str, names: Iterable[str]) -> Iterator[bytes | None]:
        """Git's answers in order. Few are asked at a time, so that neither side waits for the other's pipe."""
        for some in _batches(_raw(name) for name in names):
            answered = 0
            while answered < len(some):
                try:
                    for answer in self._ask(verb, some[answered:]):
                        answered += 1
                        yield answer
                except BrokenPipeError:
                    self._ended()
                    answered += 1
                    yield None

    def _ask(self, verb: str, names: list[bytes]) -> Iterator[bytes | None]:
        questions, answers = self._pipes()
        questions.write(b"".join(b"%s %s\0" % (verb.encode(), name) for name in names))
        questions.flush()
        for name in names:
            header = answers.readline()
            if not header:
                raise BrokenPipeError
            if not _FOUND.fullmatch(header):
                for _ in range(name.count(b"\n")):  # git repeats the unknown name, which may contain line ends
                    answers.readline()
                yield None
                continue
            self._width = header.index(b" ") // 2
            if verb == "info":
                yield header.split(b" ", 1)[0]
            else:
                size = int(header.rsplit(b" ", 1)[1])
                yield answers.read(size + 1)[:-1]

    def _ended(self) -> None:
        """Handle a git that ended instead of answering. In a partial clone that means: it lacks the object."""
        self.__exit__()
        self._process = None
        where = named(self.repository)
        run(*where, "rev-parse", "--git-dir", cwd=self.repository)  # raises with the reason, if git knows it
        refuse_old()
        if maybe(*where, "config", "--get-regexp", _PARTIAL, cwd=self.repository) is None:
            raise GitError(f"git cannot read the objects of {self.repository}")

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            debug.log("git cat-file --batch-command, in", self.repository)
            with starting(self.repository):
                self._process = subprocess.Popen(
                    ["git", *named(self.repository), "cat-file", "--batch-command", "-z"],
                    cwd=self.repository,
                    env=READER.environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            self._answered = io.BufferedReader(_Waiting(self._process))
        return cast(IO[bytes], self._process.stdin), cast(io.BufferedReader, self._answered)


class _Waiting(io.RawIOBase):
    """The output of a git process, for readers that do not wait forever."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._handle = cast(IO[bytes], process.stdout).fileno()
        self._ready = select.poll()
        self._ready.register(self._handle, select.POLLIN)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there. Raises `GitError` if nothing comes within `LONGEST` seconds."""
        if not self._ready.poll(processes.LONGEST * 1000):
            self._process.kill()
            raise endless("cat-file")
        return os.readv(self._handle, [buffer])


_QUESTIONS = 16 * 2**10
"""Bytes that are asked at a time: a pipe holds 64 KiB."""


def _batches(names: Iterable[bytes]) -> Iterator[list[bytes]]:
    some: list[bytes] = []
    size = 0
    for name in names:
        if some and size + len(name) > _QUESTIONS:
            yield some
            some, size = [], 0
        some.append(name)
        size += len(name)
    if some:
        yield some


_PARTIAL = r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$"
_FOUND = re.compile(rb"[0-9a-f]{40,64} [a-z]+ \d+\n")
"""The first line of an answer: the object's id, type and size."""


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _tree_entries(content: bytes, width: int) -> Iterator[tuple[str, TreeEntry]]:
    """Parse a tree object, whose ids have `width` bytes, into names and entries."""
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        mode = Mode.from_git(content[at:space].decode())
        at = end + 1 + width
        name = content[space + 1 : end].decode("utf-8", "surrogateescape")
        yield name, TreeEntry(mode=mode, blob=BlobId(content[end + 1 : at].hex()))


def read_objects(repository: Path, names: Iterable[str]) -> list[bytes | None]:
    """The contents of objects (ids, or `commit:path`); None for an object that does not exist."""
    with Objects(repository) as objects:
        return objects.read(names)


def submodules(repository: Path, commit: str) -> dict[str, str]:
    """The URL of each submodule that a commit's `.gitmodules` names, by path."""
    known = ("--blob", f"{commit}:.gitmodules", "-z", "--get-regexp", r"^submodule\..*\.(path|url)$")
    listing = maybe(*named(repository), "config", *known, cwd=repository, no=(NO, FATAL)) or ""
    facts = dict(pair.split("\n", 1) for pair in listing.split("\0") if "\n" in pair)
    paths = {key.removesuffix(".path"): path for key, path in facts.items() if key.endswith(".path")}
    return {path.rstrip("/"): facts[f"{name}.url"] for name, path in paths.items() if f"{name}.url" in facts}


def write_blobs(folder: Path, contents: Iterable[bytes], object_format: str = SHA1) -> None:
    """Write blobs into the folder of a repository's objects, as git does: one file each.

    No process is started, because starting processes takes most of an update's time. The files take their mode from
    the folder, which is how git shares a repository among users. Raises `OSError`.
    """
    mode = folder.stat().st_mode & 0o7777
    for content in contents:
        blob = b"blob %d\0%s" % (len(content), content)
        name = hashlib.new(object_format, blob, usedforsecurity=False).hexdigest()
        target = folder / name[:2] / name[2:]
        if not target.exists():
            if not target.parent.exists():
                target.parent.mkdir(exist_ok=True)
                target.parent.chmod(mode)
            _place(target, zlib.compress(blob, 1), mode & 0o444)


def _place(target: Path, content: bytes, mode: int) -> None:
    """Write a file so that it is there whole or not at all."""
    # git's own name for an unfinished object; `git gc` removes old ones.
    scratch = target.with_name(f"tmp_obj_{os.getpid()}")
    try:
        scratch.write_bytes(content)
        scratch.chmod(mode)
        scratch.rename(target)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
