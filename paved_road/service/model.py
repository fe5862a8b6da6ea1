"""A service on disk: its folder, the repository it is in, its lock and its answers file."""

from __future__ import annotations

import json
import os
import shlex
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
from paved_road.settings.whereabouts import git_in
from paved_road.text.redaction import redact


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A service on disk: its folder, the repository it is in, and its records."""

    path: Path
    repository: git.Repository
    """The repository it is in, as it was when the service was opened."""
    prefix: str
    """The service's folder in the repository, "" for its root, else ending in "/"."""
    lock: Lock | None
    """None for a service that plain Copier made."""
    lock_file: str = LOCK
    """The lock's name, whether there is one yet or not."""
    answers_file: str
    recorded: Mapping[str, Any]
    """The answers file: answers, `_src_path` and `_commit`."""
    stated: Stated = NOTHING_STATED
    """What the answers file says of the release now."""

    @property
    def lock_in_force(self) -> Lock | None:
        """The lock, when it is of the release that the service is at: another tool updates the answers file alone."""
        if self.lock is None or self.stated.commit is None or self.lock.stated.commit in (None, self.stated.commit):
            return self.lock
        return None

    @property
    def road(self) -> str | None:
        """The road as the records name it. The answers file is right where somebody has changed it since."""
        if self.lock is None:
            return self.stated.road
        changed = self.stated.road is not None and self.lock.stated.road not in (None, self.stated.road)
        return self.stated.road if changed else self.lock.road

    @property
    def source(self) -> tuple[str | None, str]:
        """The road that the answers file names, and the template's folder in it ("" where it does not say)."""
        recorded = self.recorded.get("_src_path")
        return address.as_recorded(recorded) if isinstance(recorded, str) else (None, "")

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the records contradict each other."""
        if self.lock is None:
            return ()
        found = []
        if self.lock_in_force is None:
            found.append(
                f"{self.answers_file} says {self.stated.commit}, {self.lock_file} says {self.lock.version}: "
                "another tool or a person changed it; paved update writes the lock again"
            )
        if self.road != self.lock.road:
            now, before = redact(str(self.road)), redact(self.lock.road)
            found.append(f"the road is {now}, as {self.answers_file} says now; {self.lock_file} says {before}")
        return tuple(found)

    @property
    def top(self) -> Path:
        """The repository's root."""
        return self.repository.top

    def below(self, paths: Iterable[str]) -> frozenset[str]:
        """Paths of the repository as paths of the service; others are left out."""
        return frozenset(path.removeprefix(self.prefix) for path in paths if path.startswith(self.prefix))

    def around(self, name: str, info: str) -> list[Path]:
        """Where git looks beside the service's own folder: for this clone alone, and in the folders above."""
        above = [folder / name for folder in self.path.parents if folder.is_relative_to(self.top)]
        return [self.repository.folder / "info" / info, *above]

    def changed_files(self, *, filters: bool = False) -> list[str]:
        """Tracked files that differ from HEAD, from the repository's root; `ServiceError` where git would never end.

        Without `filters` none of git's configuration is run, and a file that has one is known by git's index.
        """
        _refuse_traps(self)
        found = git.changed_files(self.path, filters=filters)
        return found if filters or not found or self.repository.head is None else self._without_doubtful(found)

    def _without_doubtful(self, changed: list[str]) -> list[str]:
        """Leave out what git compared without its filter, in the second of a checkout, and what nobody touched."""
        doubtful = git.filtered(self.top, changed)
        if not doubtful:
            return changed
        index, staged = git.read_index(self.repository, self.path), set(git.staged_files(self.top))
        there = {path: contained.lstat_file(self.top, path) for path in doubtful - staged}
        return [path for path in changed if not ((found := there.get(path)) and index.noted(path, found))]

    @property
    def answers(self) -> dict[str, Any]:
        """The recorded answers, without Copier's own facts."""
        return {key: value for key, value in self.recorded.items() if not key.startswith("_")}

    @property
    def journal(self) -> Path:
        """Where an update in progress is written down: in a folder of git's own, one for each service."""
        name = self.prefix.rstrip("/").replace("%", "%25").replace("/", "%2F")
        return self.repository.folder / (f"paved-update-{name}" if name else "paved-update")


