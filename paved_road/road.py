"""Roads, their templates and releases: resolve a source, fetch it once into the cache, export a release's files."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from paved_road import git
from paved_road import tree as trees
from paved_road.config import BUILT_IN, Config
from paved_road.errors import GitError, RoadError, UnknownRelease, UnknownTemplate, nearest
from paved_road.tree import File, Mode, Tree

if TYPE_CHECKING:
    from packaging.version import Version

SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}
"""Copier's shortcuts for well-known hosts."""

CONFIG_NAMES = ("copier.yml", "copier.yaml")
WORKING_TREE = "HEAD"
"""The ref that names a local road as it lies on disk, uncommitted changes included."""

_CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Road:
    """A git repository (or plain folder) that holds templates."""

    source: str
    """What answers record: a URL, a shortcut, an absolute path, or `paved:built-in`."""
    location: Path
    """Where its objects (or, for a plain folder, its files) are on this machine."""
    trusted: bool
    is_git: bool = True
    stale: str = ""
    """Why the cached copy could not be brought up to date; empty when it was."""

    @property
    def local(self) -> bool:
        """Whether it has a work tree that `HEAD` can mean."""
        return not self.is_git or (self.location / ".git").exists()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person should know of it."""
        return (f"the road could not be reached, its cached copy is used ({self.stale})",) if self.stale else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """One kind of service on a road. `folder` is its place in the road, "" for the root."""

    road: Road
    name: str
    folder: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A template at one commit of its road."""

    template: Template
    version: str
    commit: str | None
    """None for a plain folder, which has no history."""
    described: str | None
    """What Copier records as `_commit`."""
    tag: str | None = None
    working_tree: bool = False
    """Read from disk, uncommitted changes included."""

    def files(self) -> Tree:
        """The template's own files, `copier.yml` at the root. Contents are those of the repository, unconverted."""
        location, folder = self.template.road.location, self.template.folder
        if self.working_tree or self.commit is None:
            base = location / folder
            return trees.read(base, git.working_files(base) if self.template.road.is_git else None)
        with git.Objects(location) as objects:
            entries = objects.files(f"{self.commit}:{folder}")
            contents = objects.read(entry.blob for entry in entries)
        return {
            entry.path: File(content, Mode(entry.mode))
            for entry, content in zip(entries, contents, strict=True)
            if content is not None
        }


# -- opening a road ----------------------------------------------------------------------------------------------


def open_road(config: Config, *, trust: bool = False, refresh: bool = True) -> Road:
    """The road that the configuration names. A remote one is fetched into the cache, once, then kept fresh there.

    `refresh=False` uses what the cache has and no network. When a refresh fails, the cached copy is used and
    `Road.stale` says why.
    """
    source = config.road.value
    if source == BUILT_IN:
        return _built_in(config)
    path = Path(source).expanduser()
    if path.exists():
        source = str(path.resolve())
    trusted = trust or config.trusts(source)
    if path.is_dir():
        here = Path(source)
        return Road(source=source, location=here, trusted=trusted, is_git=git.is_repository(here))
    url = source if path.is_file() else git_url(source)
    if url is None:
        raise RoadError(
            f"no road at {source}",
            cause="no such folder, and not a git URL",
            hint="give a git URL, a folder, or a shortcut such as gh:organisation/repository",
        )
    location, stale = _mirror(url, config.cache_dir, refresh=refresh)
    recorded = source if path.is_file() else _as_copier_reads_it(source)
    return Road(source=recorded, location=location, trusted=trusted, stale=stale)


def git_url(source: str) -> str | None:
    """The URL git understands for a source as Copier writes them, or None when it looks like a path."""
    for shortcut, host in SHORTCUTS.items():
        if source.startswith(shortcut):
            name = source.removeprefix(shortcut).removeprefix("/")
            return f"{host}{name if name.endswith('.git') else name + '.git'}"
    if source.startswith("git+"):
        return source.removeprefix("git+")
    if re.match(r"[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:", source) or source.endswith(".git"):
        return source
    return None


def _as_copier_reads_it(source: str) -> str:
    """The source as plain Copier takes it for a git URL: with `git+` before one that it would take for a path."""
    known = ("git@", "git://", "git+", "https://github.com/", "https://gitlab.com/", *SHORTCUTS)
    return source if source.endswith(".git") or source.startswith(known) else f"git+{source}"


def _built_in(config: Config) -> Road:
    """The road this project ships: its own checkout when run from one, else the bundle in the wheel."""
    if (_CHECKOUT / "templates").is_dir() and git.is_repository(_CHECKOUT):
        return Road(source=BUILT_IN, location=_CHECKOUT, trusted=True)
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
        location = _clone(str(path), config.cache_dir / "roads" / f"built-in-{digest}.git")
    return Road(source=BUILT_IN, location=location, trusted=True)


