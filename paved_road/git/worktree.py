"""Changing a work tree, its index and its branches."""

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
    """The tracked files below `directory` that differ from HEAD, in the index or on disk; from the repository's root.

    Only with `filters` does git run the configured filters where it has to compare contents. Without them the result
    may contain a file that nobody changed.
    """
    return head_and_changed(directory, filters=filters)[1]


def head_and_changed(directory: Path, *, filters: bool = False) -> tuple[str, list[str]]:
    """The commit that is checked out ("(initial)" before the first) and the `changed_files`, from one git process."""
    what = ("--branch", "--no-ahead-behind", "--untracked-files=no", "--no-renames", "--ignore-submodules=dirty")
    asked = ("status", "--porcelain=v2", "-z", *what, "--", ".")
    # Filters of large files may take long, so there is no time limit.
    role, off = (replace(READER, limited=False), ()) if filters else (READER, without_filters(directory))
    listing = run(*asked, cwd=directory, role=role, settings=off)
    lines = listing.decode("utf-8", "surrogateescape").split("\0")[:-1]
    head = next(line.removeprefix(_HEAD) for line in lines if line.startswith(_HEAD))
    # The path follows eight fields; ten for an unmerged file.
    facts = {"1": 8, "u": 10}
    return head, [line.split(" ", facts[line[0]])[-1] for line in lines if line[0] in facts]


_HEAD = "# branch.oid "

SKIP_WORKTREE = "skip-worktree"


def index_flags(directory: Path) -> dict[str, tuple[str, ...]]:
    """The files below `directory` that git ignores changes of, by path from the repository's root, with the flags."""
    listing = run("ls-files", "-v", "-z", "--full-name", cwd=directory).decode("utf-8", "surrogateescape")
    found = {}
    for line in listing.split("\0")[:-1]:
        tag, path = line[0], line[2:]
        flags = ((SKIP_WORKTREE,) if tag in "Ss" else ()) + (("assume-unchanged",) if tag.islower() else ())
        if flags:
            found[path] = flags
    return found


def skip_worktree(repository: Path, paths: Iterable[str]) -> None:
    """Mark files of the index as left out of the work tree, as a sparse checkout does."""
    if stream := "".join(f"{path}\0" for path in paths):
        content = stream.encode("utf-8", "surrogateescape")
        run("update-index", "--skip-worktree", "-z", "--stdin", cwd=repository, stdin=content, role=PERSON)


def update_index(repository: Path, files: Mapping[str, TreeEntry | None], *, index: Path | None = None) -> None:
    """Put files into the index as merged; None removes a path."""
    update_stages(repository, {path: {0: entry} if entry else {} for path, entry in files.items()}, index=index)


def update_stages(repository: Path, files: Mapping[str, Mapping[int, TreeEntry]], *, index: Path | None = None) -> None:
    """Replace the stages of each path in the index: 0 is a merged file, 1 to 3 are the sides of a conflict."""
    if not files:
        return
    entries = [entry for stages in files.values() for entry in stages.values()]
    none = "0" * (len(entries[0].blob) if entries else _id_width(repository))
    # Removals come first: a file may take the place of a folder.
    lines = [f"0 {none} 0\t{path}\0" for path in files]
    lines += [
        f"{entry.mode} {entry.blob} {stage}\t{path}\0" for path, of in files.items() for stage, entry in of.items()
    ]
    content = "".join(lines).encode("utf-8", "surrogateescape")
    run("update-index", "-z", "--index-info", cwd=repository, stdin=content, index=index, role=PERSON)


_LOOKING = (("core.fsmonitor", "false"), ("core.ignoreStat", "false"))
"""Settings that make git look at the files themselves, also later at those that it writes."""


def add(directory: Path, *what: str) -> None:
    """Run `git add` with these arguments; it looks at the files themselves."""
    run("add", *what, cwd=directory, role=PERSON, settings=_LOOKING)


def stage(directory: Path, paths: Iterable[str], *, index: Path | None = None) -> None:
    """Take files from disk into an index, ignored ones too; files that no longer exist are removed from it."""
    stream = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    command = ("update-index", "-z", "--add", "--remove", "--stdin")
    run(*command, cwd=directory, stdin=stream, index=index, role=PERSON, settings=_LOOKING)


def checkout_index(repository: Path, paths: Iterable[str], *, index: Path | None = None) -> None:
    """Write files from the index to the work tree, through the configured filters."""
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
    """The number of characters of an object id."""
    return 64 if text("rev-parse", "--show-object-format", cwd=repository) == "sha256" else 40


def write_tree_from_disk(directory: Path, *, index: Path, paths: Iterable[str] | None = None) -> TreeId:
    """Write a tree like HEAD, but with the files below `directory` as they are on disk, untracked ones included.

    Ignored files are left out unless `paths` names them; with `paths`, only these files are taken from disk.
    """
    run("read-tree", "HEAD", cwd=directory, index=index)
    if paths is None:
        run("add", "--all", "--", ".", cwd=directory, index=index, role=PERSON)
    else:
        stage(directory, paths, index=index)
    return TreeId(run("write-tree", cwd=directory, index=index).decode().strip())


