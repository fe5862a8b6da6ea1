"""The lock of a service, `.paved-road.lock`: the release it was stamped from, and who owns which file.

It names, for every pristine file, its mode, git blob id and owner: enough to find drift without rendering anything.
It is JSON with one file on a line, so that a merge of two updates conflicts only where the updates do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paved_road.errors import ForbiddenPath, ServiceError, in_words
from paved_road.git.entries import BlobId, Mode, TreeEntry
from paved_road.git.trees import check_path
from paved_road.process import limits
from paved_road.road.owners import Owner
from paved_road.road.version_file import LONGEST_DAYS
from paved_road.service import answers_path
from paved_road.service.answers_file import NOTHING_STATED, Stated, parse_stated
from paved_road.service.owners import owner_of
from paved_road.service.repair import has_markers, hint_to_restore
from paved_road.settings import whereabouts
from paved_road.text.counts import counted
from paved_road.text.values import short_repr

if TYPE_CHECKING:
    from paved_road.render import Pristine
    from paved_road.road.manifest import Manifest

LOCK, OTHER_LOCKS = whereabouts.LOCK, whereabouts.OTHER_LOCKS
LOCK_FORMAT = 1
_LONGEST_TEXT = 4096
"""Characters in a road, a version or a name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """A pristine file as the lock knows it: an entry of the release's tree, and who owns it."""

    entry: TreeEntry
    owner: Owner

    def __str__(self) -> str:
        return f"{self.entry.mode} {self.entry.blob} {self.owner}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The limits that the release sets for deviations. The lock has them, so that checking needs no road."""

    longest: str = "180d"
    approval_from: str = "medium"

    @property
    def days(self) -> int:
        """The longest time until a review, in days."""
        return int(self.longest.removesuffix("d"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """The content of `.paved-road.lock`."""

    road: str
    template: str
    version: str
    commit: str | None
    answers_file: str
    stated: Stated = NOTHING_STATED
    """What the answers file said when the lock was written."""
    files: Mapping[str, Locked]
    ignored: Mapping[str, Locked] = field(default_factory=dict)
    """Pristine files that git ignores in this service: they are on one machine only, and no clone has them."""
    missing: frozenset[str] = frozenset()
    """The `files` that an adopted repository never had. Nobody deleted them, so an update adds them."""
    offroad: Policy = Policy()

    @property
    def missing_note(self) -> str:
        """The note about `missing` files, if there are any."""
        number = len(self.missing)
        files = counted(number, "file of the release was", "files of the release were")
        return f"{files} never in this repository: paved update adds {'it' if number == 1 else 'them'}"

    def without(self, ignored: Iterable[str]) -> Lock:
        """The same lock for a service in which git ignores these files."""
        apart = {path: self.files[path] for path in sorted(ignored) if path in self.files}
        kept = {path: locked for path, locked in self.files.items() if path not in apart}
        return replace(self, files=kept, ignored={**self.ignored, **apart})

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


def lock_of(pristine: Pristine, manifest: Manifest, object_format: str) -> Lock:
    """The lock of a service that was stamped from `pristine`; it does not list the answers file.

    Raises `ForbiddenPath` if the answers file has a name that git or paved reads as something else, and `LimitError`
    if the template's patterns take too long.
    """
    release = pristine.release
    if cause := answers_path.other_meaning(pristine.answers_file):
        raise ForbiddenPath(f"the template's answers file is {pristine.answers_file!r}", cause=cause)
    owner = owner_of(manifest, pristine.seeded)
    sources = (("paved-road.yml", manifest.patterns), ("_skip_if_exists in copier.yml", pristine.seeded))
    named = " and ".join(name for name, patterns in sources if patterns)
    with limits.watched(f"matching files with the patterns of the template's {named}"):
        files = {
            path: Locked(
                entry=TreeEntry(mode=file.mode, blob=file.blob_in(object_format)),
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
        stated=parse_stated(pristine.tree[pristine.answers_file].data),
        files=files,
        offroad=Policy(longest=manifest.offroad.longest, approval_from=manifest.offroad.approval_from),
    )


def parse_lock(content: bytes, *, where: Path = Path(LOCK)) -> Lock:
    """Read a lock from its file's content. Raises `ServiceError` if it is not one."""
    try:
        facts = json.loads(content.decode("utf-8", "surrogateescape"))
        if facts["lock"] != LOCK_FORMAT:
            raise ServiceError(
                f"{where} has the format {short_repr(facts['lock'])}, which this paved does not know",
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
        hint = hint_to_restore(where.parent, where.name, content)
        what = "has the markers of a merge conflict" if has_markers(content) else "is broken"
        raise ServiceError(f"{where} {what}", cause=_lock_fault(error, content), hint=hint) from error


def _lock_fault(error: Exception, content: bytes) -> str:
    if has_markers(content):
        return "two branches were both updated, and git cannot merge a lock"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON: {error}"
    if isinstance(error, KeyError):
        return f"it lacks {error}"
    return in_words(error)


def _policy(facts: Mapping[str, str]) -> Policy:
    if not isinstance(facts, dict) or not facts.keys() <= {"longest", "approval_from"}:
        raise ValueError(f"offroad is {short_repr(facts)}")
    found = Policy(**facts)
    if not 1 <= found.days <= LONGEST_DAYS or found.approval_from not in ("low", "medium", "high"):
        raise ValueError(f"offroad is {short_repr(facts)}; longest is 1d to {LONGEST_DAYS}d")
    return found


def _stated(facts: Mapping[str, Any]) -> Stated:
    return Stated(**{name: value if value is None else _text(value) for name, value in facts.items()})


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise TypeError(f"{short_repr(value)} is not text of at most {_LONGEST_TEXT} characters")
    return value


def _path(value: Any) -> str:
    try:
        return check_path(_text(value))
    except ForbiddenPath as error:
        raise ValueError(f"it names the path {short_repr(value)}: {error.cause}") from error


def _object_id(text: str) -> str:
    """Check the id of a blob or commit. Git would take anything else for an option or a name."""
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text):
        raise ValueError(f"{short_repr(text)} is not the id of a git object")
    return text


def _locked(line: str) -> Locked:
    if len(parts := _text(line).split(" ")) != 3:
        raise ValueError(f"{short_repr(line)} is not a mode, a blob id and an owner")
    mode, blob, owner = Mode(parts[0]), BlobId(_object_id(parts[1])), Owner(parts[2])
    if not mode.is_file:
        raise ValueError(f"{short_repr(line)} is not a file")
    return Locked(entry=TreeEntry(mode=mode, blob=blob), owner=owner)
