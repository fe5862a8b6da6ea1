"""What a road, a template and a release are."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from paved_road import git
from paved_road.errors import GitError, UnknownRelease
from paved_road.git import address
from paved_road.git.entries import Tree
from paved_road.road.history import History
from paved_road.settings.config import BUILT_IN

WORKING_TREE = "HEAD"
"""The ref that names a local road as it lies on disk, uncommitted changes included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Road:
    """A git repository (or plain folder) that holds templates."""

    source: str
    """What answers record: a URL without secrets, a shortcut, a path, or `paved:built-in`."""
    location: Path
    """Where its objects (or, for a plain folder, its files) are on this machine."""
    cache: Path = field(compare=False)
    """Where what it borrows from other repositories is kept."""
    trusted: bool
    signed_by: tuple[str, ...] = ()
    """The keys by one of which a release of it must be signed; none when no signature is demanded."""
    is_git: bool = True
    offline: bool = field(default=False, compare=False)
    """Whether only what is on this machine already may be used."""
    stale: str = ""
    """Why the cached copy could not be brought up to date; empty when it was."""
    login: git.Login | None = field(default=None, repr=False, compare=False)
    """The login that stood in its URL."""
    recorded: bool = field(default=False, compare=False)
    """Whether a service's records named it, and not a person."""
    project: str = field(default="", compare=False)
    """The project's file of settings that named it; empty when none did."""
    history: History = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "history", History(self.location, local=self.local))

    @property
    def local(self) -> bool:
        """Whether it has a work tree that `HEAD` can mean."""
        return not self.is_git or (self.location / ".git").exists()

    @property
    def option(self) -> str:
        """What a command line needs to mean this road, with a space before it: nothing for the built-in one."""
        return "" if self.source == BUILT_IN else f" --road {shlex.quote(self.source)}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person should know of it."""
        found = []
        if self.login is not None and self.recorded:
            found.append(
                "the service's records hold a password or token of its road: replace it, everybody who has the "
                "repository knows it; the next update takes it out of the records"
            )
        elif self.login is not None:
            found.append(
                "the road's URL holds a password or token, which is recorded nowhere: "
                "later commands ask git's credential helpers for it"
            )
        if self.project:
            found.append(f"the road is {self.source}, which {self.project} names")
        if self.stale:
            found.append(f"the road could not be reached, its cached copy is used ({self.stale})")
        return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """One kind of service on a road. `folder` is its place in the road, "" for the root."""

    road: Road
    name: str
    folder: str
    last: str = field(default="", compare=False)
    """The tag of the newest release that has it, where the road's main branch has no template any more."""

    @property
    def source(self) -> str:
        """What answers record as `_src_path`."""
        return address.recorded(self.road.source, self.folder)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person should know of it."""
        return (f"the road has no template any more; its last release with one is {self.last}",) if self.last else ()


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
        """The template's own files, `copier.yml` at the root. Contents are those of the repository, unconverted.

        Raises `UnknownRelease` if the road's commit does not hold the template.
        """
        from paved_road.road import contents

        road, folder = self.template.road, self.template.folder
        if self.working_tree or self.commit is None:
            return contents.on_disk(road.location / folder, is_git=road.is_git)
        try:
            return contents.committed(road, self.commit, folder)
        except GitError as error:
            raise UnknownRelease(
                f"{self.template.name} is not in {self.version} of {road.source}",
                cause=f"the commit {self.commit[:12]} has no {folder}" if folder else error.message,
                hint="paved templates --releases",
            ) from error

    @property
    def borrows(self) -> bool:
        """Whether files of it may lie in other repositories (submodules)."""
        road = self.template.road
        return road.is_git and self.commit is not None and git.has_file(road.location, self.commit, ".gitmodules")
