"""A service's own records: the lock, and who owns which file.

The lock, `.paved-road.lock`, names the release a service was stamped from and, for every pristine file, its mode,
git blob id and owner: enough to find drift without rendering anything. It is JSON with one file on a line, so that
a merge of two updates conflicts only where the updates do.
"""

from __future__ import annotations

import functools
import json
import os
import re
import reprlib
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from paved_road import git
from paved_road.errors import ForbiddenPath, ServiceError, TemplateError, UsageError, in_words
from paved_road.files import contained
from paved_road.git import address
from paved_road.git.trees import Mode, check_path
from paved_road.process import limits
from paved_road.road.owners import Owner
from paved_road.road.version_file import LONGEST_DAYS
from paved_road.service import answers_file as records
from paved_road.service.answers_file import NOTHING_STATED, Stated
from paved_road.settings import whereabouts
from paved_road.text.counts import counted
from paved_road.text.redaction import redact

if TYPE_CHECKING:
    from paved_road.render import CompiledTemplate, Pristine
    from paved_road.render.context import SettledAnswers
    from paved_road.road.rules import Rules

LOCK, OTHER_LOCKS = whereabouts.LOCK, whereabouts.OTHER_LOCKS
LOCK_FORMAT = 1
_LONGEST_TEXT = 4096
"""Characters of a road, a version or a name in a lock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """A pristine file as the lock knows it."""

    mode: Mode
    blob: str
    owner: Owner

    def __str__(self) -> str:
        return f"{self.mode} {self.blob} {self.owner}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The road's limits for deviations, as of the release: in the lock, so that checking needs no road."""

    longest: str = "180d"
    approval_from: str = "medium"

    @property
    def days(self) -> int:
        """The longest time until a review."""
        return int(self.longest.removesuffix("d"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """`.paved-road.lock`."""

    road: str
    template: str
    version: str
    commit: str | None
    answers_file: str
    stated: Stated = NOTHING_STATED
    """What the answers file said when the lock was written."""
    files: Mapping[str, Locked]
    ignored: Mapping[str, Locked] = field(default_factory=dict)
    """Pristine files that git ignores in this service: they are one machine's, and no other clone has them."""
    missing: frozenset[str] = frozenset()
    """Those of `files` that an adopted repository never had: nobody deleted them, so an update adds them."""
    offroad: Policy = Policy()

    @property
    def missing_said(self) -> str:
        """What to say about the `missing` files, of which there are some."""
        number = len(self.missing)
        files = counted(number, "file of the release was", "files of the release were")
        return f"{files} never here: paved update adds {'it' if number == 1 else 'them'}"

    def without(self, ignored: Iterable[str]) -> Lock:
        """The lock of a service in which git ignores these files."""
        beside = {path: self.files[path] for path in sorted(ignored) if path in self.files}
        kept = {path: locked for path, locked in self.files.items() if path not in beside}
        return replace(self, files=kept, ignored={**self.ignored, **beside})

    def dump(self) -> bytes:
        """The file's content."""
        facts: dict[str, Any] = {
            "lock": LOCK_FORMAT,
            "road": self.road,
            "template": self.template,
            "version": self.version,
            "commit": self.commit,
            "answers": self.answers_file,
            "stated": asdict(self.stated),
            "offroad": asdict(self.offroad),
            "files": _lines(self.files),
        }
        if self.ignored:
            facts["ignored"] = _lines(self.ignored)
        if self.missing:
            facts["missing"] = sorted(self.missing)
        return (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")


def _lines(files: Mapping[str, Locked]) -> dict[str, str]:
    return {path: str(locked) for path, locked in sorted(files.items())}


def parse_lock(content: bytes, *, where: Path = Path(LOCK)) -> Lock:
    """A lock from its file's content; `ServiceError` for anything that is not one."""
    try:
        facts = json.loads(content.decode("utf-8", "surrogateescape"))
        if facts["lock"] != LOCK_FORMAT:
            raise ServiceError(
                f"{where} has the format {_shown(facts['lock'])}, newer than this paved",
                cause=f"this paved reads format {LOCK_FORMAT}",
                hint="upgrade paved",
            )
        return Lock(
            road=_text(facts["road"]),
            template=_text(facts["template"]),
            version=_text(facts["version"]),
            commit=None if facts["commit"] is None else _object_id(_text(facts["commit"])),
            answers_file=_path(facts["answers"]),
            stated=_stated(facts.get("stated", {})),
            files={_path(path): _locked(line) for path, line in facts["files"].items()},
            ignored={_path(path): _locked(line) for path, line in facts.get("ignored", {}).items()},
            missing=frozenset(_path(path) for path in facts.get("missing", ())),
            offroad=_policy(facts.get("offroad", {})),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        hint = _to_bring_back(where.parent, where.name, content)
        what = "has the markers of a merge conflict" if has_markers(content) else "is broken"
        raise ServiceError(f"{where} {what}", cause=_lock_fault(error, content), hint=hint) from error


def _lock_fault(error: Exception, content: bytes) -> str:
    if has_markers(content):
        return "two branches that were both updated met in it, and git cannot merge a lock"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON: {error}"
    if isinstance(error, KeyError):
        return f"it does not say {error}"
    return in_words(error)


def has_markers(content: bytes) -> bool:
    """Whether git left a conflict in a file."""
    return re.search(rb"^(<{7}|={7}|>{7})( |\r?$)", content, flags=re.MULTILINE) is not None


def _to_bring_back(folder: Path, name: str, content: bytes = b"") -> str:
    """What helps with a record that cannot be read. Nothing that throws away what somebody wrote."""
    at, file = f"git -C {shlex.quote(str(folder))}" if folder.parts else "git", shlex.quote(name)
    if not os.path.lexists(folder / name):
        return f"{at} checkout -- {file} brings it back; when its removal is committed: {at} log -- {file}"
    if has_markers(content):
        return "paved update --continue resolves it"
    return f"{at} diff HEAD -- {file} shows what was edited; {at} stash push -- {file} sets that aside"


def _policy(facts: Mapping[str, str]) -> Policy:
    if not isinstance(facts, dict) or not facts.keys() <= {"longest", "approval_from"}:
        raise ValueError(f"offroad is {_shown(facts)}")
    found = Policy(**facts)
    if not 1 <= found.days <= LONGEST_DAYS or found.approval_from not in ("low", "medium", "high"):
        raise ValueError(f"offroad is {_shown(facts)}; longest is 1d to {LONGEST_DAYS}d")
    return found


def _stated(facts: Mapping[str, Any]) -> Stated:
    return Stated(**{name: value if value is None else _text(value) for name, value in facts.items()})


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise TypeError(f"{_shown(value)} is not text of at most {_LONGEST_TEXT} characters")
    return value


def _path(value: Any) -> str:
    try:
        return check_path(_text(value))
    except ForbiddenPath as error:
        raise ValueError(f"it names the path {_shown(value)}: {error.cause}") from error


def _shown(value: Any) -> str:
    return reprlib.repr(value)


def _object_id(text: str) -> str:
    """The id of a blob or commit; anything else would be an option or a name to git."""
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text):
        raise ValueError(f"{_shown(text)} is not the id of an object of git's")
    return text


def _locked(line: str) -> Locked:
    if len(parts := _text(line).split(" ")) != 3:
        raise ValueError(f"{_shown(line)} is not a mode, a blob id and an owner")
    mode, blob, owner = parts
    return Locked(mode=Mode(mode), blob=_object_id(blob), owner=Owner(owner))


def lock_of(pristine: Pristine, rules: Rules, object_format: str) -> Lock:
    """The lock of a service that was stamped from `pristine`. The answers file is no pristine file: paved keeps it."""
    release = pristine.release
    if cause := records.meaning(pristine.answers_file):
        raise ForbiddenPath(f"the template's answers file is {pristine.answers_file!r}", cause=cause)
    owner = owner_of(rules, pristine.seeded)
    sources = (("paved-road.yml", rules.owners), ("_skip_if_exists in copier.yml", pristine.seeded))
    named = " and ".join(name for name, patterns in sources if patterns)
    with limits.watched(f"matching files with the patterns of the template's {named}"):
        files = {
            path: Locked(
                mode=file.mode,
                blob=file.blob_in(object_format),
                owner=Owner.SERVICE if pristine.left_alone(path) else owner(path),
            )
            for path, file in pristine.tree.items()
            if path != pristine.answers_file
        }
    return Lock(
        road=release.template.road.source,
        template=release.template.name,
        version=release.version,
        commit=release.commit,
        answers_file=pristine.answers_file,
        stated=records.stated(pristine.tree[pristine.answers_file].data),
        files=files,
        offroad=Policy(longest=rules.longest, approval_from=rules.approval_from),
    )


def check_chosen(form: CompiledTemplate, book: SettledAnswers, destination: Path, wanted: str) -> None:
    """Refuse a place for the answers file of a new service that a person names and that is another file's."""
    from paved_road.render import render

    records.check_named(wanted)
    records.check_chosen(wanted, ())
    plain = render(form, book, destination)
    if wanted != plain.answers_file:
        records.check_chosen(wanted, plain.tree.keys() - {plain.answers_file})


def owner_of(rules: Rules, seeded: tuple[str, ...] = ()) -> Callable[[str], Owner]:
    """A function from a path to its owner: the first that matches, in the order the template wrote them.

    What its `paved-road.yml` leaves open is the service's where `seeded`, the patterns of `_skip_if_exists`, matches.
    """
    return _owner_of((*rules.owners, (Owner.SERVICE, seeded)))


@functools.lru_cache
def _owner_of(owners: tuple[tuple[Owner, tuple[str, ...]], ...]) -> Callable[[str], Owner]:
    from pathspec import PathSpec

    try:
        specs = [(owner, PathSpec.from_lines("gitignore", lines)) for owner, lines in owners if lines]
    except ValueError as error:
        raise TemplateError("the template has a pattern of files that is not valid", cause=str(error)) from error

    @functools.lru_cache(10_000)
    def find(path: str) -> Owner:
        return next((owner for owner, spec in specs if spec.match_file(path)), Owner.SHARED)

    return find


class Record(Mapping[str, Any]):
    """An answers file, read when it is first asked for: what the lock alone decides never loads a YAML parser."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._facts: Mapping[str, Any] | None = None

    def _read(self) -> Mapping[str, Any]:
        if self._facts is None:
            self._facts = read_record(self._folder, self._name)
        return self._facts

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


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
    record: Mapping[str, Any]
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
        recorded = self.record.get("_src_path")
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
        there = {path: contained.kept(self.top, path) for path in doubtful - staged}
        return [path for path in changed if not ((found := there.get(path)) and index.noted(path, found))]

    @property
    def answers(self) -> dict[str, Any]:
        """The recorded answers, without Copier's own facts."""
        return {key: value for key, value in self.record.items() if not key.startswith("_")}

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
        name, lock, answers = _records(found.path, answers_file, road)
    except ServiceError as error:
        # Half a record is what an update leaves that was cut off: restoring the one record is not what helps.
        raise in_progress(found) if found.journal.exists() else error from error
    _check_ids(lock, found, name)
    if not adopting and (lock is None or (name != LOCK and not (answers_file or road))):
        _refuse_deleted(found, name if lock is None else LOCK)
    return replace(
        found,
        lock=lock,
        lock_file=name,
        answers_file=answers,
        record=Record(found.path, answers),
        stated=records.read(found.path, answers),
    )


def updating(service: Service) -> str | None:
    """The version that an update in progress goes to; None when none is in progress."""
    try:
        return str(json.loads(contained.read(service.journal, "journal.json"))["new_version"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "unknown"


def in_progress(service: Service) -> UsageError:
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
    return Service(path=path, repository=repository, prefix=prefix, lock=None, answers_file="", record={})


def _check_ids(lock: Lock | None, service: Service, name: str) -> None:
    """Refuse a lock that names files by ids which the repository does not use: it was made again in another format."""
    if lock is None or not lock.files:
        return
    one = next(iter(lock.files.values())).blob
    if len(one) != len(git.blob_id(b"", service.repository.object_format)):
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
    at = "git" if service.path == Path.cwd() else f"git -C {shlex.quote(str(service.path))}"
    raise ServiceError(
        f"the lock of {service.path} was deleted",
        cause=f"{kept} still has {lock_file}",
        hint=f"{at} checkout {'HEAD ' if kept == 'HEAD' else ''}-- {lock_file}",
    )


def _records(path: Path, wanted: str | None, road: str | None) -> tuple[str, Lock | None, str]:
    """The lock's name, the lock if there is one, and the answers file."""
    known = locks(path, every=bool(wanted or road))
    if wanted is not None:
        found = [(name, lock) for name, lock in known.items() if lock.answers_file == wanted]
        records.check_own(path, wanted)
    elif road is not None:
        found = [(name, lock) for name, lock in known.items() if records.is_same_road(lock.road, road, path)]
    else:
        found = list(known.items())
    if found:
        return *found[0], found[0][1].answers_file
    if wanted is not None:
        records.check_states_road(path, wanted)
    others = {lock.answers_file for lock in known.values()}
    if wanted is None:
        named = {name: one for name, one in records.answers_files(path).items() if name not in others}
        of_road = {name for name, one in named.items() if road and records.is_same_road(one.road, road, path)}
        if LOCK in known and not of_road:  # its road has moved
            return LOCK, known[LOCK], known[LOCK].answers_file
        wanted = records.the_one(of_road or named, path)
    return new_lock_name(path, wanted), None, wanted


def locks(path: Path, *, every: bool = True) -> dict[str, Lock]:
    """The locks of a service by name, the main one first; without `every` the others only where that is missing."""
    names = [LOCK] if os.path.lexists(path / LOCK) else []
    if every or not names:
        names += sorted(file.name for file in path.glob(OTHER_LOCKS))
    return {name: _read_lock(path, name) for name in names}


def _read_lock(path: Path, name: str) -> Lock:
    try:
        return parse_lock(contained.read(path, name), where=path / name)
    except OSError as error:
        raise ServiceError(
            f"cannot read {path / name}", cause=error.strerror or str(error), hint=_to_bring_back(path, name)
        ) from error


def new_lock_name(path: Path, answers_file: str) -> str:
    """The name of the lock that goes with an answers file: of a folder's second template, one that tells them apart."""
    if not os.path.lexists(path / LOCK):
        return LOCK
    short = re.sub(r"^\.copier-answers\.?|\.ya?ml$", "", answers_file)
    return OTHER_LOCKS.replace("*", re.sub(r"[^A-Za-z0-9_]+", "-", short).strip("-") or "answers")


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


def unreadable_record(service: Service) -> ServiceError | None:
    """What is the matter with the answers file of a service that has a lock; None when it looks as it should.

    What a lock decides loads no YAML parser, so the file is only parsed when something about it is odd.
    """
    if service.lock is None or service.journal.exists():
        return None
    try:
        odd = service.stated.road is None or has_markers(contained.read(service.path, service.answers_file))
        if odd:
            read_record(service.path, service.answers_file)
    except (OSError, ServiceError) as error:
        name, folder = service.answers_file, service.path
        hint = _to_bring_back(folder, name)
        return error if isinstance(error, ServiceError) else ServiceError(f"cannot read {folder / name}", hint=hint)
    return None


def read_record(folder: Path, name: str) -> dict[str, Any]:
    """A service's answers file; `ServiceError` for one that is missing or was edited into nonsense."""
    import yaml

    from paved_road.files import yml

    file = folder / name
    try:
        content = contained.read(folder, name)
    except OSError as error:
        hint = _to_bring_back(folder, name)
        raise ServiceError(f"cannot read {file}", cause=error.strerror or str(error), hint=hint) from error
    hint = _to_bring_back(folder, name, content)
    try:
        record = yml.load(content)
    except yaml.YAMLError as error:
        cause = "it has the markers of a merge conflict" if has_markers(content) else yml.said(error)
        raise ServiceError(f"{file} {yml.fault(error)}", cause=cause, hint=hint) from error
    if not isinstance(record, dict) or not all(isinstance(key, str) for key in record):
        cause = "" if content.strip() else "it is empty"
        raise ServiceError(f"{file} does not map questions to answers", cause=cause, hint=hint)
    return record
