"""Creating repositories: mirrors of roads, and the first commit of a service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from paved_road.errors import GitError
from paved_road.git.entries import SHA1
from paved_road.git.identity import Committing
from paved_road.git.login import Login
from paved_road.git.process import FATAL, FETCHER, NO_REF, PERSON, READER, Role, maybe, named, run, text


def clone_road(source: str, target: Path, *, login: Login | None = None, env: Mapping[str, str] = {}) -> None:
    """Clone branches and tags into a bare repository, and no other refs: anyone can open a pull request."""
    run("clone", "--quiet", "--bare", "--template=", "--", source, target, role=_connecting(login, env))


def fetch_road(repository: Path, *, login: Login | None = None, env: Mapping[str, str] = {}) -> None:
    """Update the branches and tags of a road's mirror."""
    command = (*named(repository), "fetch", "--quiet", "--prune", "--force", "--no-recurse-submodules", "origin")
    role = _connecting(login, env)
    try:
        run(*command, *_ROADS_REFS, f"+HEAD:{MAIN}", cwd=repository, role=role)
    except GitError as error:
        if error.status != FATAL or not _lacks_head(repository, role):
            raise
        run(*command, *_ROADS_REFS, cwd=repository, role=role)


def _lacks_head(repository: Path, role: Role) -> bool:
    """Whether the origin's current branch has no commits, so that its HEAD cannot be fetched."""
    asked = ("ls-remote", "--exit-code", "origin", "HEAD")
    try:
        listing = maybe(*named(repository), *asked, cwd=repository, no=(NO_REF,), role=role)
    except GitError:
        return False
    return listing is None or not any(line.endswith("\tHEAD") for line in listing.splitlines())


def fetch_commit(repository: Path, commit: str, *, login: Login | None = None, env: Mapping[str, str] = {}) -> None:
    """Fetch one commit that no branch or tag contains any more; its own ref protects it from garbage collection."""
    what = f"+{commit}:refs/pinned/{commit}"
    asked = ("fetch", "--quiet", "--no-tags", "origin", what)
    run(*named(repository), *asked, cwd=repository, role=_connecting(login, env))


MAIN = "refs/paved/main"
"""The ref that holds the main branch of a road as of the last fetch, whatever its name there."""

_ROADS_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


def _connecting(login: Login | None, env: Mapping[str, str]) -> Role:
    """The role of a fetch with these credentials."""
    settings, variables = (login.settings, login.variables) if login else ((), {})
    return Role(settings=(*FETCHER.settings, *settings), variables={**variables, **env})


def start_repository(directory: Path, *, branch: str = "", role: Role = READER) -> None:
    """Make `directory` a repository without commits, in the object format that every host accepts.

    The first branch is `branch`, or the one that `init.defaultBranch` names, or main. A repository of the user's
    (`PERSON`) gets git's template or theirs (`init.templateDir`), with its hooks; ours get none.
    """
    first = branch or maybe("config", "--get", "init.defaultBranch", cwd=directory.parent) or "main"
    plain = () if role is PERSON else ("--template=",)
    run("init", "--quiet", *plain, f"--object-format={SHA1}", "-b", first, directory, role=role)


def commit_everything(
    directory: Path, message: str, *, forced: Iterable[str] = (), who: Committing | None = None, signed: bool = False
) -> str:
    """Commit every file in a folder that is not ignored, and the `forced` files in any case; returns the commit's id.

    Makes the folder a repository if it is none. Runs no hooks, because no person wrote this commit. With `signed`, it
    is signed if the user's configuration says so. Without `who`, or if git knows no identity, paved is the author.
    """
    if not (directory / ".git").exists():
        start_repository(directory)
    run("add", "--all", cwd=directory, role=PERSON)
    if paths := list(forced):
        run("add", "--force", "--", *paths, cwd=directory, role=PERSON)
    quiet = ["-c", "core.hooksPath=/dev/null", *([] if signed else ["-c", "commit.gpgSign=false"]), "-c", "gc.auto=0"]
    role = Role(variables=(who or Committing()).variables)
    run(*quiet, "commit", "--quiet", "--allow-empty", "--message", message, cwd=directory, role=role)
    return text("rev-parse", "HEAD", cwd=directory)


def create_tag(directory: Path, name: str) -> None:
    """Give the commit that is checked out a lightweight tag."""
    run("-c", "tag.gpgSign=false", "tag", "--", name, cwd=directory)
