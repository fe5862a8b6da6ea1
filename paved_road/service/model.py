"""A service on disk: its folder, the repository it is in, its lock and its answers file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from paved_road import git
from paved_road.errors import ServiceError, UsageError
from paved_road.files import contained
from paved_road.git import address
from paved_road.git.entries import blob_id
from paved_road.service import discovery
from paved_road.service.answers_file import NOTHING_STATED, AnswersFile, Stated, read_answers_file, read_stated
from paved_road.service.lock import LOCK, Lock
from paved_road.service.repair import has_markers, hint_to_restore
from paved_road.settings.whereabouts import git_in, quoted
from paved_road.text.redaction import redact


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A service on disk: its folder, the repository it is in, its lock and its answers file."""

    path: Path
    repository: git.Repository
    """The repository it is in, as it was when the service was opened."""
    prefix: str
    """The service's folder in the repository, "" for its root, else ending in "/"."""
    lock: Lock | None
    """None if plain Copier made the service."""
    lock_file: str = LOCK
    """The lock's name, even if there is no lock yet."""
    answers_file: str
    """The answers file's path in the service."""
    recorded: Mapping[str, Any]
    """The content of the answers file: answers, `_src_path` and `_commit`."""
    stated: Stated = NOTHING_STATED
    """The release and the road that the answers file states now."""

    @property
    def lock_in_force(self) -> Lock | None:
        """The lock, unless another tool updated the service: that updates the answers file alone."""
        if self.lock is None or self.stated.commit is None or self.lock.stated.commit in (None, self.stated.commit):
            return self.lock
        return None

    @property
    def road(self) -> str | None:
        """The service's road: the lock's, or the one in the answers file if somebody has edited it since."""
        if self.lock is None:
            return self.stated.road
        changed = self.stated.road is not None and self.lock.stated.road not in (None, self.stated.road)
        return self.stated.road if changed else self.lock.road

    @property
    def source(self) -> tuple[str | None, str]:
        """The road that the answers file names, and the template's folder in it ("" if it names none)."""
        recorded = self.recorded.get("_src_path")
        return address.as_recorded(recorded) if isinstance(recorded, str) else (None, "")

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on where the lock and the answers file contradict each other."""
        if self.lock is None:
            return ()
        found = []
        if self.lock_in_force is None:
            found.append(
                f"{self.answers_file} says {self.stated.commit}, but {self.lock_file} says {self.lock.version}: "
                "another tool or a person changed the answers file; paved update writes a new lock"
            )
        if self.road != self.lock.road:
            now, before = redact(str(self.road)), redact(self.lock.road)
            found.append(f"the road is {now}, as {self.answers_file} says; {self.lock_file} still says {before}")
        return tuple(found)

    @property
    def top(self) -> Path:
        """The repository's root."""
        return self.repository.top

    def below(self, paths: Iterable[str]) -> frozenset[str]:
        """The paths of the repository that are in the service, relative to the service."""
        return frozenset(path.removeprefix(self.prefix) for path in paths if path.startswith(self.prefix))

    def around(self, name: str, info: str) -> list[Path]:
        """Files that git reads outside of the service's folder: `info` in this clone, `name` in folders above."""
        above = [folder / name for folder in self.path.parents if folder.is_relative_to(self.top)]
        return [self.repository.folder / "info" / info, *above]

    def changed_files(self, *, filters: bool = False) -> list[str]:
        """Tracked files that differ from HEAD, relative to the repository's root.

        Without `filters` no program of git's configuration is run, and git's index tells about files with a filter.
        Raises `ServiceError` if git would wait for a FIFO for ever.
        """
        _refuse_traps(self)
        found = git.changed_files(self.path, filters=filters)
        return found if filters or not found or self.repository.head is None else self._without_doubtful(found)

    def _without_doubtful(self, changed: list[str]) -> list[str]:
        """Leave out files with a filter that the index says are unchanged: git compared them without the filter."""
        doubtful = git.filtered(self.top, changed)
        if not doubtful:
            return changed
        index, staged = git.read_index(self.repository, self.path), set(git.staged_files(self.top))
        there = {path: contained.lstat_file(self.top, path) for path in doubtful - staged}
        return [path for path in changed if not ((found := there.get(path)) and index.noted(path, found))]

    @property
    def answers(self) -> dict[str, Any]:
        """The recorded answers, without Copier's own keys."""
        return {key: value for key, value in self.recorded.items() if not key.startswith("_")}

    @property
    def journal(self) -> Path:
        """The folder of the journal of an unfinished update: inside .git, one for each service."""
        name = self.prefix.rstrip("/").replace("%", "%25").replace("/", "%2F")
        return self.repository.folder / (f"paved-update-{name}" if name else "paved-update")


