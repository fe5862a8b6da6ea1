"""Questions to a repository: where it is, its revisions, files, attributes and settings."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from paved_road import debug
from paved_road.errors import GitError
from paved_road.files import contained
from paved_road.git.entries import SHA1
from paved_road.git.objects import Objects
from paved_road.git.pipes import refuse_pipes
from paved_road.git.process import FATAL, NO, READER, USAGE, ended, is_bare, maybe, named, run, succeeds, text


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A repository, seen from one of its work trees."""

    top: Path
    """The root of the work tree."""
    folder: Path
    """Git's own folder for this work tree."""
    objects: Path
    """The folder of the objects, which linked work trees share."""
    head: str | None
    """The commit that was checked out when this was read; None before the first commit."""
    object_format: str = SHA1
    """git's name for the hash of its object ids."""

    @property
    def is_shallow(self) -> bool:
        """Whether a part of its history is missing."""
        return os.path.lexists(self.objects.parent / "shallow")


_SEPARATOR = "--next"
"""rev-parse prints an option that it does not know. It separates the answers, because a path may contain line ends."""


def repository(path: Path) -> Repository | None:
    """The repository that the folder `path` is in; None outside of one. Raises `GitError` if git refuses to open it."""
    asked = ("--show-toplevel", "--absolute-git-dir", "--git-path objects", "--show-object-format", "--revs-only HEAD")
    words = f" {_SEPARATOR} ".join(asked).split(" ")
    refuse_pipes(path)
    try:
        said = run("rev-parse", *words, cwd=path)
    except GitError as error:
        if error.status == FATAL and not error.refused and _is_outside(path):
            return None
        raise
    answers = said.decode("utf-8", "surrogateescape").removesuffix("\n").split(f"\n{_SEPARATOR}")
    top, folder, objects, object_format, head = (answer.removeprefix("\n") for answer in answers)
    return Repository(
        top=Path(top), folder=Path(folder), objects=(path / objects).resolve(), head=head or None,
        object_format=object_format,
    )  # fmt: skip


def _is_outside(path: Path) -> bool:
    """Whether there is no repository from a folder upwards. Like git, this stops at the border of the file system."""
    folder = Path(os.path.realpath(path))
    device = folder.stat().st_dev
    for above in (folder, *folder.parents):
        if above.stat().st_dev != device:
            break
        if os.path.lexists(above / ".git" / "HEAD") or (above / ".git").is_file():
            return False
    return True


def repository_around(path: Path) -> Repository | None:
    """The repository that `path`, or its nearest parent that exists, is in; None outside of one."""
    return repository(_existing(path))


def _existing(path: Path) -> Path:
    """The folder, or its nearest parent that exists."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def is_repository(path: Path) -> bool:
    """Whether `path` is the root of a work tree or a bare repository, not a folder inside one."""
    if not path.is_dir():
        return False
    return (path / ".git").exists() or is_bare(path)


def opens(bare: Path) -> bool:
    """Whether git can open a bare repository of the cache."""
    return succeeds("--git-dir", bare, "rev-parse", "--git-dir")


def is_sound(bare: Path) -> bool:
    """Whether git can open a bare repository of the cache, and finds every object of its branches and tags."""
    asked = ("--git-dir", bare, "fsck", "--connectivity-only")
    # The repository is our own and may be large, so there is no time limit.
    return opens(bare) and succeeds(*asked, role=replace(READER, limited=False))


def resolve(repository: Path, revision: str) -> str | None:
    """The id of the commit that a revision names; None if it names none."""
    asked = ("--verify", "--quiet", "--end-of-options", revision + "^{commit}")
    return maybe(*named(repository), "rev-parse", *asked, cwd=repository, no=(NO, FATAL))


def object_id(repository: Path, name: str) -> str | None:
    """The id of the object, of any type, that a name stands for; None if it stands for none."""
    return maybe(*named(repository), "rev-parse", "--verify", "--quiet", name, cwd=repository, no=(NO, FATAL))


def object_type(repository: Path, name: str) -> str | None:
    """The type of an object (commit, tree, blob or tag); None if it does not exist."""
    return maybe(*named(repository), "cat-file", "-t", name, cwd=repository, no=(NO, FATAL))


def objects_folder(repository: Path) -> Path:
    """The folder of a repository's objects."""
    asked = (*named(repository), "rev-parse", "--git-path", "objects")
    return (repository / text(*asked, cwd=repository)).resolve()


