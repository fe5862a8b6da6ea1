"""Opening a road: from the text that names it to its repository on this machine."""

from __future__ import annotations

import hashlib
from pathlib import Path

from paved_road import git
from paved_road.errors import RoadError
from paved_road.files import private
from paved_road.git import address
from paved_road.road import cache
from paved_road.road.model import Road
from paved_road.settings.config import BUILT_IN, Config

_CHECKOUT = Path(__file__).resolve().parent.parent.parent


def open_road(
    config: Config, *, trust: bool = False, refresh: bool = True, fetch: bool = True, beside: Path | None = None
) -> Road:
    """The road that the configuration names. A remote road is cloned into the cache once, and fetched again later.

    With `refresh=False` the network is not used at all; with `fetch=False` it is not used for a road that is not in the
    cache. Raises `UnfetchedRoad` if the road would have to be cloned for that reason. If fetching again fails, the
    cached copy is used and `Road.stale` says why.

    A relative path starts at the folder `beside`, and the answers file then keeps it relative. Without `beside` it
    starts at the current folder, and the answers file gets the absolute path.
    """
    source = config.road.value
    if source == BUILT_IN:
        return _built_in(config)
    where = address.parse_address(source)
    login, path = where.login, None
    if where.url is None:
        path = address.resolved((beside or Path()) / where.path)
        relative = beside is not None and not where.path.is_absolute()
        recorded, known_as = where.text if relative else str(path), str(path)
    else:
        recorded = known_as = address.as_copier_reads_it(where)
    if path is not None and path.is_dir():
        location, stale, is_git = path, "", git.is_repository(path)
    elif path is None or path.is_file():
        if path is not None and not _is_bundle(path):
            raise address.no_road(source, "it is a file and not a git bundle")
        location, stale = cache.mirror(
            where.url or str(path), config.cache_dir, named_by=config.road.where, login=login, refresh=refresh,
            fetch=fetch,
        )  # fmt: skip
        is_git = True
    else:
        raise address.no_road(source, "no such folder, and not a git URL")
    return Road(
        source=recorded, location=location, cache=config.cache_dir, trusted=trust or config.trusts(known_as),
        signed_by=config.signers(known_as), is_git=is_git, offline=not refresh, stale=stale, login=login,
        recorded=config.road.origin == "service", project=config.road.where if config.road.origin == "project" else "",
    )  # fmt: skip


def _is_bundle(path: Path) -> bool:
    """Whether the file is what `git bundle create` makes."""
    with path.open("rb") as file:
        return file.read(3) == b"# v"


def git_url(source: str) -> str | None:
    """The URL git understands for a source as Copier writes them, or None when it is a path."""
    return address.parse_address(source).url


def _built_in(config: Config) -> Road:
    """The built-in road: this checkout if paved runs from one, else the bundle in the wheel."""
    if (_CHECKOUT / "templates").is_dir() and git.is_repository(_CHECKOUT):
        return Road(source=BUILT_IN, location=_CHECKOUT, cache=config.cache_dir, trusted=True)
    from importlib import resources

    bundle = resources.files("paved_road") / "road.bundle"
    if not bundle.is_file():
        raise RoadError(
            "this installation of paved has no built-in road",
            cause=f"{bundle} is missing",
            hint="reinstall paved, or name a road with --road",
        )
    digest = hashlib.sha256(bundle.read_bytes()).hexdigest()[:16]
    with resources.as_file(bundle) as path:
        location = cache.clone(str(path), private.private_folder(config.cache_dir, "roads") / f"built-in-{digest}.git")
    return Road(source=BUILT_IN, location=location, cache=config.cache_dir, trusted=True)