def open_service(
    path: Path, *, answers_file: str | None = None, road: str | None = None, adopting: bool = False
) -> Service:
    """Open the service whose root is `path`.

    A folder may be a service of several templates, each with an answers file and a lock. `answers_file` names one, or
    `road` does if only one comes from there; by default it is the one with `.paved-road.lock`. When `adopting`, a
    deleted lock is no error.

    Raises `ServiceError` if `path` is no service, its lock was deleted or is broken; `UsageError` if it has no such
    answers file, or if an unfinished update left only half of its files.
    """
    found = locate(path)
    try:
        name, lock, answers = discovery.choose_answers_file(found.path, answers_file, road)
    except ServiceError as error:
        # An interrupted update leaves half a lock or answers file: restoring that one file would not help.
        raise unfinished_update_error(found) if found.journal.exists() else error from error
    _check_ids(lock, found, name)
    if not adopting and (lock is None or (name != LOCK and not (answers_file or road))):
        _refuse_deleted(found, name if lock is None else LOCK)
    return replace(
        found,
        lock=lock,
        lock_file=name,
        answers_file=answers,
        recorded=AnswersFile(found.path, answers),
        stated=read_stated(found.path, answers),
    )


def unfinished_update(service: Service) -> str | None:
    """The version that an unfinished update goes to; None if there is none."""
    try:
        return str(json.loads(contained.read_regular(service.journal, "journal.json"))["new_version"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "unknown"


def unfinished_update_error(service: Service) -> UsageError:
    """The error for a command that an unfinished update is in the way of."""
    return UsageError(
        "an update is in progress",
        cause=f"it was started in {service.path} and is not finished",
        hint="paved update --continue, or paved update --abort",
    )


def locate(path: Path) -> Service:
    """Locate the service whose root is `path`, without reading its lock or answers file. Raises `ServiceError`.

    An interrupted update may have left half of them, and recovering from it only needs the place.
    """
    root = address.resolved(path)
    repository = repository_of(root, hint="paved works on committed services: run git init, then commit")
    prefix = prefix_of(root, repository)
    return Service(path=root, repository=repository, prefix=prefix, lock=None, answers_file="", recorded={})


def _check_ids(lock: Lock | None, service: Service, name: str) -> None:
    """Refuse a lock whose ids are of another object format: the repository was converted since."""
    if lock is None or not lock.files:
        return
    one = next(iter(lock.files.values()))
    if len(one.entry.blob) != len(blob_id(b"", service.repository.object_format)):
        raise ServiceError(
            f"the object ids in {name} are not of the repository's object format",
            cause=f"the repository uses {service.repository.object_format}",
            hint=f"git rm --cached {name} && rm {name} && paved adopt {service.path}",
        )


def _refuse_deleted(service: Service, lock_file: str) -> None:
    """Refuse a service whose lock was deleted: it is not one that plain Copier made."""
    if service.repository.head is None or os.path.lexists(service.path / lock_file):
        return
    kept = git.kept_in(service.path, lock_file)
    if kept is None:
        return
    raise ServiceError(
        f"the lock of {service.path} was deleted",
        cause=f"{kept} still has {lock_file}",
        hint=f"{git_in(service.path)} checkout {'HEAD ' if kept == 'HEAD' else ''}-- {lock_file}",
    )


def repository_of(path: Path, *, hint: str) -> git.Repository:
    """The repository that a folder is in. Raises `ServiceError` if there is no such folder or no repository."""
    if not path.is_dir():
        what = "is not a folder" if os.path.lexists(path) else "does not exist"
        raise ServiceError(f"{path} {what}", hint="name the service's folder")
    repository = git.repository(path)
    if repository is None:
        raise ServiceError(f"{path} is not in a git repository", hint=hint)
    if not path.is_relative_to(repository.top):
        raise ServiceError(
            f"{path} is not in the work tree of its git repository",
            cause=f"core.worktree says {repository.top}",
            hint="name a folder of the work tree",
        )
    return repository


def _refuse_traps(service: Service) -> None:
    """Refuse a FIFO or device in place of a file that git opens: git would wait for ever. Raises `ServiceError`."""
    files = service.lock.files if service.lock else {}
    stamped = {service.path / folder for name in files for folder in PurePosixPath(name).parents}
    above = [folder for folder in service.path.parents if folder.is_relative_to(service.top)]
    for folder in {service.path, *above, *stamped}:
        for name in (".gitattributes", ".gitignore"):
            if contained.is_special(folder, name):
                file = folder / name
                raise ServiceError(f"{file} is not a regular file", hint=f"rm {quoted(file)}")


def prefix_of(path: Path, repository: git.Repository) -> str:
    """A service's folder in its repository: "" for the root, otherwise ending in "/"."""
    return "" if path == repository.top else f"{path.relative_to(repository.top).as_posix()}/"


def unreadable_answers_file(service: Service) -> ServiceError | None:
    """The error in the answers file of a service that has a lock; None if there is none.

    A command that needs only the lock loads no YAML parser, so this parses the file only if it looks wrong.
    """
    if service.lock is None or service.journal.exists():
        return None
    folder, name = service.path, service.answers_file
    try:
        if service.stated.road is None or has_markers(contained.read_regular(folder, name)):
            read_answers_file(folder, name)
    except ServiceError as error:
        return error
    except OSError:
        return ServiceError(f"cannot read {folder / name}", hint=hint_to_restore(folder, name))
    return None