def is_branch_name(repository: Path, name: str) -> bool:
    """Whether a branch can have this name."""
    return maybe("check-ref-format", "--branch", name, cwd=repository, no=(FATAL,)) is not None


def refs(repository: Path, *prefixes: str, merged: str = "") -> dict[str, str]:
    """The refs below the prefixes that lead to commits: full name to commit id.

    With `merged`, only those in the history of that commit.
    """
    listing = text(
        *named(repository),
        "for-each-ref",
        *([f"--merged={merged}"] if merged else []),
        "--format=%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)",
        *prefixes,
        cwd=repository,
    )
    found = {}
    for line in listing.split("\n") if listing else ():
        name, *facts = line.split(" ")
        kind, commit = facts[2:] if facts[0] == "tag" else facts[:2]
        if kind == "tag":  # a tag of a tag: git only prints the first step
            found[name] = resolve(repository, commit) or ""
        elif kind == "commit":
            found[name] = commit
    return {name: commit for name, commit in found.items() if commit}


def checked_out_branch(repository: Path) -> str | None:
    """The full name of the branch that is checked out, read from git's HEAD file without starting a process.

    None if the file does not name it: in a linked work tree, with a detached HEAD, in another format of refs.
    """
    try:
        said = contained.read_regular(repository / ".git", "HEAD").decode()
    except (OSError, UnicodeDecodeError):
        return None
    return said.removeprefix("ref: ").strip() if said.startswith("ref: refs/heads/") else None


def is_ancestor(repository: Path, commit: str, of: str) -> bool:
    """Whether a commit is in the history of another one; False if the repository lacks either."""
    asked = ("merge-base", "--is-ancestor", commit, of)
    return maybe(*named(repository), *asked, cwd=repository, no=(NO, FATAL)) is not None


def is_reachable(repository: Path, commit: str, *prefixes: str) -> bool:
    """Whether a commit is in the history of any ref below the prefixes."""
    asked = ("for-each-ref", "--count=1", "--format=x", f"--contains={commit}", *prefixes)
    return bool(maybe(*named(repository), *asked, cwd=repository, no=(NO, FATAL, USAGE)))


def describe(repository: Path, commit: str) -> str:
    """The name that Copier records as `_commit`: the tag, tag-count-id, or the abbreviated id."""
    return text(*named(repository), "describe", "--tags", "--always", commit, cwd=repository)


def commits_in(repository: Path, revisions: str) -> int:
    """The number of commits in a range, or in the history of one commit."""
    return int(text(*named(repository), "rev-list", "--count", revisions, cwd=repository))


def has_changes(directory: Path) -> bool:
    """Whether a folder of a work tree has uncommitted changes or untracked files."""
    asked = ("status", "--porcelain", "--ignore-submodules=dirty", "--", ".")
    return bool(run(*asked, cwd=directory, settings=without_filters(directory)))


def first_parent_log(repository: Path, commit: str, path: str) -> list[str]:
    """The first-parent commits that changed `path`, newest first."""
    asked = ("--first-parent", "--format=%H", commit, "--", f":(top,literal){path}")
    return text(*named(repository), "log", *asked, cwd=repository).splitlines()


def working_files(directory: Path, *patterns: str) -> list[str]:
    """The existing tracked and untracked files below a folder of a work tree, relative to it, without ignored ones.

    With `patterns` (pathspecs), only those that match one.
    """
    asked = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", *patterns)
    listing = run(*asked, cwd=directory)
    paths = listing.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return [path for path in paths if os.path.lexists(directory / path)]


