"""The only code that runs git: typed functions over a hermetic environment.

Nothing here prints, prompts or depends on the directory, index or configuration variables of a git command that
may have called paved (a hook, an alias, a rebase).
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self, cast

from paved_road import debug
from paved_road.errors import GitError

OLDEST = (2, 38)
"""`git merge-tree --write-tree`, on which updates stand, came with git 2.38."""

# What a caller's GIT_* variables may still tell git: how to connect, and who commits. Everything else (GIT_DIR,
# GIT_INDEX_FILE, GIT_WORK_TREE, ...) would point it at the wrong repository. After pre-commit's `no_git_env`.
_KEPT = re.compile(
    r"GIT_(EXEC_PATH|SSH|SSH_COMMAND|SSL_\w+|HTTP_\w+|ALLOW_PROTOCOL|ASKPASS|CONFIG(_\w+)?|(AUTHOR|COMMITTER)_\w+)$"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file of a git tree."""

    path: str
    mode: str
    blob: str


def environment() -> dict[str, str]:
    """The environment git runs in: this process's, less the GIT_* variables that name a repository."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or _KEPT.match(key)}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def run(
    *args: str | Path, cwd: Path | None = None, stdin: bytes | None = None, hint: str = "", index: Path | None = None
) -> bytes:
    """Run git and return its standard output; a non-zero exit is a `GitError` that says what git said.

    `index` is a file to use instead of the repository's own index.
    """
    command = ["git", *map(str, args)]
    debug.tell(*command)
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment() | ({"GIT_INDEX_FILE": str(index)} if index else {}),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise GitError(f"no such directory: {cwd}") from error
        raise GitError("git is not installed", cause="no `git` on PATH", hint="install git 2.38 or newer") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
        raise GitError(f"git {_subcommand(command)} failed", cause=said, hint=hint)
    return done.stdout


def _subcommand(command: list[str]) -> str:
    """The first word that is neither an option of git itself nor an option's value."""
    words = iter(command[1:])
    for word in words:
        if word in ("-c", "-C", "--git-dir"):
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def text(*args: str | Path, cwd: Path | None = None) -> str:
    """`run`, decoded and stripped."""
    return run(*args, cwd=cwd).decode(errors="replace").strip()


def maybe(*args: str | Path, cwd: Path | None = None) -> str | None:
    """`text`, or None when git says no."""
    try:
        return text(*args, cwd=cwd)
    except GitError as error:
        if "not installed" in error.message:
            raise
        return None


@functools.cache
def version() -> tuple[int, ...]:
    """Git's version as numbers: (2, 39, 5)."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text("--version"))
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)


# -- asking a repository -----------------------------------------------------------------------------------------


def toplevel(path: Path) -> Path | None:
    """The root of the work tree that `path` (or its nearest existing parent) is in; None outside of one."""
    while not path.is_dir():
        path = path.parent
    found = maybe("rev-parse", "--show-toplevel", cwd=path)
    return Path(found) if found else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A repository as a work tree sees it."""

    top: Path
    """The root of the work tree."""
    folder: Path
    """Git's own folder for this work tree."""
    objects: Path
    """Where the objects are, also for a linked work tree."""
    head: str | None
    """The commit that was checked out when this was read; None before the first one."""


def repository(path: Path) -> Repository | None:
    """The repository that the folder `path` is in; None outside of one."""
    asked = ("--show-toplevel", "--absolute-git-dir", "--git-path", "objects", "--revs-only", "HEAD")
    said = maybe("rev-parse", *asked, cwd=path) if path.is_dir() else None
    if said is None:
        return None
    top, folder, objects, *head = said.splitlines()
    return Repository(
        top=Path(top), folder=Path(folder), objects=(path / objects).resolve(), head=head[0] if head else None
    )


def is_repository(path: Path) -> bool:
    """Whether `path` is the root of a work tree or a bare repository (not merely inside one)."""
    if not path.is_dir():
        return False
    if (path / ".git").exists():
        return True
    return (path / "HEAD").is_file() and (path / "objects").is_dir()


