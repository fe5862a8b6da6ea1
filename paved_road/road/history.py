"""The branches and tags of a road's repository, and the commits they contain."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from paved_road import git

_BRANCHES, _TAGS, _REMOTE = "refs/heads/", "refs/tags/", "refs/remotes/"

_MAIN = ("HEAD", "main", "master")
"""The names that a road's main branch may have, in the order in which they are tried."""


class History:
    """The branches and tags that the road's author published. Each is read once: no command changes a road."""

    def __init__(self, location: Path, *, local: bool) -> None:
        self.location = location
        self._local = local

    @cached_property
    def _refs(self) -> dict[str, str]:
        return git.refs(self.location, *self._prefixes)

    @property
    def _prefixes(self) -> tuple[str, ...]:
        """The prefixes of branches and tags. In a local clone, the branches of its origin count, too."""
        return (_BRANCHES, _TAGS, _REMOTE) if self._local else (_BRANCHES, _TAGS, git.MAIN)

    @cached_property
    def tags(self) -> dict[str, str]:
        """Every tag and the commit it points to."""
        return {name.removeprefix(_TAGS): commit for name, commit in self._refs.items() if name.startswith(_TAGS)}

    @property
    def branches(self) -> list[str]:
        """The names of the branches."""
        return [name.removeprefix(_BRANCHES) for name in self._refs if name.startswith(_BRANCHES)]

    @cached_property
    def head(self) -> str | None:
        """The commit of the main branch; None if there is no such branch."""
        if known := self._refs.get(git.MAIN) or self._refs.get(git.checked_out_branch(self.location) or ""):
            return known
        return next((commit for name in _MAIN if (commit := git.resolve(self.location, name))), None)

    def has(self, commit: str) -> bool:
        """Whether a branch or tag contains a commit. Anybody can propose other commits, which nobody has reviewed."""
        if commit in self._refs.values() or commit == self.head:
            return True
        if git.is_reachable(self.location, commit, *self._prefixes):
            return True
        return self.head is not None and git.is_ancestor(self.location, commit, self.head)
