"""Running git: one function, in an environment that no caller's git command reaches."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from paved_road import debug
from paved_road.errors import GitError

OLDEST = (2, 38)
"""`git merge-tree --write-tree`, on which updates stand, came with git 2.38."""


# What a caller's GIT_* variables may still tell git: how to connect, and who commits. Everything else (GIT_DIR,
# GIT_INDEX_FILE, GIT_WORK_TREE, ...) would point it at the wrong repository. After pre-commit's `no_git_env`.
_KEPT = re.compile(
    r"GIT_(EXEC_PATH|SSH|SSH_COMMAND|SSL_\w+|HTTP_\w+|ALLOW_PROTOCOL|ASKPASS|CONFIG(_\w+)?|(AUTHOR|COMMITTER)_\w+)$"
)


def environment() -> dict[str, str]:
    """The environment git runs in: this process's, less the GIT_* variables that name a repository."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or _KEPT.match(key)}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


def run(
    *args: str | Path,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    hint: str = "",
    index: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Run git and return its standard output; a non-zero exit is a `GitError` that says what git said.

    `index` is a file to use instead of the repository's own index; `env` holds variables for this one process.
    """
    command = ["git", *map(str, args)]
    debug.tell(*command)
    with starting(cwd):
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment() | ({"GIT_INDEX_FILE": str(index)} if index else {}) | dict(env or {}),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
        )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
        raise GitError(f"git {_subcommand(command)} failed", cause=said, hint=hint)
    return done.stdout


@contextlib.contextmanager
def starting(cwd: Path | None) -> Iterator[None]:
    """Around the start of a git process: one that cannot be started is a `GitError`, too."""
    try:
        yield
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise GitError(f"no such directory: {cwd}") from error
        raise GitError("git is not installed", cause="no `git` on PATH", hint="install git 2.38 or newer") from error


def _subcommand(command: list[str]) -> str:
    """The first word that is neither an option of git itself nor an option's value."""
    words = iter(command[1:])
    for word in words:
        if word in ("-c", "-C", "--git-dir"):
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def text(*args: str | Path, cwd: Path | None = None) -> str:
    """`run`, decoded and stripped."""
    return run(*args, cwd=cwd).decode(errors="replace").strip()


def maybe(*args: str | Path, cwd: Path | None = None) -> str | None:
    """`text`, or None when git says no."""
    try:
        return text(*args, cwd=cwd)
    except GitError as error:
        if "not installed" in error.message:
            raise
        return None


@functools.cache
def version() -> tuple[int, ...]:
    """Git's version as numbers: (2, 39, 5)."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text("--version"))
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)
