"""The only code that runs git: typed functions over a hermetic environment.

Nothing here prints, prompts or depends on the directory, index or configuration variables of a git command that
may have called paved (a hook, an alias, a rebase).
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

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


def run(*args: str | Path, cwd: Path | None = None, stdin: bytes | None = None, hint: str = "") -> bytes:
    """Run git and return its standard output; a non-zero exit is a `GitError` that says what git said."""
    command = ["git", *map(str, args)]
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment(),
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


def read(repository: Path, names: Iterable[str]) -> list[bytes | None]:
    """The contents of objects (ids, or `commit:path`), in one git process; None for one that does not exist."""
    wanted = list(names)
    if not wanted:
        return []
    request = "".join(f"{name}\n" for name in wanted).encode("utf-8", "surrogateescape")
    answer = run("cat-file", "--batch", cwd=repository, stdin=request)
    contents: list[bytes | None] = []
    at = 0
    for _ in wanted:
        end = answer.index(b"\n", at)
        header = answer[at:end]
        at = end + 1
        if header.endswith(b" missing"):
            contents.append(None)
            continue
        size = int(header.rsplit(b" ", 1)[1])
        contents.append(answer[at : at + size])
        at += size + 1
    return contents


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


def existing(repository: Path, ids: Iterable[str]) -> set[str]:
    """Those of the object ids that the repository has."""
    wanted = list(ids)
    if not wanted:
        return set()
    request = "".join(f"{one}\n" for one in wanted).encode()
    answer = run("cat-file", "--batch-check", cwd=repository, stdin=request).decode()
    return {line.split(" ", 1)[0] for line in answer.splitlines() if not line.endswith(" missing")}


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


# -- merging in a scratch store ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """A file in a tree: its mode and either the id of an existing blob or its content."""

    mode: str
    blob: str
    data: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Merge:
    """What `git merge-tree` said: the merged tree, the stages of each conflicted path, and its messages."""

    tree: str
    conflicts: Mapping[str, Mapping[int, Leaf]]
    messages: tuple[tuple[tuple[str, ...], str, str], ...]
    """Paths, the kind (as in `CONFLICT (contents)`), the text."""


def objects_folder(repository: Path) -> Path:
    """Where the repository keeps its objects, also for a linked work tree."""
    return (repository / text("rev-parse", "--git-path", "objects", cwd=repository)).resolve()


def git_folder(repository: Path) -> Path:
    """The repository's own folder for this work tree."""
    return (repository / text("rev-parse", "--git-dir", cwd=repository)).resolve()


def make_scratch(directory: Path, borrow: Iterable[Path]) -> Path:
    """A bare repository that sees the objects of others and keeps new ones to itself."""
    run("init", "--quiet", "--bare", "--template=", directory)
    (directory / "objects" / "info").mkdir(exist_ok=True)
    (directory / "objects" / "info" / "alternates").write_text("".join(f"{path}\n" for path in borrow))
    return directory


def write_commits(repository: Path, commits: Mapping[str, tuple[Mapping[str, Leaf], str | None]]) -> None:
    """Make branches, each one commit of a tree, in one process. `commits` maps a branch to its files and its parent."""
    stream: list[bytes] = []
    for branch, (files, parent) in commits.items():
        stream.append(
            f"commit refs/heads/{branch}\ncommitter paved <paved@localhost> 1000000000 +0000\ndata 0\n".encode()
        )
        if parent is not None:
            stream.append(f"from refs/heads/{parent}\n".encode())
        stream.append(b"deleteall\n")
        for path, leaf in files.items():
            name = _quoted(path)
            if leaf.data is None:
                stream.append(b"M %s %s %s\n" % (leaf.mode.encode(), leaf.blob.encode(), name))
            else:
                stream.append(b"M %s inline %s\ndata %d\n%s\n" % (leaf.mode.encode(), name, len(leaf.data), leaf.data))
    run("fast-import", "--quiet", "--force", cwd=repository, stdin=b"".join(stream))


def _quoted(path: str) -> bytes:
    """A path as fast-import reads any path: in quotes, C-style."""
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


def merge_tree(repository: Path, ours: str, theirs: str, *, attributes: Path | None = None) -> Merge:
    """The three-way merge of two branches of a scratch repository, by git's own merge.

    A bare repository does not see the tree's `.gitattributes` before git 2.43: pass a copy of it in `attributes`.
    """
    settings = [*_MERGING, f"core.attributesFile={attributes or os.devnull}"]
    options = [word for setting in settings for word in ("-c", setting)]
    request = f"{ours} {theirs}\n".encode()
    answer = run(*options, "merge-tree", "--stdin", "-z", "--messages", cwd=repository, stdin=request)
    words = answer.decode("utf-8", "surrogateescape").split("\0")
    position = 2  # after the clean flag and the tree
    stages: dict[str, dict[int, Leaf]] = {}
    while words[position]:
        facts, path = words[position].split("\t", 1)
        mode, blob, stage = facts.split(" ")
        stages.setdefault(path, {})[int(stage)] = Leaf(mode=mode, blob=blob)
        position += 1
    position += 1
    messages = []
    while position < len(words) and words[position]:
        count = int(words[position])
        paths = tuple(words[position + 1 : position + 1 + count])
        kind, said = words[position + 1 + count : position + 3 + count]
        messages.append((paths, kind, said.strip()))
        position += 3 + count
    return Merge(tree=words[1], conflicts=stages, messages=tuple(messages))


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
    listing = run("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", "--", ".", cwd=directory)
    return [line[3:] for line in listing.decode("utf-8", "surrogateescape").split("\0") if line]


def copy_objects(source: Path, target: Path, ids: Iterable[str]) -> None:
    """Give `target` those objects of `source` that it does not have."""
    wanted = sorted(set(ids))
    if missing := [one for one in wanted if one not in existing(target, wanted)]:
        pack = run(
            "pack-objects", "--quiet", "--stdout", cwd=source, stdin="".join(f"{one}\n" for one in missing).encode()
        )
        run("unpack-objects", "-q", cwd=target, stdin=pack)


def update_index(repository: Path, lines: Iterable[tuple[str, str, int, str]]) -> None:
    """Set entries of the index: mode, blob, stage, path. The mode "0" removes the path, every stage of it."""
    stream = "".join(f"{mode} {blob} {stage}\t{path}\0" for mode, blob, stage, path in lines)
    if stream:
        run("update-index", "-z", "--index-info", cwd=repository, stdin=stream.encode("utf-8", "surrogateescape"))


def checkout_index(repository: Path, paths: Iterable[str]) -> None:
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
        )


NO_BLOB = "0" * 40


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