def open_service(
    path: Path, *, answers_file: str | None = None, road: str | None = None, adopting: bool = False
) -> Service:
    """The service that `path` is the root of; `ServiceError` when there is none, or somebody deleted its lock.

    A folder may be a service of several templates, each with an answers file and a lock of its own: `answers_file`
    names one, or `road` does when it is the only one that comes from there. Without either it is the one with the
    lock `.paved-road.lock`. Who is `adopting` may have deleted a lock to have it written again.
    """
    found = locate(path)
    try:
        name, lock, answers = discovery.choose_answers_file(found.path, answers_file, road)
    except ServiceError as error:
        # Half a record is what an update leaves that was cut off: restoring the one record is not what helps.
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
    """The version that an update in progress goes to; None when none is in progress."""
    try:
        return str(json.loads(contained.read_regular(service.journal, "journal.json"))["new_version"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "unknown"


def unfinished_update_error(service: Service) -> UsageError:
    """What to say where an update in progress is in the way."""
    return UsageError(
        "an update is in progress",
        cause=f"it was begun in {service.path} and has not been finished",
        hint="paved update --continue, or paved update --abort",
    )


def locate(path: Path) -> Service:
    """Where the service is that `path` is the root of, and its repository; none of its records is read.

    An update that was cut off may have left half a record: what recovers from that needs only to know where it is.
    """
    path = address.resolved(path)
    repository = repository_of(path, hint="paved works on committed services: git init, then commit")
    prefix = prefix_of(path, repository)
    return Service(path=path, repository=repository, prefix=prefix, lock=None, answers_file="", recorded={})


def _check_ids(lock: Lock | None, service: Service, name: str) -> None:
    """Refuse a lock that names files by ids which the repository does not use: it was made again in another format."""
    if lock is None or not lock.files:
        return
    one = next(iter(lock.files.values()))
    if len(one.entry.blob) != len(blob_id(b"", service.repository.object_format)):
        raise ServiceError(
            f"{name} names files by another kind of object ids than the repository has",
            cause=f"the repository's object format is {service.repository.object_format}",
            hint=f"git rm --cached {name} && rm {name} && paved adopt {service.path}",
        )


def _refuse_deleted(service: Service, lock_file: str) -> None:
    """Refuse to take a service for one that plain Copier made because somebody deleted its lock."""
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
    """The repository that a folder lies in; `ServiceError` where there is no such folder or no repository."""
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
    """Stop before git waits for ever: it opens these files itself, and one of them may be a FIFO."""
    files = service.lock.files if service.lock else {}
    stamped = {service.path / folder for name in files for folder in PurePosixPath(name).parents}
    above = [folder for folder in service.path.parents if folder.is_relative_to(service.top)]
    for folder in {service.path, *above, *stamped}:
        for name in (".gitattributes", ".gitignore"):
            if contained.is_special(folder, name):
                raise ServiceError(f"{folder / name} is not a file", hint=f"rm {shlex.quote(str(folder / name))}")


def prefix_of(path: Path, repository: git.Repository) -> str:
    """A service's folder in its repository, "" for its root, else ending in "/"."""
    return "" if path == repository.top else f"{path.relative_to(repository.top).as_posix()}/"


def unreadable_answers_file(service: Service) -> ServiceError | None:
    """What is the matter with the answers file of a service that has a lock; None when it looks as it should.

    What a lock decides loads no YAML parser, so the file is only parsed when something about it is odd.
    """
    if service.lock is None or service.journal.exists():
        return None
    try:
        odd = service.stated.road is None or has_markers(contained.read_regular(service.path, service.answers_file))
        if odd:
            read_answers_file(service.path, service.answers_file)
    except (OSError, ServiceError) as error:
        name, folder = service.answers_file, service.path
        hint = hint_to_restore(folder, name)
        return error if isinstance(error, ServiceError) else ServiceError(f"cannot read {folder / name}", hint=hint)
    return None
