"""Asking a repository: where it is, what its revisions and files are."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from paved_road.errors import GitError
from paved_road.git.process import maybe, run, text


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


def refs(repository: Path, *prefixes: str, merged: str = "") -> dict[str, str]:
    """The refs below the prefixes that lead to commits, by their full names.

    With `merged` only those in the history of that commit.
    """
    listing = text(
        "for-each-ref",
        *([f"--merged={merged}"] if merged else []),
        "--format=%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)",
        *prefixes,
        cwd=repository,
    )
    found = {}
    for line in listing.splitlines():
        name, *facts = line.split(" ")
        kind, commit = facts[2:] if facts[0] == "tag" else facts[:2]
        if kind == "tag":  # a tag of a tag, of which this git tells the first step alone
            found[name] = resolve(repository, commit) or ""
        elif kind == "commit":
            found[name] = commit
    return {name: commit for name, commit in found.items() if commit}


def is_ancestor(repository: Path, commit: str, of: str) -> bool:
    """Whether a commit is in the history of another one; False when the repository lacks either."""
    return maybe("merge-base", "--is-ancestor", commit, of, cwd=repository) is not None


def is_reachable(repository: Path, commit: str, *prefixes: str) -> bool:
    """Whether a commit is in the history of any ref below the prefixes."""
    return bool(maybe("for-each-ref", "--count=1", "--format=x", f"--contains={commit}", *prefixes, cwd=repository))


def describe(repository: Path, commit: str) -> str:
    """What Copier records as `_commit`: the tag, tag-count-id, or the abbreviated id."""
    return text("describe", "--tags", "--always", commit, cwd=repository)


def first_parent_log(repository: Path, commit: str, path: str) -> list[str]:
    """The first-parent commits that changed `path`, newest first."""
    listing = text("log", "--first-parent", "--format=%H", commit, "--", path, cwd=repository)
    return listing.splitlines()


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
    """Those of the paths below `directory` that its work tree ignores and does not track."""
    # Git refuses to speak of what lies behind a link or in a repository of its own.
    beyond = functools.cache(lambda folder: (directory / folder).is_symlink() or (directory / folder / ".git").exists())
    within = (path for path in paths if not any(beyond(str(one)) for one in PurePosixPath(path).parents[:-1]))
    request = "".join(f"{path}\0" for path in within).encode("utf-8", "surrogateescape")
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


def last_commit(repository: Path, paths: Iterable[str]) -> str | None:
    """The last commit that changed one of these files; None where the history does not say."""
    names = [f":(top,literal){path}" for path in paths]
    return maybe("log", "-1", "--format=%H", "HEAD", "--", *names, cwd=repository) or None


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
