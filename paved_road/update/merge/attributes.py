"""The merge attributes of a service's files (`.gitattributes`): `merge=union`, `-merge`, a merge driver of the user's.

The scratch repository in which trees are merged has no work tree, so git cannot find the attributes there. They are
read from the service, for the files that both sides changed, and written to the scratch repository with exact paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from paved_road import git
from paved_road.git import Scratch
from paved_road.git.entries import TreeEntry
from paved_road.service.model import Service

FILENAME = ".gitattributes"
_PATTERN = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s#]\S*)')
_BUILT_IN = frozenset({b"set", b"unset", b"text", b"binary", b"union"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Attributes:
    """The lines of a `.gitattributes` file for a repository without a work tree, and the drivers that they name."""

    lines: bytes = b""
    settings: tuple[str, ...] = ()
    """Settings of git, such as `merge.mine.driver=...`."""
    notes: tuple[str, ...] = ()
    """What the person should know about the merge."""

    def has_driver(self, path: str) -> bool:
        """Whether the attributes may merge a file in another way than line by line."""
        if not self.lines:
            return False
        from pathspec import PathSpec

        matches = (_PATTERN.match(line) for line in self.lines.decode(errors="replace").splitlines() if "merge" in line)
        patterns = [match["quoted"] or match["plain"] for match in matches if match]
        return PathSpec.from_lines("gitignore", patterns).match_file(path)


NO_ATTRIBUTES: Final = Attributes()


def read_merge_attributes(
    service: Service,
    scratch: Scratch,
    ours: Mapping[str, TreeEntry],
    contested: Iterable[str],
    *,
    dry_run: bool = False,
) -> Attributes:
    """The merge attributes of the contested files of a service that has the files `ours`, by path from its folder.

    A dry run runs no merge driver: it merges such files by lines, and a note says so.
    """
    own = [path for path in ours if PurePosixPath(path).name == FILENAME]
    around = _around(service)
    if not own and not around:
        return NO_ATTRIBUTES
    if own == [FILENAME] and not around:  # the usual case costs no process
        (lines,) = scratch.read([ours[FILENAME]])
        if not _drivers(re.findall(rb"\bmerge=(\S+)", lines)):
            return Attributes(lines=lines)
    values = git.attributes(service.path, "merge", contested)
    drivers = _drivers(value.encode() for value in values.values())
    if drivers and dry_run:
        names = ", ".join(sorted(driver.decode(errors="replace") for driver in drivers))
        notes = (f"a dry run runs no merge driver ({names}): the update may merge their files in another way",)
        kept = {path: value for path, value in values.items() if value.encode() not in drivers}
        return Attributes(lines=_lines(kept), notes=notes)
    settings = git.settings(service.top, r"^merge\..*\.(driver|recursive)$") if drivers else {}
    return Attributes(
        lines=_lines(values),
        settings=tuple(f"{key}={value}" for key, value in settings.items()),
    )


def _drivers(values: Iterable[bytes]) -> set[bytes]:
    """The values of the attribute that name a driver of the user's."""
    return set(values) - _BUILT_IN


def _around(service: Service) -> bool:
    """Whether there are attributes outside the service: git's for this clone, or those of folders above the service."""
    return any(place.exists() for place in service.around(FILENAME, "attributes"))


def _lines(values: Mapping[str, str]) -> bytes:
    return b"".join(_line(path, value) for path, value in sorted(values.items()))


def _line(path: str, value: str) -> bytes:
    pattern = "".join(f"\\{letter}" if letter in "*?[\\" else letter for letter in path)
    attribute = {"set": "merge", "unset": "-merge"}.get(value, f"merge={value}")
    return git.quoted(f"/{pattern}") + f" {attribute}\n".encode()
