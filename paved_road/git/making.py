"""Making repositories: mirrors of roads, and the first commit of a service."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from paved_road.git.process import maybe, run, text


def clone_mirror(source: str, target: Path) -> None:
    """A bare copy of everything at `source`."""
    run("clone", "--quiet", "--mirror", "--", source, target)


def fetch_all(repository: Path) -> None:
    """Bring a mirror up to date."""
    run("fetch", "--quiet", "--prune", "--tags", "--force", cwd=repository)


def start_repository(directory: Path) -> None:
    """Make `directory` a repository without a commit."""
    branch = _configured(directory.parent).get("init.defaultbranch", "main")
    run("init", "--quiet", "--template=", "-b", branch, directory)


def commit_everything(directory: Path, message: str, *, forced: Iterable[str] = ()) -> str:
    """Commit everything in a folder that it does not ignore, and the `forced` files in any case; the commit's id.

    A folder that is no repository becomes one. Hooks and signing of the user's configuration stay out of this one
    commit, which nobody wrote.
    """
    if not (directory / ".git").exists():
        start_repository(directory)
    known = _configured(directory.parent)
    identity = (
        []
        if {"user.name", "user.email"} <= known.keys()
        else ["-c", "user.name=paved", "-c", "user.email=paved@localhost"]
    )
    run("add", "--all", cwd=directory)
    if paths := list(forced):
        run("add", "--force", "--", *paths, cwd=directory)
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