def files_with(directory: Path, pattern: str, names: Iterable[str]) -> list[str]:
    """The text files below `directory` with these names that have a line with the pattern, without ignored ones."""
    options = ("--untracked", "--files-with-matches", "--null", "-I")
    try:
        listing = run("grep", *options, "-e", pattern, "--", *names, cwd=directory)
    except GitError as error:
        if error.status == NO and not error.refused:
            return []
        raise
    return sorted(listing.decode("utf-8", "surrogateescape").split("\0")[:-1])


def is_ignored(path: Path) -> bool:
    """Whether .gitignore matches `path`; False for a path behind a link, which is no part of the work tree."""
    parent = _existing(path.parent)
    return maybe("check-ignore", "--quiet", "--", path.relative_to(parent), cwd=parent, no=(NO, FATAL)) is not None


def ignored(directory: Path, paths: Iterable[str]) -> set[str]:
    """The untracked `paths` below `directory` that .gitignore matches."""
    # git refuses paths behind a link or in a nested repository.
    beyond = functools.cache(lambda folder: (directory / folder).is_symlink() or (directory / folder / ".git").exists())
    within = (path for path in paths if not any(beyond(str(one)) for one in PurePosixPath(path).parents[:-1]))
    return _checked_ignore((), directory, within)


def ignored_with(repository: Repository, rules: Mapping[str, bytes], paths: Iterable[str]) -> set[str]:
    """The `paths` that the repository would ignore if `rules` were its `.gitignore` files, by path.

    Paths are from the root of the work tree. Whether a file is tracked makes no difference.
    """
    with tempfile.TemporaryDirectory(prefix="paved-rules-") as folder:
        for path, content in rules.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_bytes(content)
        where = (f"--git-dir={repository.folder}", f"--work-tree={folder}")
        return _checked_ignore(where, Path(folder), paths, "--no-index")


def _checked_ignore(where: Iterable[str], directory: Path, paths: Iterable[str], *options: str) -> set[str]:
    request = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    if not request:
        return set()
    try:
        answer = run(*where, "check-ignore", "-z", "--stdin", *options, cwd=directory, stdin=request)
    except GitError as error:
        if error.status == NO and not error.refused:
            return set()
        raise
    return set(answer.decode("utf-8", "surrogateescape").split("\0")[:-1])


def last_with(repository: Path, path: str) -> str | None:
    """The last commit with a file that HEAD does not have; None if the history does not tell."""
    asked = ("-1", "--format=%P", "--diff-filter=D", "HEAD", "--", f":(top,literal){path}")
    listing = maybe("log", *asked, cwd=repository, no=(FATAL,))
    return listing.split(" ", 1)[0] if listing else None


def last_commit(repository: Path, paths: Iterable[str]) -> str | None:
    """The last commit that changed one of these files; None if the history does not tell."""
    names = [f":(top,literal){path}" for path in paths]
    return maybe("log", "-1", "--format=%H", "HEAD", "--", *names, cwd=repository, no=(FATAL,)) or None


def has_file(repository: Path, commit: str, path: str) -> bool:
    """Whether a commit has a file at this path."""
    with Objects(repository) as objects:
        return objects.ids([f"{commit}:{path}"]) != [None]


def kept_in(directory: Path, name: str) -> str | None:
    """Where git still has a file that may be missing on disk: "the index", "HEAD", or None. HEAD must exist."""
    tagged = run("ls-files", "-z", "-t", "--with-tree=HEAD", "--", f":(literal){name}", cwd=directory)
    return {b"H": "the index", b"M": "HEAD"}.get(tagged[:1])


def attributes(directory: Path, name: str, paths: Iterable[str]) -> dict[str, str]:
    """The value of an attribute by path, for those paths below `directory` that have it."""
    request = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    if not request:
        return {}
    answer = run("check-attr", "-z", "--stdin", name, cwd=directory, stdin=request)
    words = answer.decode("utf-8", "surrogateescape").split("\0")[:-1]
    return {path: value for path, value in zip(words[::3], words[2::3], strict=True) if value != "unspecified"}


