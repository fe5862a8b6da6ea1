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
    """What the answers file names as the source: a URL without secrets, a shortcut, a path, or `paved:built-in`."""
    location: Path
    """Where its objects (or, for a plain folder, its files) are on this machine."""
    cache: Path = field(compare=False)
    """The folder for copies of other repositories that the road uses (submodules)."""
    trusted: bool
    signed_by: tuple[str, ...] = ()
    """The keys, one of which must sign each release; empty if no signature is required."""
    is_git: bool = True
    offline: bool = field(default=False, compare=False)
    """Whether the network must not be used."""
    stale: str = ""
    """Why the cached copy could not be brought up to date; empty if it is up to date."""
    login: git.Login | None = field(default=None, repr=False, compare=False)
    """The login in its URL."""
    recorded: bool = field(default=False, compare=False)
    """Whether a service's lock or answers file names it, and not a person."""
    project: str = field(default="", compare=False)
    """The project's settings file that names it; empty if none does."""
    history: History = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "history", History(self.location, local=self.local))

    @property
    def local(self) -> bool:
        """Whether it has a work tree that `HEAD` can mean."""
        return not self.is_git or (self.location / ".git").exists()

    @property
    def option(self) -> str:
        """The option that names this road on a command line, after a space; empty for the built-in road."""
        return "" if self.source == BUILT_IN else f" --road {shlex.quote(self.source)}"

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the person who runs the command."""
        found = []
        if self.login is not None and self.recorded:
            found.append(
                "the service's lock or answers file contains a password or token for its road: replace it, because "
                "everybody with access to the repository can read it; the next update removes it from the file"
            )
        elif self.login is not None:
            found.append(
                "the road's URL contains a password or token, which paved does not save: "
                "later commands ask git's credential helpers for it"
            )
        if self.project:
            found.append(f"the road is {self.source}, which {self.project} names")
        if self.stale:
            found.append(f"the road could not be reached, so its cached copy is used ({self.stale})")
        return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """One kind of service on a road. `folder` is its place in the road, "" for the root."""

    road: Road
    name: str
    folder: str
    last: str = field(default="", compare=False)
    """The tag of the newest release that has it, if the road's main branch no longer has a template."""

    @property
    def source(self) -> str:
        """The `_src_path` of the answers file."""
        return address.recorded(self.road.source, self.folder)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the person who runs the command."""
        return (f"the road no longer has a template; its last release with one is {self.last}",) if self.last else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A template at one commit of its road."""

    template: Template
    version: str
    commit: str | None
    """None for a plain folder, which has no history."""
    described: str | None
    """The `_commit` that Copier writes to the answers file."""
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
        """Whether some of its files may be in other repositories (submodules)."""
        road = self.template.road
        return road.is_git and self.commit is not None and git.has_file(road.location, self.commit, ".gitmodules")