def resolve(repository: Path, revision: str) -> str | None:
    """The commit id that a revision names, or None."""
    return maybe("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}", cwd=repository)


def tags(repository: Path) -> dict[str, str]:
    """Every tag of the repository and the commit it names."""
    listing = text(
        "for-each-ref",
        "--format=%(refname:strip=2) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)",
        "refs/tags",
        cwd=repository,
    )
    return dict(line.rsplit(" ", 1) for line in listing.splitlines())


def branches(repository: Path) -> list[str]:
    """The names of the local branches."""
    return text("for-each-ref", "--format=%(refname:strip=2)", "refs/heads", cwd=repository).splitlines()


def describe(repository: Path, commit: str) -> str:
    """What Copier records as `_commit`: the tag, tag-count-id, or the abbreviated id."""
    return text("describe", "--tags", "--always", commit, cwd=repository)


def first_parent_log(repository: Path, commit: str, path: str) -> list[str]:
    """The first-parent commits that changed `path`, newest first."""
    listing = text("log", "--first-parent", "--format=%H", commit, "--", path, cwd=repository)
    return listing.splitlines()


def tree(repository: Path, revision: str) -> list[Entry]:
    """Every file of a commit or tree (`commit:folder` names a folder's tree), submodules left out."""
    listing = run("ls-tree", "-r", "-z", "--full-tree", revision, cwd=repository)
    entries = []
    for line in listing.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        facts, path = line.split("\t", 1)
        mode, kind, blob = facts.split(" ")
        if kind == "blob":
            entries.append(Entry(path=path, mode=mode, blob=blob))
    return entries


class Objects:
    """The objects of a repository, read through one git process that is kept open. A context manager."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self._trees: dict[str, list[tuple[str, str, str]]] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()

    def read(self, names: Iterable[str]) -> list[bytes | None]:
        """The contents of objects (ids, or `commit:path`); None for one that does not exist."""
        return list(self._answers("contents", names))

    def existing(self, ids: Iterable[str]) -> set[str]:
        """Those of the object ids that the repository has."""
        wanted = sorted(set(ids))
        return {one for one, found in zip(wanted, self.ids(wanted), strict=True) if found is not None}

    def ids(self, names: Iterable[str]) -> list[str | None]:
        """The ids of objects (`commit:path` names one); None for one that does not exist."""
        return [None if found is None else found.decode() for found in self._answers("info", names)]

    def files(self, tree: str) -> list[Entry]:
        """Every file of a tree (an id, `commit:` or `commit:folder`), submodules left out, by path."""
        found: list[Entry] = []
        folders = {"": tree}
        while folders:
            self._learn(folders.values())
            below: dict[str, str] = {}
            for prefix, one in folders.items():
                for mode, name, blob in self._trees[one]:
                    if mode == FOLDER:
                        below[f"{prefix}{name}/"] = blob
                    elif mode != _SUBMODULE:
                        found.append(Entry(path=prefix + name, mode=mode, blob=blob))
            folders = below
        return sorted(found, key=lambda entry: entry.path)

    def folder(self, tree: str) -> list[tuple[str, str, str]] | None:
        """Mode, name and id of each entry of one folder (an id, `commit:` or `commit:folder`); None for none."""
        (content,) = self.read([tree])
        return None if content is None else list(_tree_entries(content))

    def _learn(self, trees: Iterable[str]) -> None:
        """Read those trees that were not read before: most services have most of their folders in common."""
        unknown = [tree for tree in dict.fromkeys(trees) if tree not in self._trees]
        for tree, content in zip(unknown, self.read(unknown), strict=True):
            if content is None:
                raise GitError(f"{self.repository} has no tree {tree}")
            self._trees[tree] = list(_tree_entries(content))

    def _answers(self, verb: str, names: Iterable[str]) -> Iterator[bytes | None]:
        """Git's answers in turn. Few questions are put at a time, so that neither side waits for the other's pipe."""
        for some in _batches(list(names), size=_QUESTIONS):
            questions, answers = self._pipes()
            try:
                questions.write(b"".join(b"%s %s\n" % (verb.encode(), _raw(name)) for name in some))
                questions.flush()
                for _ in some:
                    header = answers.readline()
                    if not header:
                        raise BrokenPipeError
                    if header.endswith((b" missing\n", b" ambiguous\n")):
                        yield None
                    elif verb == "info":
                        yield header.split(b" ", 1)[0]
                    else:
                        size = int(header.rsplit(b" ", 1)[1])
                        yield answers.read(size + 1)[:-1]
            except BrokenPipeError as error:
                raise GitError(f"git cannot read the objects of {self.repository}") from error

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            debug.tell("git cat-file --batch-command, in", self.repository)
            self._process = subprocess.Popen(
                ["git", "cat-file", "--batch-command"],
                cwd=self.repository,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)


FOLDER = "40000"
_SUBMODULE = "160000"
_QUESTIONS = 100
"""A question is at most a path long, and a pipe holds 64 KiB."""


def _batches(items: list[str], *, size: int) -> Iterator[list[str]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def _raw(name: str) -> bytes:
    """A name as one line; one with a line's end in it names nothing."""
    return b"missing" if "\n" in name else name.encode("utf-8", "surrogateescape")


