"""Running git in an environment that no calling git command can influence, in one of three roles.

A repository's configuration can name programs (a file system monitor, hooks, filters, a signature checker, a
transport), and a folder from a stranger can look like a repository. So a git that only reads gets settings that prevent
all of that. They are passed in the environment, where they override the repository's own and also reach every git that
git starts.

Only the modules of this room may use this one; an import contract (pyproject.toml) enforces that.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from paved_road import debug
from paved_road.errors import GitError, GitKilled

OLDEST = (2, 39)
"""Updates need `git merge-tree --stdin` of git 2.39 (and `cat-file -z` of git 2.38)."""

INSTALL = f"install git {'.'.join(map(str, OLDEST))} or newer"


# The GIT_* variables of the caller that git still gets: how to connect, and who commits. All others (GIT_DIR,
# GIT_INDEX_FILE, GIT_WORK_TREE, ...) would make it use the wrong repository. After pre-commit's `no_git_env`.
_KEPT = re.compile(
    r"GIT_(EXEC_PATH|SSH|SSH_COMMAND|SSL_\w+|HTTP_\w+|ALLOW_PROTOCOL|ASKPASS|CONFIG(_\w+)?|(AUTHOR|COMMITTER)_\w+)$"
)


def environment() -> dict[str, str]:
    """The environment for git: that of this process, without the GIT_* variables that name a repository."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or _KEPT.match(key)}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """What git may run and fetch: settings, and variables for its environment."""

    settings: tuple[tuple[str, str], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    limited: bool = False
    """Whether git has to end within `LONGEST` seconds."""

    def environment(self, more: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
        """The environment with the role's settings and `more` of them, after those in the caller's environment."""
        found = environment()
        first = int(found["GIT_CONFIG_COUNT"]) if found.get("GIT_CONFIG_COUNT", "").isdecimal() else 0
        settings = [*self.settings, *more]
        for number, (key, value) in enumerate(settings, first):
            found[f"GIT_CONFIG_KEY_{number}"], found[f"GIT_CONFIG_VALUE_{number}"] = key, value
        counted = {"GIT_CONFIG_COUNT": str(first + len(settings))} if settings else {}
        return found | counted | dict(self.variables)


# Only a folder with a `.git`, or one that is named with --git-dir, is a repository. A folder that looks like a bare
# repository may be part of what a stranger made (git-config(1), safe.bareRepository).
_CAREFUL = (
    ("safe.bareRepository", "explicit"),
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("submodule.recurse", "false"),
)

READER = Role(
    settings=(*_CAREFUL, ("log.showSignature", "false"), ("advice.graftFileDeprecated", "false")),
    variables={
        # Do not fetch objects that a partial clone lacks. Older gits start to fetch, but no transport is allowed.
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        # Ignore replacements: the content of a commit must match its id.
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
    },
    limited=True,
)
"""Reads a repository that a stranger may have made: runs nothing of it, fetches nothing, and ends in time, because git
opens every file that the configuration names, which may be a pipe, or on a disk that does not respond."""

FETCHER = Role(settings=_CAREFUL)
"""Fetches a road: with the user's access, but without running anything of the repository."""

PERSON = Role()
"""Changes the user's own service as if they had typed the command: their hooks, filters and signing key apply."""


def run(
    *args: str | Path, cwd: Path | None = None, stdin: bytes | None = None, hint: str = "", index: Path | None = None,
    role: Role = READER, settings: Iterable[tuple[str, str]] = (),
) -> bytes:  # fmt: skip
    """Run git and return its standard output. Raises `GitError`, with git's own message, if it fails.

    `index` is a file to use instead of the repository's index; `settings` apply to this call only.
    """
    command = ["git", *map(str, args)]
    debug.log(*command)
    own = role.environment(settings) | ({"GIT_INDEX_FILE": str(index)} if index else {})
    done = ended(command, cwd, own, stdin=stdin, limited=role.limited)
    if done.returncode < 0:
        raise GitKilled(f"git {_subcommand(command)} was killed", cause=f"by signal {-done.returncode}", hint=hint)
    if done.returncode != 0:
        if done.returncode == USAGE:
            refuse_old()
        raise failure(_subcommand(command), done, hint=hint)
    return done.stdout


NO = 1
"""The exit status with which git answers no; it prints nothing then."""
NO_REF = 2
"""The exit status of `ls-remote --exit-code` for a ref that is not there (git-ls-remote(1))."""
FATAL = 128
"""The exit status of a git that died: the thing it was asked about does not exist, or the repository is unusable."""
USAGE = 129
"""The exit status of a git that does not know an option, or cannot read an argument."""


def refuse_old() -> None:
    """Raise `GitError` if this git is older than paved needs: the likely reason why it did not understand a command."""
    if version() < OLDEST:
        raise GitError(
            f"git {'.'.join(map(str, version()))} is too old",
            cause="it does not have the commands that paved needs",
            hint=INSTALL,
        )


