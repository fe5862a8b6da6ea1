"""Making repositories: mirrors of roads, and the first commit of a service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from paved_road.errors import GitError
from paved_road.git.entries import SHA1
from paved_road.git.identity import Committing
from paved_road.git.login import Login
from paved_road.git.process import FATAL, FETCHER, NO_REF, PERSON, READER, Role, maybe, named, run, text


def clone_road(source: str, target: Path, *, login: Login | None = None, env: Mapping[str, str] = {}) -> None:
    """A bare copy of the branches and tags at `source`, and of no other ref: anybody may open a pull request."""
    run("clone", "--quiet", "--bare", "--template=", "--", source, target, role=_connecting(login, env))


def fetch_road(repository: Path, *, login: Login | None = None, env: Mapping[str, str] = {}) -> None:
    """Bring the copy of a road up to date, its branches and tags."""
    command = (*named(repository), "fetch", "--quiet", "--prune", "--force", "--no-recurse-submodules", "origin")
    role = _connecting(login, env)
    try:
        run(*command, *_ROADS_REFS, f"+HEAD:{MAIN}", cwd=repository, role=role)
    except GitError as error:
        if error.status != FATAL or not _lacks_head(repository, role):
            raise
        run(*command, *_ROADS_REFS, cwd=repository, role=role)


def _lacks_head(repository: Path, role: Role) -> bool:
    """Whether the branch that is checked out at the road's origin has no commit, so that HEAD cannot be fetched."""
    asked = ("ls-remote", "--exit-code", "origin", "HEAD")
    try:
        listing = maybe(*named(repository), *asked, cwd=repository, no=(NO_REF,), role=role)
    except GitError:
        return False
    return listing is None or not any(line.endswith("\tHEAD") for line in listing.splitlines())


def fetch_commit(repository: Path, commit: str, *, login: Login | None = None, env: Mapping[str, str] = {}) -> None:
    """Fetch one commit that no branch or tag has any more; a ref of its own keeps it from git's garbage collection."""
    what = f"+{commit}:refs/pinned/{commit}"
    asked = ("fetch", "--quiet", "--no-tags", "origin", what)
    run(*named(repository), *asked, cwd=repository, role=_connecting(login, env))


MAIN = "refs/paved/main"
"""What the main branch of a road was when it was last fetched, whatever it is called there by now."""

_ROADS_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


def _connecting(login: Login | None, env: Mapping[str, str]) -> Role:
    """Who fetches, with what opens the door."""
    settings, variables = (login.settings, login.variables) if login else ((), {})
    return Role(settings=(*FETCHER.settings, *settings), variables={**variables, **env})


def start_repository(directory: Path, *, branch: str = "", role: Role = READER) -> None:
    """Make `directory` a repository without a commit, of the object format that every host takes.

    Without a `branch` it starts on the one that `init.defaultBranch` names, else on main.

    A person's repository gets git's template, or theirs (`init.templateDir`), with its hooks; ours get none.
    """
    first = branch or maybe("config", "--get", "init.defaultBranch", cwd=directory.parent) or "main"
    plain = () if role is PERSON else ("--template=",)
    run("init", "--quiet", *plain, f"--object-format={SHA1}", "-b", first, directory, role=role)


def commit_everything(
    directory: Path, message: str, *, forced: Iterable[str] = (), who: Committing | None = None, signed: bool = False
) -> str:
    """Commit everything in a folder that it does not ignore, and the `forced` files in any case; the commit's id.

    A folder that is no repository becomes one. Hooks stay out of this one commit, which nobody wrote. Where it is to
    be `signed`, it is if the user's configuration says so. Without `who`, and where git knows nobody, it is by paved.
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
    """A lightweight tag of the commit that is checked out."""
    run("-c", "tag.gpgSign=false", "tag", "--", name, cwd=directory)