def _tree_entries(content: bytes) -> Iterator[tuple[str, str, str]]:
    """Mode, name and id of each entry of a tree object."""
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        mode = content[at:space].decode()
        if mode.startswith("100"):
            mode = "100755" if int(mode, 8) & 0o100 else "100644"
        yield mode, content[space + 1 : end].decode("utf-8", "surrogateescape"), content[end + 1 : end + 21].hex()
        at = end + 21


def read(repository: Path, names: Iterable[str]) -> list[bytes | None]:
    """The contents of objects (ids, or `commit:path`); None for one that does not exist."""
    with Objects(repository) as objects:
        return objects.read(names)


def working_files(directory: Path) -> list[str]:
    """Tracked and untracked, not ignored files of a work tree's folder that exist, relative to it."""
    listing = run("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", cwd=directory)
    paths = listing.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return [path for path in paths if os.path.lexists(directory / path)]


def is_ignored(path: Path) -> bool:
    """Whether the work tree that `path` is in ignores it."""
    parent = path.parent
    while not parent.is_dir():
        parent = parent.parent
    return maybe("check-ignore", "--quiet", path, cwd=parent) is not None


def ignored(directory: Path, paths: Iterable[str]) -> set[str]:
    """Those of the paths below `directory` that its work tree ignores."""
    request = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    if not request:
        return set()
    try:
        answer = run("check-ignore", "-z", "--stdin", cwd=directory, stdin=request)
    except GitError as error:
        if error.cause == "exit status 1":  # it ignores none of them
            return set()
        raise
    return set(answer.decode("utf-8", "surrogateescape").split("\0")[:-1])


def last_with(repository: Path, path: str) -> str | None:
    """The last commit that still had a file which HEAD does not have; None where the history does not say."""
    listing = maybe(
        "log", "-1", "--format=%P", "--diff-filter=D", "HEAD", "--", f":(top,literal){path}", cwd=repository
    )
    return listing.split(" ", 1)[0] if listing else None


def has_file(repository: Path, commit: str, path: str) -> bool:
    """Whether a commit has a file at this path."""
    return maybe("cat-file", "-e", f"{commit}:{path}", cwd=repository) is not None


def merge_attributes(directory: Path, paths: Iterable[str]) -> dict[str, str]:
    """The value of the attribute `merge` of those paths below `directory` for which it is specified."""
    request = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    if not request:
        return {}
    answer = run("check-attr", "-z", "--stdin", "merge", cwd=directory, stdin=request)
    words = answer.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return {path: value for path, value in zip(words[::3], words[2::3], strict=True) if value != "unspecified"}


