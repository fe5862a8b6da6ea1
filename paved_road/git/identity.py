"""The user's identity by git's own rules: its variables, its configuration, else a guess from user and host name.

`git var` answers, so that `author.*`, `committer.*`, `includeIf`, `EMAIL` and `user.useConfigOnly` mean what they mean
to git. A guess is good enough for a commit, with a note; it never signs a deviation.
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
    """A name and an email address, as git knows them."""

    name: str
    email: str
    """May be blank: git allows that."""
    is_guess: bool = False
    """Whether git guessed it from the user and host names."""

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Committing:
    """The author and the committer that a commit will have; None where git knows no identity."""

    author: Identity | None = None
    committer: Identity | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The variables that make git commit as paved where it knows no identity."""
        nobody = [role for role, one in (("AUTHOR", self.author), ("COMMITTER", self.committer)) if one is None]
        parts = (("NAME", PAVED.name), ("EMAIL", PAVED.email))
        return {f"GIT_{role}_{key}": value for role in nobody for key, value in parts}

    @property
    def is_known(self) -> bool:
        """Whether git would commit: it knows or guesses author and committer."""
        return self.author is not None and self.committer is not None

    @property
    def made_up(self) -> Identity | None:
        """The identity that no user gave: git's guess, or paved's own; None if the user gave one."""
        if not self.is_known:
            return PAVED
        return next((one for one in (self.author, self.committer) if one and one.is_guess), None)

    @property
    def note(self) -> str:
        """A note for a commit under an identity that no user gave; "" otherwise."""
        return f"the commit is by {self.made_up}: git's user.name and user.email are not set" if self.made_up else ""


PAVED = Identity(name="paved", email="paved@localhost")
"""The author of generated commits where git knows no identity."""

REMEDY = 'git config --global user.name "Your Name" && git config --global user.email you@example.com'


def author(directory: Path) -> Identity | None:
    """The author that git would record in a folder; None if it knows none and cannot guess."""
    return guess_identity(directory, "AUTHOR")


def committing(directory: Path) -> Committing:
    """The author and the committer that a commit in a folder would have."""
    return Committing(author=guess_identity(directory, "AUTHOR"), committer=guess_identity(directory, "COMMITTER"))


_IDENTITY = re.compile(r"(?P<name>.*) <(?P<email>[^>]*)> \d+ [-+]\d{4}\s*", re.DOTALL)


def guess_identity(directory: Path, role: str) -> Identity | None:
    """Who git takes for the author or the committer in a folder; None if it knows nobody."""
    # EMAIL counts as given by the user, but git does not use it where guessing is forbidden.
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