def settings(repository: Path, pattern: str) -> dict[str, str]:
    """The settings whose names match a regular expression, as they apply in the repository."""
    listing = maybe("config", "-z", "--get-regexp", pattern, cwd=repository) or ""
    return dict(pair.split("\n", 1) for pair in listing.split("\0") if "\n" in pair)


def own_setting(directory: Path, name: str) -> str | None:
    """A setting of the user or the machine, never of the repository; None if neither has it."""
    listing = maybe("config", "-z", "--show-scope", "--get-all", name, cwd=directory) or ""
    words = listing.split("\0")
    found = [value for scope, value in zip(words[::2], words[1::2], strict=False) if scope not in ("local", "worktree")]
    return found[-1] if found else None


@functools.lru_cache
def without_filters(directory: Path) -> tuple[tuple[str, str], ...]:
    """Settings that keep git from running filter programs when it compares files; it still converts line endings.

    Any file of git's configuration may define filters, under any names.
    """
    listing = maybe("config", "-z", "--name-only", "--get-regexp", r"^filter\.", cwd=directory) or ""
    names = {name.rpartition(".")[0] for name in listing.split("\0") if name}
    off = {"clean": "", "smudge": "", "process": "", "required": "false"}
    return tuple((f"{name}.{key}", value) for name in sorted(names) for key, value in off.items())


def filtered(directory: Path, paths: Iterable[str]) -> set[str]:
    """The `paths` below `directory` to which a configured filter program applies."""
    names = {name.split(".", 1)[1].rpartition(".")[0] for name, _ in without_filters(directory)}
    found = attributes(directory, "filter", paths) if names else {}
    return {path for path, value in found.items() if value in names}


@functools.lru_cache
def renames_in_history(repository: Path, old: str, new: str, folder: str) -> list[tuple[str, str]]:
    """The files below `folder` that git detects as renamed, commit by commit, between two commits; oldest first."""
    prefix = f"{folder}/" if folder else ""
    listing = run(
        *named(repository),
        *("log", "--reverse", "--first-parent", "-m", "-M", "--diff-filter=R", "--name-status", "-z", "--format="),
        *(f"{old}..{new}", "--", f":(top,literal){folder}"),
        cwd=repository,
    )
    words = iter(listing.decode("utf-8", "surrogateescape").split("\0"))
    found = []
    for word in words:
        if word.lstrip("\n").startswith("R"):
            before, after = next(words), next(words)
            if before.startswith(prefix) and after.startswith(prefix):
                found.append((before.removeprefix(prefix), after.removeprefix(prefix)))
    return found


def log_files(directory: Path, revisions: str) -> list[tuple[str, list[str]]]:
    """The commits of a range that change `directory`, newest first, each with the files that it changed.

    Paths are from the repository's root. For a merge, only files that differ from all its parents count.
    """
    mark = f"commit {os.urandom(8).hex()} "  # no path begins with this
    asked = ("--name-only", "-z", "--no-renames", "-c", f"--format={mark}%H", "--end-of-options", revisions, "--", ".")
    found: list[tuple[str, list[str]]] = []
    for word in run("log", *asked, cwd=directory).decode("utf-8", "surrogateescape").split("\0"):
        if word.startswith(mark):
            found.append((word.removeprefix(mark), []))
        elif word:  # a line end precedes the first path
            found[-1][1].append(word if found[-1][1] else word.removeprefix("\n"))
    return found


def verify_signature(repository: Path, kind: str, name: str, settings: Mapping[str, str]) -> tuple[bool, list[str]]:
    """Whether the signature of a "tag" or "commit" is good under these settings, and the verifier's output by line."""
    options = [word for setting, value in settings.items() for word in ("-c", f"{setting}={value}")]
    command = ["git", *named(repository), *options, f"verify-{kind}", "--raw", name]
    debug.log(*command)
    done = ended(command, repository, READER.environment())
    return done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace").splitlines()