def settings(repository: Path, pattern: str) -> dict[str, str]:
    """The settings whose names match a regular expression, as the repository sees them."""
    listing = maybe("config", "-z", "--get-regexp", pattern, cwd=repository) or ""
    return dict(pair.split("\n", 1) for pair in listing.split("\0") if "\n" in pair)


@functools.lru_cache
def renames(repository: Path, old: str, new: str, folder: str) -> list[tuple[str, str]]:
    """Files that were renamed between two commits, oldest first, as git saw it commit by commit; below `folder`."""
    prefix = f"{folder}/" if folder else ""
    listing = run(
        *("log", "--reverse", "--first-parent", "-m", "-M", "--diff-filter=R", "--name-status", "-z", "--format="),
        *(f"{old}..{new}", "--", folder or "."),
        cwd=repository,
    )
    words = iter(listing.decode("utf-8", "surrogateescape").split("\0"))
    found = []
    for word in words:
        if word.lstrip("\n").startswith("R"):
            before, after = next(words), next(words)
            if before.startswith(prefix) and after.startswith(prefix):
                found.append((before.removeprefix(prefix), after.removeprefix(prefix)))
    return found


def log_files(directory: Path, revisions: str) -> list[tuple[str, list[str]]]:
    """The commits of a range that touch `directory`, newest first, each with the files it changed.

    Paths are from the repository's root. Of a merge, the files that are as none of its parents has them.
    """
    listing = run(
        *(
            "log",
            "--format=%x01%H",
            "--name-only",
            "-z",
            "--no-renames",
            "-c",
            "--end-of-options",
            revisions,
            "--",
            ".",
        ),
        cwd=directory,
    ).decode("utf-8", "surrogateescape")
    commits = (block.split("\0") for block in listing.split("\x01")[1:])
    return [(commit.strip(), [path.lstrip("\n") for path in paths if path.strip("\n")]) for commit, *paths in commits]


# -- merging in a scratch store ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """A file in a tree: its mode and either the id of an existing blob or its content."""

    mode: str
    blob: str
    data: bytes | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """What `git merge-tree` said: the merged tree, the stages of each conflicted path, and its messages."""

    tree: str
    conflicts: Mapping[str, Mapping[int, Leaf]]
    messages: tuple[tuple[tuple[str, ...], str, str], ...]
    """Paths, the kind (as in `CONFLICT (contents)`), the text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit to make: its files, and what they are told apart from to write only the difference."""

    branch: str
    files: Mapping[str, Leaf]
    parent: str | None = None
    """The branch of a commit made before it."""
    like: tuple[str, Mapping[str, Leaf]] | None = None
    """Without a parent: a tree that has most of the files already, and its files."""


