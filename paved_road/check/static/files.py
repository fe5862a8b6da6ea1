"""A service's files, as static checks read them: the text of each, read once and within limits."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from paved_road import git
from paved_road.check.model import NotApplicable, Subject
from paved_road.files import contained

if TYPE_CHECKING:
    from paved_road.check.contract.model import RunContract

MOST_FILES = 20_000
LARGEST = 2**20
"""Bytes of one file: a dashboard or a lock file of some thousand packages fits."""
MOST_AROUND = 1000
"""Files of the repository around a service."""
MOST_BYTES = 64 * 2**20
SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".terraform"})
"""Folders that hold what others wrote, whether or not git ignores them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceFiles:
    """The text files of a service."""

    subject: Subject
    texts: Mapping[str, str] = field(default_factory=dict)
    """The content of each file by its path from the service's folder."""
    contract: RunContract | None = None
    """How the service is run, when it says so."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Why a file is not among the texts, by its path: it is a link, too large, or beyond the limits. Binary files are
    not listed."""
    prefix: str = ""
    """The service's folder in its repository, ending in "/"; "" if it is the root."""
    around: Mapping[str, str] = field(default_factory=dict)
    """Of a service in a subfolder: the texts that concern every service of the repository, such as its pipelines and
    CODEOWNERS, by path from the repository's root."""

    def matching(self, *patterns: str) -> list[str]:
        """The paths that match one of the patterns, sorted. `*` also matches slashes: `deploy/*.yaml`."""
        return sorted(path for path in self.texts if any(fnmatchcase(path, pattern) for pattern in patterns))

    def needed(self, *patterns: str, what: str) -> list[str]:
        """`matching`, for a practice that says nothing about a service without such files. Raises `NotApplicable`."""
        if not (paths := self.matching(*patterns)):
            raise NotApplicable(f"the service has no {what}")
        return paths

    def line(self, path: str, pattern: str) -> int:
        """The first line of a file that matches a regular expression; 1 if none does."""
        lines = self.texts[path].splitlines()
        return next((number for number, line in enumerate(lines, 1) if re.search(pattern, line)), 1)


_AROUND = re.compile(
    r"(\.github|\.gitlab|\.gitea|\.forgejo|\.circleci|\.buildkite|\.azure|\.azure-pipelines|\.semaphore|ci|scripts)/.+|[^/]+"
    r"|docs/CODEOWNERS"
)
"""Paths of a repository's files that concern every service in it."""
AROUND_PATTERNS = (
    ":(glob)*", ".github", ".gitlab", ".gitea", ".forgejo", ".circleci", ".buildkite", ".azure", ".azure-pipelines",
    ".semaphore", "ci", "scripts", "docs/CODEOWNERS",
)  # fmt: skip
"""The same for git."""


def is_around(path: str) -> bool:
    """Whether a file of a repository concerns every service in it."""
    return _AROUND.fullmatch(path) is not None


def read_service(subject: Subject, contract: RunContract | None = None) -> ServiceFiles:
    """Read the text files of a service: what git tracks or would track, or everything outside of a repository.

    Runs nothing of the repository, follows no link, and stops at the limits above. Raises `GitError` if git refuses
    to open the repository.
    """
    texts: dict[str, str] = {}
    unread: dict[str, str] = {}
    left = MOST_BYTES
    for number, path in enumerate(_paths(subject.path)):
        if number >= MOST_FILES or left <= 0:
            unread[path] = f"paved reads at most {MOST_FILES:,} files and {MOST_BYTES // 2**20} MiB of a service"
            continue
        try:
            data = contained.read_regular(subject.path, path, limit=LARGEST)
        except OSError as error:
            unread[path] = error.strerror or str(error)
            continue
        left -= len(data)
        if (text := decoded(data)) is not None:
            texts[path] = text
    prefix, around = _surroundings(subject.path)
    return ServiceFiles(
        subject=subject, texts=texts, contract=contract, unread=unread, prefix=prefix, around=around
    )  # fmt: skip


def _surroundings(folder: Path) -> tuple[str, dict[str, str]]:
    """Where in its repository a service is, and the files there that concern every service."""
    repository = git.repository(folder)
    if repository is None or repository.top == folder or not folder.is_relative_to(repository.top):
        return "", {}
    texts: dict[str, str] = {}
    for path in git.working_files(repository.top, *AROUND_PATTERNS)[:MOST_AROUND]:
        with contextlib.suppress(OSError):
            text = decoded(contained.read_regular(repository.top, path, limit=LARGEST))
            texts |= {path: text} if text is not None and is_around(path) else {}
    return f"{folder.relative_to(repository.top).as_posix()}/", texts


def _paths(folder: Path) -> list[str]:
    """The files of a service: those near its root first, so that the limits leave out what is far down."""
    tracked = git.repository(folder) is not None
    found = git.working_files(folder) if tracked else _walked(folder)
    # git lists a nested repository as a folder; it is another service's.
    kept = (path for path in found if not path.endswith("/") and not SKIPPED.intersection(path.split("/")))
    return sorted(kept, key=lambda path: (path.count("/"), path))


def _walked(folder: Path) -> Iterator[str]:
    """The files below a folder, without following links; at most as many as are read, and a few more."""
    found = 0
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in sorted(names):
            yield Path(where, name).relative_to(folder).as_posix()
            found += 1
            if found > 2 * MOST_FILES:
                return


def decoded(data: bytes) -> str | None:
    """The text of a file; None if it is binary."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