def _mirror(url: str, cache: Path, *, refresh: bool) -> tuple[Path, str]:
    """The cached mirror of a URL, and why it could not be refreshed (or "")."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", url.rstrip("/").removesuffix(".git").rsplit("/", 1)[-1])[-40:]
    location = cache / "roads" / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:16]}.git"
    if not (location / "HEAD").is_file():
        if not refresh:
            raise RoadError(f"the road {url} is not in the cache", hint="paved templates --road URL fetches it")
        return _clone(url, location), ""
    if refresh:
        try:
            git.fetch_all(location)
        except GitError as error:
            return location, error.cause
    return location, ""


def _clone(source: str, location: Path) -> Path:
    """Clone into the cache so that a reader sees either nothing or all of it; the first of two at once wins."""
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
        git.clone_mirror(source, scratch / "road.git")
        if not location.exists():
            (scratch / "road.git").rename(location)
    except GitError as error:
        raise RoadError(
            f"cannot fetch the road {source}",
            cause=error.cause,
            hint="check the address and your access with: git ls-remote " + source,
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return location


# -- templates ---------------------------------------------------------------------------------------------------


def templates(road: Road) -> list[Template]:
    """What the road offers: the template at its root, or those in `templates/<name>/`, by name."""
    paths = _config_paths(road)
    if any(path in CONFIG_NAMES for path in paths):
        return [Template(road=road, name=_own_name(road), folder="")]
    folders = sorted({str(PurePosixPath(path).parent) for path in paths})
    return [Template(road=road, name=PurePosixPath(folder).name, folder=folder) for folder in folders]


def _own_name(road: Road) -> str:
    """A single template is called as its road."""
    return road.source.rstrip("/").removesuffix(".git").replace(":", "/").rsplit("/", 1)[-1] or "template"


def _config_paths(road: Road) -> list[str]:
    """Every `copier.yml` where a template may have one, committed or (on a local road) on disk."""
    on_disk = [
        path.relative_to(road.location).as_posix()
        for pattern in ("copier.y*ml", "templates/*/copier.y*ml")
        for path in (road.location.glob(pattern) if road.local else ())
    ]
    committed = _committed_names(road) if road.is_git else []
    return [path for path in sorted({*on_disk, *committed}) if re.fullmatch(r"(templates/[^/]+/)?copier\.ya?ml", path)]


def _committed_names(road: Road) -> list[str]:
    """The files of the main branch's root and of each template's root."""
    with git.Objects(road.location) as objects:
        roots = (objects.folder(f"{head}:") for head in _MAIN)
        root = next((entries for entries in roots if entries is not None), [])
        found = [name for _, name, _ in root]
        templates = _folders(root).get("templates")
        for name, folder in _folders(objects.folder(templates) if templates else None).items():
            found += [f"templates/{name}/{inside}" for _, inside, _ in objects.folder(folder) or []]
    return found


def _folders(entries: list[tuple[str, str, str]] | None) -> dict[str, str]:
    return {name: tree for mode, name, tree in entries or () if mode == git.FOLDER}


_MAIN = ("HEAD", "main", "master")
"""Where a road's main branch is looked for."""


def _head(road: Road) -> str | None:
    """The commit of the road's main branch."""
    return next((commit for name in _MAIN if (commit := git.resolve(road.location, name))), None)


def find_template(road: Road, name: str | None) -> Template:
    """The template called `name`; without a name the road's only one, or the one called `service`."""
    offered = {template.name: template for template in templates(road)}
    if not offered:
        raise RoadError(
            f"{road.source} is not a road",
            cause="no copier.yml at its root or in templates/<name>/",
            hint="see docs/reference/road.md",
        )
    if name is None:
        if len(offered) == 1:
            return next(iter(offered.values()))
        name = "service" if "service" in offered else None
    if name is None:
        raise UnknownTemplate(
            f"{road.source} has several templates", cause=", ".join(offered), hint="paved new TEMPLATE DEST"
        )
    if name not in offered:
        raise UnknownTemplate(
            f"no template {name!r} on {road.source}", hint=nearest(name, offered) + " See: paved templates"
        )
    return offered[name]


# -- releases ----------------------------------------------------------------------------------------------------


def release(template: Template, ref: str | None = None) -> Release:
    """The release that `ref` names (a version, tag, branch, commit, or HEAD for a work tree); else the latest."""
    road = template.road
    if not road.is_git:
        if ref not in (None, WORKING_TREE):
            raise UnknownRelease(
                f"no release {ref!r} of {template.name}",
                cause=f"{road.source} is a plain folder, without history",
            )
        return _working_tree(template)
    if ref == WORKING_TREE and road.local:
        return _working_tree(template)
    if ref is None:
        return _latest(template)
    for found in releases(template):
        if ref in (found.tag, found.version) or ref.removeprefix("v") == found.version:
            return found
    commit = git.resolve(road.location, ref)
    if commit is None:
        known = [found.version for found in releases(template)] + git.branches(road.location)
        raise UnknownRelease(
            f"no release {ref!r} of {template.name}",
            hint=nearest(ref, known) + " See: paved templates --releases",
        )
    return _at(template, commit)


