"""Who works here, by git's own rule: its variables, its configuration, and at last a guess from user and host name.

Git itself is asked (`git var`), so that `author.*`, `committer.*`, `includeIf`, `EMAIL` and `user.useConfigOnly` mean
what they mean to git. What it only guesses is good enough for a commit, which then says so; it signs no record.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from paved_road.errors import GitError
from paved_road.git.process import FATAL, READER, run


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A person, as git knows them."""

    name: str
    email: str
    """It may be blank: git allows that."""
    is_guess: bool = False
    """Whether git made it up of the user's name and the host's."""

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Committing:
    """Who a commit will be by."""

    author: Identity | None = None
    committer: Identity | None = None

    @property
    def variables(self) -> dict[str, str]:
        """What makes git commit as paved where it knows nobody."""
        nobody = [role for role, one in (("AUTHOR", self.author), ("COMMITTER", self.committer)) if one is None]
        parts = (("NAME", PAVED.name), ("EMAIL", PAVED.email))
        return {f"GIT_{role}_{key}": value for role in nobody for key, value in parts}

    @property
    def is_known(self) -> bool:
        """Whether git would commit: it knows author and committer, or guesses them."""
        return self.author is not None and self.committer is not None

    @property
    def made_up(self) -> Identity | None:
        """Under whose name a commit is that nobody gave: git's guess, or paved's own; None where somebody did."""
        if not self.is_known:
            return PAVED
        return next((one for one in (self.author, self.committer) if one and one.is_guess), None)

    @property
    def note(self) -> str:
        """What to say of a commit under a made-up name; "" under one that somebody gave."""
        return f"the commit is by {self.made_up}: git's user.name and user.email are not set" if self.made_up else ""


PAVED = Identity(name="paved", email="paved@localhost")
"""Who makes a commit that nobody wrote, where git knows nobody."""

REMEDY = 'git config --global user.name "Your Name" && git config --global user.email you@example.com'


def author(directory: Path) -> Identity | None:
    """Whose work it is that is done in a folder; None where git knows nobody and cannot guess."""
    return _find(directory, "AUTHOR")


def committing(directory: Path) -> Committing:
    """Who a commit in a folder will be by."""
    return Committing(author=_find(directory, "AUTHOR"), committer=_find(directory, "COMMITTER"))


_IDENTITY = re.compile(r"(?P<name>.*) <(?P<email>[^>]*)> \d+ [-+]\d{4}\s*", re.DOTALL)


def _find(directory: Path, role: str) -> Identity | None:
    # Git takes EMAIL for an address that was given, but not where it may not guess.
    email = os.environ.get("EMAIL", "").strip()
    given = [("user.useConfigOnly", "true"), *([("user.email", email)] if email else ())]
    return _asked(directory, role, given) or _asked(directory, role, [], is_guess=True)


def _asked(directory: Path, role: str, settings: list[tuple[str, str]], *, is_guess: bool = False) -> Identity | None:
    try:
        said = run("var", f"GIT_{role}_IDENT", cwd=directory, role=READER, settings=settings)
    except GitError as error:
        if error.refused or error.status != FATAL:
            raise
        run("config", "--list", cwd=directory)  # raises if the reason is a configuration that git cannot read
        return None
    found = _IDENTITY.fullmatch(said.decode(errors="replace"))
    return Identity(name=found["name"], email=found["email"], is_guess=is_guess) if found else None
