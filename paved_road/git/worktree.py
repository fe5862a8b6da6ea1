"""Changing a work tree and its index."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from paved_road.git.entries import BlobId, CommitId, Mode, TreeEntry, TreeId
from paved_road.git.merge import quoted
from paved_road.git.objects import list_tree
from paved_road.git.process import PERSON, READER, Role, maybe, run, text
from paved_road.git.query import Repository, without_filters


def changed_files(directory: Path, *, filters: bool = False) -> list[str]:
    """Tracked files below `directory` that differ from HEAD, in the index or on disk; relative to the repository.

    Git compares a file's content where its index is in doubt; only with `filters` it runs those of the configuration
    for that. Without them it may name a file that nobody changed.
    """
    return head_and_changed(directory, filters=filters)[1]


def head_and_changed(directory: Path, *, filters: bool = False) -> tuple[str, list[str]]:
    """The commit that is checked out ("(initial)" before the first) and `changed_files`, by one look."""
    what = ("--branch", "--no-ahead-behind", "--untracked-files=no", "--no-renames", "--ignore-submodules=dirty")
    asked = ("status", "--porcelain=v2", "-z", *what, "--", ".")
    # A filter takes its time, with large files.
    role, off = (replace(READER, limited=False), ()) if filters else (READER, without_filters(directory))
    listing = run(*asked, cwd=directory, role=role, settings=off)
    lines = listing.decode("utf-8", "surrogateescape").split("\0")[:-1]
    head = next(line.removeprefix(_HEAD) for line in lines if line.startswith(_HEAD))
    # The path is what follows eight facts; ten of an unmerged file.
    facts = {"1": 8, "u": 10}
    return head, [line.split(" ", facts[line[0]])[-1] for line in lines if line[0] in facts]


_HEAD = "# branch.oid "

SKIP_WORKTREE = "skip-worktree"


def index_flags(directory: Path) -> dict[str, tuple[str, ...]]:
    """The files below `directory` (from the repository's root) that git was told not to look at, and how."""
    listing = run("ls-files", "-v", "-z", "--full-name", cwd=directory).decode("utf-8", "surrogateescape")
    found = {}
    for line in listing.split("\0")[:-1]:
        tag, path = line[0], line[2:]
        told = ((SKIP_WORKTREE,) if tag in "Ss" else ()) + (("assume-unchanged",) if tag.islower() else ())
        if told:
            found[path] = told
    return found


def skip_worktree(repository: Path, paths: Iterable[str]) -> None:
    """Leave these files of the index out of the work tree, as a sparse checkout does."""
    if stream := "".join(f"{path}\0" for path in paths):
        content = stream.encode("utf-8", "surrogateescape")
        run("update-index", "--skip-worktree", "-z", "--stdin", cwd=repository, stdin=content, role=PERSON)


def update_index(repository: Path, files: Mapping[str, TreeEntry | None], *, index: Path | None = None) -> None:
    """Put these files into the index, merged; None takes a path out of it."""
    update_stages(repository, {path: {0: entry} if entry else {} for path, entry in files.items()}, index=index)


def update_stages(repository: Path, files: Mapping[str, Mapping[int, TreeEntry]], *, index: Path | None = None) -> None:
    """Put these stages of each path into the index, and no others: 0 for a merged file, 1 to 3 for a conflict."""
    if not files:
        return
    entries = [entry for stages in files.values() for entry in stages.values()]
    none = "0" * (len(entries[0].blob) if entries else _id_width(repository))
    # Removals go first: a folder may have to make room for a file of its name.
    lines = [f"0 {none} 0\t{path}\0" for path in files]
    lines += [
        f"{entry.mode} {entry.blob} {stage}\t{path}\0" for path, of in files.items() for stage, entry in of.items()
    ]
    content = "".join(lines).encode("utf-8", "surrogateescape")
    run("update-index", "-z", "--index-info", cwd=repository, stdin=content, index=index, role=PERSON)


_LOOKING = (("core.fsmonitor", "false"), ("core.ignoreStat", "false"))
"""Git looks at the files itself, and goes on doing so with those that it writes."""


def add(directory: Path, *what: str) -> None:
    """`git add`, which looks at the files itself."""
    run("add", *what, cwd=directory, role=PERSON, settings=_LOOKING)


def stage(directory: Path, paths: Iterable[str], *, index: Path | None = None) -> None:
    """Take these files from disk into an index, whatever git ignores; one that is gone is taken out of it."""
    stream = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    command = ("update-index", "-z", "--add", "--remove", "--stdin")
    run(*command, cwd=directory, stdin=stream, index=index, role=PERSON, settings=_LOOKING)


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
            role=PERSON,
            settings=_LOOKING,
        )


@functools.lru_cache
def _id_width(repository: Path) -> int:
    """Letters of an object id."""
    return 64 if text("rev-parse", "--show-object-format", cwd=repository) == "sha256" else 40


def write_tree_from_disk(directory: Path, *, index: Path, paths: Iterable[str] | None = None) -> TreeId:
    """A tree of the repository in which the files below `directory` are as on disk, untracked ones among them.

    Ignored files are left out unless `paths` names them; with `paths`, these files only are taken from disk.
    """
    run("read-tree", "HEAD", cwd=directory, index=index)
    if paths is None:
        run("add", "--all", "--", ".", cwd=directory, index=index, role=PERSON)
    else:
        stage(directory, paths, index=index)
    return TreeId(run("write-tree", cwd=directory, index=index).decode().strip())