def check_out(source: Repository, revision: str, directory: Path) -> None:
    """Make `directory` a repository of its own, without commits, with the files of a tree of another repository.

    No filter runs, here and in `stage_everything`: filters are programs of the repository's owner.
    """
    run("init", "--quiet", "--template=", f"--object-format={source.object_format}", directory)
    (directory / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (directory / ".git" / "objects" / "info" / "alternates").write_text(f"{source.objects}\n")
    tree_id = text("rev-parse", "--verify", revision, cwd=source.top)
    run("read-tree", "-u", "--reset", tree_id, cwd=directory, settings=without_filters(directory))


def stage_everything(directory: Path) -> TreeId:
    """Write a tree of every file of a work tree that is not ignored."""
    run("add", "--all", cwd=directory, settings=without_filters(directory))
    return TreeId(text("write-tree", cwd=directory))


def restore(repository: Path, tree_id: str, paths: Iterable[str], *, index: Path) -> None:
    """Write files of a tree to the work tree, without changing the repository's own index."""
    wanted = set(paths)
    entries = {path: entry for path, entry in list_tree(repository, tree_id).items() if path in wanted}
    update_index(repository, entries, index=index)
    checkout_index(repository, entries, index=index)


def staged_files(repository: Path) -> list[str]:
    """The paths at which the index differs from HEAD."""
    listing = run("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD", cwd=repository)
    return listing.decode("utf-8", "surrogateescape").split("\0")[:-1]


def changed_paths(repository: Path, old: str, new: str, *, added: bool = False) -> list[str]:
    """The paths at which two trees differ; with `added`, those that only the new one has."""
    only = ["--diff-filter=A"] if added else []
    listing = run("diff-tree", "-r", "-z", "--name-only", "--no-renames", *only, old, new, cwd=repository)
    return listing.decode("utf-8", "surrogateescape").split("\0")[:-1]


def commit_tree(repository: Path, tree_id: str, parent: str, message: str) -> CommitId:
    """Create a commit that is on no branch; returns its id."""
    identity = ("-c", "user.name=paved", "-c", "user.email=paved@localhost")
    return CommitId(text(*identity, "commit-tree", tree_id, "-p", parent, "-m", message, cwd=repository))


def commit_staged(directory: Path, message: str, *, only_here: bool = False) -> CommitId:
    """Commit what is staged, with the user's hooks and signature; returns the commit's id.

    With `only_here`, only what is below `directory`. Raises `GitError` if git or a hook refuses.
    """
    run("commit", "--quiet", "--message", message, *(("--", ".") if only_here else ()), cwd=directory, role=PERSON)
    return CommitId(text("rev-parse", "HEAD", cwd=directory))


def start_branch(repository: Path, name: str) -> None:
    """Create a branch at HEAD and make it the current one, unless it is; changes no file and runs no hook."""
    branch = f"refs/heads/{name}"
    if current_branch(repository) != branch:
        if maybe("rev-parse", "--verify", "--quiet", branch, cwd=repository) is None:
            run("update-ref", branch, "HEAD", "", cwd=repository, role=PERSON)
        run("symbolic-ref", "HEAD", branch, cwd=repository, role=PERSON)


def current_branch(repository: Path) -> str | None:
    """The full name of the branch that is checked out; None for a detached HEAD."""
    return maybe("symbolic-ref", "--quiet", "HEAD", cwd=repository)


def leave_branch(repository: Path, name: str, *, back_to: str | None, at: str) -> None:
    """Undo `start_branch`: make the previous branch or commit the current one again, and delete the new branch.

    The branch stays if it is no longer at the commit `at`, where it was created. Changes no file.
    """
    branch = f"refs/heads/{name}"
    if current_branch(repository) == branch:
        back = ("symbolic-ref", "HEAD", back_to) if back_to else ("update-ref", "--no-deref", "HEAD", at)
        run(*back, cwd=repository, role=PERSON)
    if maybe("rev-parse", "--verify", "--quiet", branch, cwd=repository) == at:
        run("update-ref", "-d", branch, at, cwd=repository, role=PERSON)


def unmerged(directory: Path) -> dict[str, dict[int, TreeEntry]]:
    """The unmerged files below `directory`, by path from the repository's root, with their stages in the index."""
    listing = run("ls-files", "-u", "-z", "--full-name", cwd=directory).decode("utf-8", "surrogateescape")
    found: dict[str, dict[int, TreeEntry]] = {}
    for line in listing.split("\0")[:-1]:
        facts, path = line.split("\t", 1)
        mode, blob, stage = facts.split(" ")
        found.setdefault(path, {})[int(stage)] = TreeEntry(mode=Mode.from_git(mode), blob=BlobId(blob))
    return found


def unmerged_files(directory: Path) -> list[str]:
    """The paths of the `unmerged` files, sorted."""
    return sorted(unmerged(directory))


def hash_files(
    top: Path, paths: Iterable[str], *, role: Role = READER, settings: Iterable[tuple[str, str]] = ()
) -> list[BlobId]:
    """The blob ids that git would give to files, whose paths are from the repository's root; for a link, of its target.

    Git converts line endings, encodings and `$Id$` by the attributes, and runs filters unless `settings` are those of
    `without_filters`.
    """
    wanted = list(paths)
    plain = [path for path in wanted if not (top / path).is_symlink()]
    # git reads one name a line, from the root of the work tree; a quoted name may contain any character.
    names = b"".join(quoted(path) + b"\n" for path in plain)
    said = run("hash-object", "--stdin-paths", cwd=top, stdin=names, role=role, settings=settings) if plain else b""
    found = dict(zip(plain, said.decode().split(), strict=True))
    for path in wanted:
        if path not in found:
            target = os.fsencode(os.readlink(top / path))
            found[path] = run("hash-object", "--stdin", cwd=top, stdin=target).decode().strip()
    return [BlobId(found[path]) for path in wanted]
