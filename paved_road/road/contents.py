"""The files of a release, with the files of its submodules in place, as in the clone that Copier makes of a template.

A submodule is fetched once, into the cache, at the commit that the road pins. git's own rule for the URLs that a
repository supplies applies: it fetches from a path on this machine only if `protocol.file.allow` permits that.
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
"""The number of levels to which submodules within submodules are followed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Checkout:
    """A commit of the road or of one of its submodules."""

    repository: Path
    commit: str
    url: str
    """The URL to which the relative URLs of its submodules refer."""
    depth: int = 0


def committed(road: Road, commit: str, folder: str) -> Tree:
    """The files of a folder at the road's commit, with those of its submodules.

    Raises `GitError` if the commit has no such folder.
    """
    return _read(road, _root(road, commit), folder)


def names(road: Road, commit: str, folder: str) -> list[str]:
    """The names in a folder at the road's commit. It may lie in a submodule; the list is empty if there is none."""
    place = _inside(road, _root(road, commit), folder)
    if place is None:
        return []
    inner, rest = place
    with git.Objects(inner.repository) as objects:
        return list(objects.folder(f"{inner.commit}:{rest}") or ())


def on_disk(folder: Path, *, is_git: bool) -> Tree:
    """The files of a folder on disk, without those that git ignores."""
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


def _read(road: Road, checkout: _Checkout, folder: str) -> Tree:
    with git.Objects(checkout.repository) as objects:
        try:
            entries, links = objects.listing(f"{checkout.commit}:{folder}")
        except GitError:
            inside = _inside(road, checkout, folder)
            if inside is None or inside[0] == checkout:
                raise
            return _read(road, *inside)
        try:
            blobs = objects.read(entry.blob for entry in entries.values())
        except GitError as error:  # git fails at an object that it would have to fetch
            raise _lacking(checkout) from error
    if None in blobs:
        raise _lacking(checkout)
    contents = zip(entries.items(), blobs, strict=True)
    files = {path: File(content or b"", entry.mode) for (path, entry), content in contents}
    for link, entry in links.items():
        inner = _follow(road, checkout, posixpath.join(folder, link), entry.blob)
        if inner is not None:
            files |= {f"{link}/{path}": file for path, file in _read(road, inner, "").items()}
    return files


def _lacking(checkout: _Checkout) -> RoadError:
    return RoadError(
        f"{checkout.repository} lacks files of {checkout.commit[:12]}",
        cause="it is a partial clone, or broken",
        hint=f"{git_in(checkout.repository)} fetch --refetch --no-filter",
    )


def _inside(road: Road, checkout: _Checkout, folder: str) -> tuple[_Checkout, str] | None:
    """The checkout that contains a folder, and the folder's path in it: `checkout` or that of a submodule."""
    with git.Objects(checkout.repository) as objects:
        if objects.folder(f"{checkout.commit}:{folder}") is not None:
            return checkout, folder
        parts = folder.split("/")
        for end in range(1, len(parts) + 1):
            above, name = "/".join(parts[: end - 1]), parts[end - 1]
            entry = (objects.folder(f"{checkout.commit}:{above}") or {}).get(name)
            if entry and entry.mode is Mode.SUBMODULE:
                break
        else:
            return None
    inner = _follow(road, checkout, "/".join(parts[:end]), entry.blob)
    return None if inner is None else _inside(road, inner, "/".join(parts[end:]))


def _follow(road: Road, checkout: _Checkout, path: str, commit: str) -> _Checkout | None:
    """The checkout of a submodule. None if `.gitmodules` does not list it: git leaves such a folder empty."""
    url = git.submodules(checkout.repository, checkout.commit).get(path)
    if url is None:
        return None
    if checkout.depth == DEEPEST:
        raise RoadError(f"the submodules of {road.source} lie more than {DEEPEST} deep in one another")
    where = address.parse_address(absolute(url, checkout.url))
    url = where.url or str(where.path)
    here = checkout.repository / path
    known = here if (here / ".git").exists() and git.resolve(here, commit) else None
    repository = known or cache.pinned(url, commit, road.cache, login=where.login or road.login, offline=road.offline)
    return _Checkout(repository=repository, commit=commit, url=url, depth=checkout.depth + 1)


def absolute(url: str, base: str) -> str:
    """A submodule's absolute URL. `./` and `../` are relative to the URL of the repository that contains it."""
    if not url.startswith(("./", "../")):
        return url
    root, path = re.match(r"([^/:]+://[^/]*|[^/:]+:|)(.*)", base, re.DOTALL).groups()  # type: ignore[union-attr]
    return root + posixpath.normpath(posixpath.join(path.rstrip("/"), url))