def ended(
    command: list[str], cwd: Path | None, own: Mapping[str, str], *, stdin: bytes | None = None, limited: bool = True
) -> subprocess.CompletedProcess[bytes]:
    """Run git to its end, whatever its exit status. Raises `GitError` if it is `limited` and exceeds `LONGEST` seconds.

    If we are interrupted, git gets time to remove its locks.
    """
    given = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    with (
        starting(cwd),
        subprocess.Popen(
            command, cwd=cwd, env=own, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
    ):
        try:
            out, err = process.communicate(stdin, timeout=LONGEST if limited else None)
        except BaseException as error:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise endless(_subcommand(command)) from error
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def endless(subcommand: str) -> GitError:
    """The error for a git that was stopped because it took too long."""
    return GitError(
        f"git {subcommand} did not end within {LONGEST:g} seconds",
        cause="a file that git reads may be a pipe, or on a disk that does not respond",
        hint="look for pipes: find .git -type p; and check which files .git/config names",
    )


LONGEST = 120.0
"""Seconds that a git that only reads may take."""

_PATIENCE = 3.0
"""Seconds that git has to end after SIGTERM."""


def named(repository: Path) -> tuple[str, ...]:
    """The options that name a bare repository (a mirror, a scratch repository, a road); none for a work tree."""
    return ("--git-dir", os.path.abspath(repository)) if is_bare(repository) else ()


def is_bare(path: Path) -> bool:
    """Whether a folder looks like a bare repository."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and not (path / ".git").exists()


@contextlib.contextmanager
def starting(cwd: Path | None) -> Iterator[None]:
    """Explain why a git process did not start. Raises `GitError` if git or the folder `cwd` does not exist."""
    try:
        yield
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise GitError(f"no such directory: {cwd}") from error
        raise GitError("git is not installed", cause="no `git` on PATH", hint=INSTALL) from error


def _subcommand(command: list[str]) -> str:
    """The first word that is neither an option of git itself nor an option's value."""
    words = iter(command[1:])
    for word in words:
        if word in ("-c", "-C", "--git-dir"):
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def text(*args: str | Path, cwd: Path | None = None, role: Role = READER) -> str:
    """`run`, decoded and stripped."""
    return run(*args, cwd=cwd, role=role).decode("utf-8", "surrogateescape").strip()


def maybe(*args: str | Path, cwd: Path | None = None, no: Collection[int] = (NO,), role: Role = READER) -> str | None:
    """`text`, or None if git answers no, by an exit status among `no` (`NO`, `FATAL`, `USAGE`, `NO_REF`).

    Raises `GitError` for every other failure. `FATAL` only counts as no if git can open the repository: git also dies
    of a broken repository, and of one that belongs to another user.
    """
    try:
        return text(*args, cwd=cwd, role=role)
    except GitError as error:
        if error.refused or error.status not in no:
            raise
        if error.status == FATAL:
            options = args[: list(map(str, args)).index(_subcommand(["git", *map(str, args)]))]
            run(*options, "rev-parse", "--git-dir", cwd=cwd)
        return None


def succeeds(*args: str | Path, cwd: Path | None = None, role: Role = READER) -> bool:
    """Whether git ends with the exit status 0.

    Raises `GitError` if it does not run, does not end by itself, or refuses the repository as a whole.
    """
    try:
        run(*args, cwd=cwd, role=role)
    except GitError as error:
        if error.refused or error.status is None:
            raise
        return False
    return True


def failure(subcommand: str, done: subprocess.CompletedProcess[bytes], *, hint: str = "") -> GitError:
    """The error for a git that failed, with the reason, and the remedy if that is known."""
    said = done.stderr.decode(errors="replace").strip()
    for pattern, message, cause, remedy in _REFUSALS:
        if found := re.search(pattern, said):
            facts = {"subject": found.groupdict().get("subject", ""), "said": found[0]}
            return GitError(
                message.format(**facts), cause=cause.format(**facts), hint=hint or remedy.format(**facts),
                status=done.returncode, stderr=said, refused=True,
            )  # fmt: skip
    cause = said or f"exit status {done.returncode}"
    return GitError(f"git {subcommand} failed", cause=cause, hint=hint, status=done.returncode, stderr=said)


_REFUSALS = (
    (
        r"detected dubious ownership in repository at '(?P<subject>.+)'",
        "git does not trust the repository at {subject}",
        "{said}: its files belong to another user",
        "if you trust it: git config --global --add safe.directory '{subject}'",
    ),
    (
        r"cannot use bare repository '(?P<subject>[^\n]*/\.git(/[^\n]*)?)' \(",
        "{subject} is git's own folder",
        "a service must be in a work tree",
        "name a folder of a work tree",
    ),
    (
        r"cannot use bare repository '(?P<subject>[^\n]+)' \(",
        "{subject} is a bare repository, or looks like one",
        "a service must be in a work tree, and paved runs nothing of a folder that only looks like a repository",
        "clone it, and name the clone",
    ),
    (
        r"(?m)not a git repository: (?P<subject>[^'\n].*)$",
        "the .git file here leads nowhere",
        "git finds no repository at {subject}",
        "run git worktree repair in its repository; or clone it again",
    ),
    (
        r"(?s)(Expected git repo version|unknown repository (extension|object format|ref storage)).*",
        "this git cannot read the repository's format",
        "{said}",
        "install a newer git",
    ),
    (
        r"(?m)(?<=^fatal: )(BOM is \w+ in|failed to encode) '(?P<subject>[^'\n]+)'[^\n]*",
        "git cannot store {subject}: it is not in the encoding that its attributes name",
        "{said}",
        "save it in that encoding, or change the attribute: git check-attr working-tree-encoding -- '{subject}'",
    ),
    (
        r"this operation must be run in a work tree",
        "this is not a work tree, but git's own folder or a bare repository",
        "{said}",
        "name a folder of a work tree",
    ),
    (
        r"'(?P<subject>[^'\n]+\.lock)': File exists",
        "git's lock {subject} exists",
        "another git command is running in this repository, or one was killed",
        "wait until it has ended; if no git command is running: rm {subject}",
    ),
)  # fmt: skip
"""How git words (with LC_ALL=C) that it refuses a whole repository, or that another git has locked it; and our message,
cause and hint."""


@functools.cache
def version() -> tuple[int, ...]:
    """The version of git as numbers, such as (2, 39, 5)."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text("--version"))
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)
