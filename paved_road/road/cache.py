"""Copies of repositories on this machine: each is cloned once, bare, and fetched again later."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from paved_road import git
from paved_road.errors import GitError, RoadError, UnfetchedRoad
from paved_road.files import private

_NOT_FROM_USER: Mapping[str, str] = {"GIT_PROTOCOL_FROM_USER": "0"}
"""A repository supplied the URL, not a person, so git uses only transports that are safe for any URL."""


def mirror(
    url: str, cache: Path, *, named_by: str, login: git.Login | None = None, refresh: bool = True, fetch: bool = True
) -> tuple[Path, str]:
    """The cached copy of a road, and why it could not be brought up to date (or "").

    `named_by` is the file, variable or option that names the road, for the error. Raises `UnfetchedRoad` if the road
    is not in the cache and may not be fetched, `RoadError` if it cannot be fetched.
    """
    location = _place(url, cache)
    if not (location / "HEAD").is_file():
        if not refresh or not fetch:
            raise UnfetchedRoad(
                f"the road {url} has never been fetched on this machine",
                cause="the command was to use no network"
                if fetch
                else f"{named_by} names it, and a command that only reads fetches nothing that a repository names",
                hint=f"if you know that address: paved templates --road {shlex.quote(url)}",
            )
        return clone(url, location, login=login), ""
    if refresh:
        try:
            git.fetch_road(location, login=login)
        except GitError as error:
            return location, error.cause
    return location, ""


def pinned(url: str, commit: str, cache: Path, *, login: git.Login | None = None, offline: bool = False) -> Path:
    """The cached copy of a submodule's repository. It is fetched only if it lacks the commit.

    Raises `RoadError` if the copy lacks the commit and cannot be fetched.
    """
    location = _place(url, cache)
    known = (location / "HEAD").is_file()
    if known and git.resolve(location, commit):
        return location
    if offline:
        raise RoadError(f"the submodule {url} is not in the cache")
    if not known:
        clone(url, location, login=login, env=_NOT_FROM_USER, what="submodule")
        if git.resolve(location, commit):
            return location
    try:
        git.fetch_road(location, login=login, env=_NOT_FROM_USER)
        if not git.resolve(location, commit):
            git.fetch_commit(location, commit, login=login, env=_NOT_FROM_USER)
    except GitError as error:
        raise RoadError(f"cannot fetch {commit[:12]} of the submodule {url}", cause=error.cause) from error
    return location


def _place(url: str, cache: Path) -> Path:
    name = re.sub(r"[^A-Za-z0-9]+", "-", url.rstrip("/").removesuffix(".git").rsplit("/", 1)[-1])[-40:]
    place = private.private_folder(cache, "roads") / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:16]}.git"
    private.require_private(place)
    return place


def clone(
    source: str, location: Path, *, login: git.Login | None = None, env: Mapping[str, str] = {}, what: str = "road"
) -> Path:
    """Clone into the cache atomically: a reader sees all of it or nothing, and of two clones at once the first wins.

    Raises `RoadError` if the cache cannot be written or the source cannot be fetched.
    """
    if (location / "HEAD").is_file():
        return location
    try:
        location.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".clone-", dir=location.parent))
    except OSError as error:
        raise RoadError(
            "cannot write the cache",
            cause=f"{error.filename}: {error.strerror}",
            hint="paved doctor, or set PAVED_CACHE to a folder you can write",
        ) from error
    try:
        git.clone_road(source, scratch / "road.git", login=login, env=env)
        if not location.exists():
            (scratch / "road.git").rename(location)
    except GitError as error:
        is_forbidden = "transport 'file' not allowed" in error.cause
        raise RoadError(
            f"cannot fetch the {what} {source}",
            cause=error.cause,
            hint="if you trust it: git config --global protocol.file.allow always"
            if is_forbidden
            else f"check the address and your access with: git ls-remote -- {shlex.quote(source)}",
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return location
