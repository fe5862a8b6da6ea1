"""The files of a release. A submodule's files are in their place, as in the clone that Copier makes of a template.

A submodule is fetched once, into the cache, at the commit that the road names; git's own rule for what a repository
may make others fetch holds for its URL (a path on this machine only with `protocol.file.allow`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paved_road import git
from paved_road.errors import GitError, RoadError
from paved_road.git import address, trees
from paved_road.git.entries import File, Mode, Tree
from paved_road.road import cache
from paved_road.road.model import Road
from paved_road.settings.config import BUILT_IN
from paved_road.settings.whereabouts import git_in

DEEPEST = 8
"""Submodules inside of submodules are followed so many times."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Checkout:
    """A commit of the road or of one of its submodules."""

    repository: Path
    commit: str
    url: str
    """What relative URLs of its submodules start from."""
    depth: int = 0


def committed(road: Road, commit: str, folder: str) -> Tree:
    """The files of a folder of the road's commit, submodules followed; `GitError` when it has no such folder."""
    return _read(road, _root(road, commit), folder)


def names(road: Road, commit: str, folder: str) -> list[str]:
    """The names in one folder of the road's commit, looked for in a submodule, too; none when it has no such folder."""
    at = _inside(road, _root(road, commit), folder)
    if at is None:
        return []
    inner, rest = at
    with git.Objects(inner.repository) as objects:
        return list(objects.folder(f"{inner.commit}:{rest}") or ())


def on_disk(folder: Path, *, is_git: bool) -> Tree:
    """The files of a folder as they lie there, without those that git ignores."""
    return trees.read_folder(folder, _working_files(folder) if is_git else None)


def _working_files(folder: Path) -> Iterator[str]:
    for path in git.working_files(folder):
        inner = folder / path
        if inner.is_dir() and not inner.is_symlink() and git.is_repository(inner):
            yield from (f"{path.rstrip('/')}/{below}" for below in _working_files(inner))
        else:
            yield path


def _root(road: Road, commit: str) -> _Checkout:
    remote = None if road.local or road.source == BUILT_IN else address.parse_address(road.source).url
    return _Checkout(repository=road.location, commit=commit, url=remote or str(road.location))


def _read(road: Road, at: _Checkout, folder: str) -> Tree:
    with git.Objects(at.repository) as objects:
        try:
            entries, links = objects.listing(f"{at.commit}:{folder}")
        except GitError:
            inside = _inside(road, at, folder)
            if inside is None or inside[0] == at:
                raise
            return _read(road, *inside)
        try:
            blobs = objects.read(entry.blob for entry in entries.values())
        except GitError as error:  # git gives up at an object that it would have to fetch
            raise _lacking(at) from error
    if None in blobs:
        raise _lacking(at)
    contents = zip(entries.items(), blobs, strict=True)
    found = {path: File(content or b"", entry.mode) for (path, entry), content in contents}
    for link, entry in links.items():
        inner = _follow(road, at, posixpath.join(folder, link), entry.blob)
        if inner is not None:
            found |= {f"{link}/{path}": file for path, file in _read(road, inner, "").items()}
    return found


def _lacking(at: _Checkout) -> RoadError:
    return RoadError(
        f"{at.repository} lacks files of {at.commit[:12]}",
        cause="it is a partial clone, or broken",
        hint=f"{git_in(at.repository)} fetch --refetch --no-filter",
    )


def _inside(road: Road, at: _Checkout, folder: str) -> tuple[_Checkout, str] | None:
    """The commit that holds a folder, and its path there: this one, or that of the submodule it lies in."""
    with git.Objects(at.repository) as objects:
        if objects.folder(f"{at.commit}:{folder}") is not None:
            return at, folder
        parts = folder.split("/")
        for end in range(1, len(parts) + 1):
            above, name = "/".join(parts[: end - 1]), parts[end - 1]
            entry = (objects.folder(f"{at.commit}:{above}") or {}).get(name)
            if entry and entry.mode is Mode.SUBMODULE:
                break
        else:
            return None
    inner = _follow(road, at, "/".join(parts[:end]), entry.blob)
    return None if inner is None else _inside(road, inner, "/".join(parts[end:]))


def _follow(road: Road, at: _Checkout, path: str, commit: str) -> _Checkout | None:
    """The commit of a submodule; None for one that `.gitmodules` does not know, which is an empty folder to git."""
    url = git.submodules(at.repository, at.commit).get(path)
    if url is None:
        return None
    if at.depth == DEEPEST:
        raise RoadError(f"the submodules of {road.source} lie more than {DEEPEST} deep in one another")
    where = address.parse_address(absolute(url, at.url))
    url = where.url or str(where.path)
    here = at.repository / path
    known = here if (here / ".git").exists() and git.resolve(here, commit) else None
    repository = known or cache.pinned(url, commit, road.cache, login=where.login or road.login, offline=road.offline)
    return _Checkout(repository=repository, commit=commit, url=url, depth=at.depth + 1)


def absolute(url: str, base: str) -> str:
    """A submodule's URL. One that starts with `./` or `../` is relative to that of the repository it stands in."""
    if not url.startswith(("./", "../")):
        return url
    root, path = re.match(r"([^/:]+://[^/]*|[^/:]+:|)(.*)", base, re.DOTALL).groups()  # type: ignore[union-attr]
    return root + posixpath.normpath(posixpath.join(path.rstrip("/"), url))