def check_out(source: Repository, revision: str, directory: Path) -> None:
    """Make `directory` a repository of its own, on no commit, with the files of a tree of another one.

    No filter runs, here and in `stage_everything`: what it would make of a file is nobody's business but the owner's.
    """
    run("init", "--quiet", "--template=", f"--object-format={source.object_format}", directory)
    (directory / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (directory / ".git" / "objects" / "info" / "alternates").write_text(f"{source.objects}\n")
    tree_id = text("rev-parse", "--verify", revision, cwd=source.top)
    run("read-tree", "-u", "--reset", tree_id, cwd=directory, settings=without_filters(directory))


def stage_everything(directory: Path) -> TreeId:
    """The tree of everything in a work tree that it does not ignore."""
    run("add", "--all", cwd=directory, settings=without_filters(directory))
    return TreeId(text("write-tree", cwd=directory))


def restore(repository: Path, tree_id: str, paths: Iterable[str], *, index: Path) -> None:
    """Write those of the paths that a tree has to the work tree; the repository's own index is left alone."""
    wanted = set(paths)
    entries = {path: entry for path, entry in list_tree(repository, tree_id).items() if path in wanted}
    update_index(repository, entries, index=index)
    checkout_index(repository, entries, index=index)


def staged_files(repository: Path) -> list[str]:
    """The paths in which the index differs from HEAD."""
    listing = run("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD", cwd=repository)
    return listing.decode("utf-8", "surrogateescape").split("\0")[:-1]


def changed_paths(repository: Path, old: str, new: str, *, added: bool = False) -> list[str]:
    """The paths in which two trees differ; with `added`, those that only the new one has."""
    only = ["--diff-filter=A"] if added else []
    listing = run("diff-tree", "-r", "-z", "--name-only", "--no-renames", *only, old, new, cwd=repository)
    return listing.decode("utf-8", "surrogateescape").split("\0")[:-1]


def commit_tree(repository: Path, tree_id: str, parent: str, message: str) -> CommitId:
    """A commit that is on no branch; its id."""
    identity = ("-c", "user.name=paved", "-c", "user.email=paved@localhost")
    return CommitId(text(*identity, "commit-tree", tree_id, "-p", parent, "-m", message, cwd=repository))


def commit_staged(directory: Path, message: str, *, only_here: bool = False) -> CommitId:
    """Commit what is staged as the person would, with their hooks and signature; the commit's id.

    With `only_here`, only what is below `directory`. Raises `GitError` if git or a hook refuses.
    """
    run("commit", "--quiet", "--message", message, *(("--", ".") if only_here else ()), cwd=directory, role=PERSON)
    return CommitId(text("rev-parse", "HEAD", cwd=directory))


def start_branch(repository: Path, name: str) -> None:
    """A new branch at HEAD becomes the current one; no file and no hook is touched. It may be that one already."""
    branch = f"refs/heads/{name}"
    if current_branch(repository) != branch:
        if maybe("rev-parse", "--verify", "--quiet", branch, cwd=repository) is None:
            run("update-ref", branch, "HEAD", "", cwd=repository, role=PERSON)
        run("symbolic-ref", "HEAD", branch, cwd=repository, role=PERSON)


def current_branch(repository: Path) -> str | None:
    """The full name of the branch that is checked out; None when it is a commit."""
    return maybe("symbolic-ref", "--quiet", "HEAD", cwd=repository)


def leave_branch(repository: Path, name: str, *, back_to: str | None, at: str) -> None:
    """Undo `start_branch`: the branch before, or the commit, is the current one again, and the new branch is gone.

    It stays when it is no longer at the commit `at`, where it was started. No file is touched.
    """
    branch = f"refs/heads/{name}"
    if current_branch(repository) == branch:
        back = ("symbolic-ref", "HEAD", back_to) if back_to else ("update-ref", "--no-deref", "HEAD", at)
        run(*back, cwd=repository, role=PERSON)
    if maybe("rev-parse", "--verify", "--quiet", branch, cwd=repository) == at:
        run("update-ref", "-d", branch, at, cwd=repository, role=PERSON)


def unmerged(directory: Path) -> dict[str, dict[int, TreeEntry]]:
    """Files below `directory` (paths from the repository's root) that the index holds in several stages."""
    listing = run("ls-files", "-u", "-z", "--full-name", cwd=directory).decode("utf-8", "surrogateescape")
    found: dict[str, dict[int, TreeEntry]] = {}
    for line in listing.split("\0")[:-1]:
        facts, path = line.split("\t", 1)
        mode, blob, stage = facts.split(" ")
        found.setdefault(path, {})[int(stage)] = TreeEntry(mode=Mode.from_git(mode), blob=BlobId(blob))
    return found


def unmerged_files(directory: Path) -> list[str]:
    """The paths of the `unmerged` files."""
    return sorted(unmerged(directory))


def hash_files(
    top: Path, paths: Iterable[str], *, role: Role = READER, settings: Iterable[tuple[str, str]] = ()
) -> list[BlobId]:
    """The blob ids that git would give these files, paths from the repository's root; of a link, that of its target.

    Git converts line ends, encodings and `$Id$` as the attributes tell it, and runs filters unless `without_filters`.
    """
    wanted = list(paths)
    plain = [path for path in wanted if not (top / path).is_symlink()]
    # Git reads names from the root of the work tree, one a line; a name in quotes may hold any letter.
    names = b"".join(quoted(path) + b"\n" for path in plain)
    said = run("hash-object", "--stdin-paths", cwd=top, stdin=names, role=role, settings=settings) if plain else b""
    found = dict(zip(plain, said.decode().split(), strict=True))
    for path in wanted:
        if path not in found:
            target = os.fsencode(os.readlink(top / path))
            found[path] = run("hash-object", "--stdin", cwd=top, stdin=target).decode().strip()
    return [BlobId(found[path]) for path in wanted]