def _latest(template: Template) -> Release:
    """The newest tagged release that is not a pre-release (or the newest at all); without tags the main branch."""
    tagged = _tagged(template)
    if tagged:
        return next((found for found in tagged if not _parse(found.version).is_prerelease), tagged[0])
    head = _head(template.road)
    if head is None:
        raise RoadError(f"{template.road.source} has no commits")
    return _at(template, head)


def releases(template: Template) -> list[Release]:
    """Every release, newest first: the tags, or without tags the versions that `paved-road.yml` ever stated."""
    return _tagged(template) or _stated(template)


def _tagged(template: Template) -> list[Release]:
    if not template.road.is_git:
        return []
    prefix = f"{template.name}/" if template.folder else ""
    all_tags = git.tags(template.road.location)
    own = {tag.removeprefix(prefix): (tag, commit) for tag, commit in all_tags.items() if tag.startswith(prefix)}
    plain = {tag: (tag, commit) for tag, commit in all_tags.items() if "/" not in tag}
    found = _versions(template, own) or _versions(template, plain)
    return sorted(found, key=lambda item: _parse(item.version), reverse=True)


def _versions(template: Template, named: dict[str, tuple[str, str]]) -> list[Release]:
    return [
        Release(template=template, version=str(_parse(name)), commit=commit, described=tag, tag=tag)
        for name, (tag, commit) in named.items()
        if _is_version(name)
    ]


def _stated(template: Template) -> list[Release]:
    """Releases of a road without tags. A version lasts until the commit that states the next one."""
    from paved_road.stated import FILENAME, stated_version

    location = template.road.location
    head = _head(template.road) if template.road.is_git else None
    if head is None:
        return []
    path = f"{template.folder}/{FILENAME}" if template.folder else FILENAME
    changes = git.first_parent_log(location, head, path)
    contents = git.read(location, (f"{commit}:{path}" for commit in changes))
    found: dict[str, Release] = {}
    last = head
    for commit, content in zip(changes, contents, strict=True):
        version = stated_version(content)
        if version is not None and version not in found:
            at = git.resolve(location, last) or commit
            found[version] = Release(
                template=template, version=version, commit=at, described=git.describe(location, at)
            )
        last = f"{commit}^"
    return list(found.values())


def _at(template: Template, commit: str) -> Release:
    """The release at a commit that may have no tag: the stated version, else one derived as Copier does."""
    from paved_road.stated import FILENAME, stated_version

    location, folder = template.road.location, template.folder
    prefix = f"{folder}/" if folder else ""
    *configs, manifest = git.read(location, [f"{commit}:{prefix}{name}" for name in (*CONFIG_NAMES, FILENAME)])
    if not any(config is not None for config in configs):
        raise UnknownRelease(
            f"{template.name} is not in {commit[:12]}", cause=f"no copier.yml at {prefix or 'the root'}"
        )
    described = git.describe(location, commit)
    version = stated_version(manifest) or _derived(location, commit)
    return Release(template=template, version=version, commit=commit, described=described)


def _derived(location: Path, commit: str) -> str:
    """The version of an untagged commit: the last tag, the commits since, the id (PEP 440's local part)."""
    described = git.maybe("describe", "--tags", "--long", commit, cwd=location)
    if described and (found := re.fullmatch(r"(.+)-(\d+)-g([0-9a-f]+)", described)) and _is_version(found[1]):
        return str(_parse(found[1])) if found[2] == "0" else f"{_parse(found[1])}.post{found[2]}.dev0+{found[3]}"
    count = git.text("rev-list", "--count", commit, cwd=location)
    return f"0.0.0.post{count}.dev0+{commit[:7]}"


def _working_tree(template: Template) -> Release:
    from paved_road.stated import FILENAME, stated_version

    road = template.road
    path = road.location / template.folder / FILENAME
    version = stated_version(path.read_bytes() if path.is_file() else None) or "0.0.0"
    commit = _head(road) if road.is_git else None
    described = git.describe(road.location, commit) if commit else None
    local = (
        ""
        if not road.is_git
        else "+dirty"
        if git.text("status", "--porcelain", "--", template.folder or ".", cwd=road.location)
        else ""
    )
    return Release(template=template, version=version + local, commit=commit, described=described, working_tree=True)


def is_older(version: str, other: str) -> bool:
    """Whether a version comes before another one; the mark of a changed work tree does not count.

    Texts that are no versions (a plain commit id) come before nothing.
    """
    return _is_version(version) and _is_version(other) and _parse(_parse(version).public) < _parse(_parse(other).public)


def is_passed(version: str, old: str, new: str) -> bool:
    """Whether going from the release `old` to `new` passes that version; False for texts that are no versions."""
    return all(map(_is_version, (version, old, new))) and _parse(old) < _parse(version) <= _parse(new)


def _parse(version: str) -> Version:
    from packaging.version import Version

    return Version(version)


def _is_version(name: str) -> bool:
    from packaging.version import InvalidVersion

    try:
        _parse(name)
    except InvalidVersion:
        return False
    return True