class Scratch:
    """A bare repository that borrows the objects of others and keeps new ones to itself. A context manager."""

    def __init__(self, folder: Path, borrow: Iterable[Path]) -> None:
        self.folder = folder
        run("init", "--quiet", "--bare", "--template=", folder)
        (folder / "objects" / "info").mkdir(exist_ok=True)
        (folder / "objects" / "info" / "alternates").write_text("".join(f"{path}\n" for path in borrow))
        self.objects = Objects(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.objects.__exit__()

    def files(self, tree: str) -> dict[str, Leaf]:
        """The files of a tree."""
        return {entry.path: Leaf(mode=entry.mode, blob=entry.blob) for entry in self.objects.files(tree)}

    def read(self, leaves: Iterable[Leaf]) -> list[bytes]:
        """The contents of leaves; empty for one that is nowhere."""
        wanted = list(leaves)
        stored = iter(self.objects.read([leaf.blob for leaf in wanted if leaf.data is None]))
        return [leaf.data if leaf.data is not None else next(stored) or b"" for leaf in wanted]

    def commit(self, commits: Iterable[Commit]) -> None:
        """Make branches of one commit each, in one git process. Only what differs from the parent is written."""
        known: dict[str, Mapping[str, Leaf]] = {}
        stream: list[bytes] = []
        for one in commits:
            stream.append(b"commit refs/heads/%s\n" % one.branch.encode())
            stream.append(b"committer paved <paved@localhost> 1000000000 +0000\ndata 0\n")
            before: Mapping[str, Leaf] = {}
            if one.parent is not None:
                before = known[one.parent]
                stream.append(b"from refs/heads/%s\n" % one.parent.encode())
            elif one.like is not None:
                tree, before = one.like
                stream.append(b'M 040000 %s ""\n' % tree.encode())
            stream += _difference(before, one.files)
            known[one.branch] = one.files
        if stream:
            run("fast-import", "--quiet", "--force", cwd=self.folder, stdin=b"".join(stream))

    def merge(
        self, pairs: Iterable[tuple[str, str]], *, attributes: bytes = b"", settings: Iterable[str] = ()
    ) -> list[Merge]:
        """The three-way merges of pairs of branches, by git's own merge, in one process.

        A bare repository does not see a tree's `.gitattributes` before git 2.43: `attributes` are those that count.
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
        command = (*options, "merge-tree", "--stdin", "-z", "--messages")
        return list(_merges(run(*command, cwd=self.folder, stdin=request.encode())))


def _difference(before: Mapping[str, Leaf], after: Mapping[str, Leaf]) -> Iterator[bytes]:
    """What fast-import has to be told to make the files `after` of the files `before`; removals go first."""
    for path in before.keys() - after.keys():
        yield b"D %s\n" % quoted(path)
    for path, leaf in after.items():
        known = before.get(path)
        if known is not None and (known.mode, known.blob) == (leaf.mode, leaf.blob):
            continue
        name = quoted(path)
        if leaf.data is None:
            yield b"M %s %s %s\n" % (leaf.mode.encode(), leaf.blob.encode(), name)
        else:
            yield b"M %s inline %s\ndata %d\n%s\n" % (leaf.mode.encode(), name, len(leaf.data), leaf.data)


def quoted(path: str) -> bytes:
    """A path as git reads any path: in quotes, C-style."""
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
    """What `merge-tree --stdin -z --messages` says: a flag, the tree, the stages, the messages; again and again."""
    words = answer.decode("utf-8", "surrogateescape").split("\0")
    position = 0
    while position < len(words) - 1:
        tree = words[position + 1]
        position += 2
        stages: dict[str, dict[int, Leaf]] = {}
        while words[position]:
            facts, path = words[position].split("\t", 1)
            mode, blob, stage = facts.split(" ")
            stages.setdefault(path, {})[int(stage)] = Leaf(mode=mode, blob=blob)
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


def renamed(repository: Path, old: str, new: str) -> list[tuple[str, str]]:
    """Files that git takes for renamed between two trees, by their similarity."""
    options = ("-r", "-z", "-M", "-l0", "--diff-filter=R", "--name-status")
    words = iter(run("diff-tree", *options, old, new, cwd=repository).decode("utf-8", "surrogateescape").split("\0"))
    return [(next(words), next(words)) for status in words if status]


def patch(repository: Path, old: str, new: str) -> str:
    """The difference between two trees as a person reads it, renames found."""
    return run("diff-tree", "-r", "-p", "-M", "--no-color", "--no-ext-diff", old, new, cwd=repository).decode(
        errors="replace"
    )


def diff_folders(old: Path, new: Path) -> str:
    """The difference between two folders beside each other, with paths as if each were the root."""
    options = ("--no-index", "--no-color", "--no-ext-diff", "--no-renames", "--no-prefix", "--exit-code")
    command = ["git", "-c", "core.quotePath=false", "diff", *options, old.name, new.name]
    done = subprocess.run(command, cwd=old.parent, env=environment(), capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise GitError("git diff failed", cause=done.stderr.decode(errors="replace").strip())
    return done.stdout.decode(errors="replace")


# -- changing a work tree ------------------------------------------------------------------------------------------


def changed_files(directory: Path) -> list[str]:
    """Tracked files below `directory` that differ from HEAD, in the index or on disk; relative to the repository."""
    what = ("--untracked-files=no", "--no-renames", "--ignore-submodules=dirty")
    listing = run("status", "--porcelain", "-z", *what, "--", ".", cwd=directory)
    return [line[3:] for line in listing.decode("utf-8", "surrogateescape").split("\0") if line]


def write_blobs(repository: Path, contents: Iterable[bytes]) -> None:
    """Give the repository these blobs."""
    if stream := b"".join(b"blob\ndata %d\n%s\n" % (len(content), content) for content in contents):
        run("fast-import", "--quiet", cwd=repository, stdin=stream)


def update_index(repository: Path, lines: Iterable[tuple[str, str, int, str]], *, index: Path | None = None) -> None:
    """Set entries of the index: mode, blob, stage, path. The mode "0" removes the path, every stage of it."""
    stream = "".join(f"{mode} {blob} {stage}\t{path}\0" for mode, blob, stage, path in lines)
    if stream:
        content = stream.encode("utf-8", "surrogateescape")
        run("update-index", "-z", "--index-info", cwd=repository, stdin=content, index=index)


def checkout_index(repository: Path, paths: Iterable[str], *, index: Path | None = None) -> None:
    """Write the index's content of these paths to the work tree, through its filters."""
    stream = "".join(f"{path}\0" for path in paths)
    if stream:
        run(
            "checkout-index",
            "--force",
            "--quiet",
            "-u",
            "-z",
            "--stdin",
            cwd=repository,
            stdin=stream.encode("utf-8", "surrogateescape"),
            index=index,
        )


NO_BLOB = "0" * 40


def snapshot(directory: Path, *, index: Path, paths: Iterable[str] | None = None) -> str:
    """A tree of the repository in which the files below `directory` are as on disk, untracked ones among them.

    Ignored files are left out unless `paths` names them; with `paths`, these files only are taken from disk.
    """
    run("read-tree", "HEAD", cwd=directory, index=index)
    if paths is None:
        run("add", "--all", "--", ".", cwd=directory, index=index)
    else:
        stream = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        run("update-index", "-z", "--add", "--remove", "--stdin", cwd=directory, stdin=stream, index=index)
    return run("write-tree", cwd=directory, index=index).decode().strip()


def check_out(source: Repository, revision: str, directory: Path) -> None:
    """Make `directory` a repository of its own, on no commit, with the files of a tree of another one."""
    run("init", "--quiet", "--template=", directory)
    (directory / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (directory / ".git" / "objects" / "info" / "alternates").write_text(f"{source.objects}\n")
    run("read-tree", "-u", "--reset", text("rev-parse", "--verify", revision, cwd=source.top), cwd=directory)


def stage_everything(directory: Path) -> str:
    """The tree of everything in a work tree that it does not ignore."""
    run("add", "--all", cwd=directory)
    return text("write-tree", cwd=directory)


def restore(repository: Path, tree_id: str, paths: Iterable[str], *, index: Path) -> None:
    """Write those of the paths that a tree has to the work tree; the repository's own index is left alone."""
    wanted = set(paths)
    entries = [entry for entry in tree(repository, tree_id) if entry.path in wanted]
    update_index(repository, [(entry.mode, entry.blob, 0, entry.path) for entry in entries], index=index)
    checkout_index(repository, [entry.path for entry in entries], index=index)


def changed_paths(repository: Path, old: str, new: str) -> list[str]:
    """The paths in which two trees differ."""
    listing = run("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new, cwd=repository)
    return listing.decode("utf-8", "surrogateescape").split("\0")[:-1]


def commit_tree(repository: Path, tree_id: str, parent: str, message: str) -> str:
    """A commit that is on no branch; its id."""
    identity = ("-c", "user.name=paved", "-c", "user.email=paved@localhost")
    return text(*identity, "commit-tree", tree_id, "-p", parent, "-m", message, cwd=repository)


def start_branch(repository: Path, name: str) -> None:
    """A new branch at HEAD becomes the current one; no file and no hook is touched. It may be that one already."""
    if maybe("symbolic-ref", "--short", "HEAD", cwd=repository) != name:
        run("update-ref", f"refs/heads/{name}", "HEAD", NO_BLOB, cwd=repository)
        run("symbolic-ref", "HEAD", f"refs/heads/{name}", cwd=repository)


def index_entries(directory: Path) -> list[tuple[str, str, str]]:
    """Mode, blob and path (from the repository's root) of every merged file of the index below `directory`."""
    listing = run("ls-files", "-s", "-z", "--full-name", cwd=directory).decode("utf-8", "surrogateescape")
    found = []
    for line in listing.split("\0")[:-1]:
        facts, path = line.split("\t", 1)
        mode, blob, stage = facts.split(" ")
        if stage == "0":
            found.append((mode, blob, path))
    return found


def unmerged_files(directory: Path) -> list[str]:
    """Files below `directory` (paths from the repository's root) that the index holds in several stages."""
    listing = run("ls-files", "-u", "-z", "--full-name", cwd=directory).decode("utf-8", "surrogateescape")
    return sorted({line.split("\t", 1)[1] for line in listing.split("\0")[:-1]})


def modified_files(directory: Path) -> list[str]:
    """Files below `directory` (paths from the repository's root) that are not on disk as the index has them."""
    listing = run("diff-files", "--name-only", "-z", "--", ".", cwd=directory)
    return listing.decode("utf-8", "surrogateescape").split("\0")[:-1]


def hash_files(directory: Path, paths: Iterable[str]) -> list[str]:
    """The blob ids git would give these files, after its filters; a symbolic link's is that of its target."""
    wanted = list(paths)
    plain = [path for path in wanted if not (directory / path).is_symlink()]
    request = "".join(f"{path}\n" for path in plain).encode("utf-8", "surrogateescape")
    ids = iter(run("hash-object", "--stdin-paths", cwd=directory, stdin=request).decode().split() if plain else [])
    return [
        next(ids)
        if path in plain
        else run("hash-object", "--stdin", cwd=directory, stdin=os.fsencode(os.readlink(directory / path)))
        .decode()
        .strip()
        for path in wanted
    ]


# -- making repositories -----------------------------------------------------------------------------------------


def clone_mirror(source: str, target: Path) -> None:
    """A bare copy of everything at `source`."""
    run("clone", "--quiet", "--mirror", "--", source, target)


def fetch_all(repository: Path) -> None:
    """Bring a mirror up to date."""
    run("fetch", "--quiet", "--prune", "--tags", "--force", cwd=repository)


def commit_everything(directory: Path, message: str) -> str:
    """Make `directory` a repository with one commit of everything in it that it does not ignore; the commit's id.

    Hooks and signing of the user's configuration stay out of this one commit, which nobody wrote.
    """
    known = _configured(directory.parent)
    identity = (
        []
        if {"user.name", "user.email"} <= known.keys()
        else ["-c", "user.name=paved", "-c", "user.email=paved@localhost"]
    )
    run("init", "--quiet", "--template=", "-b", known.get("init.defaultbranch", "main"), directory)
    run("add", "--all", cwd=directory)
    quiet = ["-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "gc.auto=0"]
    run(*identity, *quiet, "commit", "--quiet", "--allow-empty", "--message", message, cwd=directory)
    return text("rev-parse", "HEAD", cwd=directory)


def _configured(directory: Path) -> dict[str, str]:
    """The user's identity and default branch, as far as they are configured."""
    listing = maybe("config", "--get-regexp", r"^(user\.(name|email)|init\.defaultbranch)$", cwd=directory) or ""
    found = dict(line.split(" ", 1) for line in listing.splitlines() if " " in line)
    for key, variable in (("user.name", "GIT_COMMITTER_NAME"), ("user.email", "GIT_COMMITTER_EMAIL")):
        if variable in os.environ:
            found[key] = os.environ[variable]
    return found
