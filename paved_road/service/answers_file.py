"""Where a service's answers files are, wherever a template puts them, and what they say of its release."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from paved_road import git
from paved_road.errors import ForbiddenPath, ServiceError, UsageError
from paved_road.files import contained
from paved_road.git import address
from paved_road.git.trees import check_path
from paved_road.settings import whereabouts

DEFAULT = whereabouts.ANSWERS_FILE
"""Where the answers file of a template is that names none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """What an answers file says of the release, in Copier's words; None for what it does not say."""

    commit: str | None = None
    road: str | None = None


NOTHING_STATED = Stated()


def stated(answers: bytes) -> Stated:
    """What the answers file with this content says of the release. It may be no YAML at all: that is told elsewhere.

    Two lines of it are looked for, as Copier and paved write them, because a YAML parser takes longer to load than all
    of drift takes. It is asked about what is written in another way.
    """
    found: dict[str, str | None] = {}
    for name, rest, more in _STATED.findall(answers):
        value = rest.strip()
        plain = _PLAIN.fullmatch(value)
        if more or plain is None:
            return _parsed(answers)
        text = plain[2] if plain[1] is None else plain[1]
        found[name.decode()] = None if value in (b"", b"~", b"null") else text.decode("utf-8", "surrogateescape")
    if any(name not in found and name.encode() in answers for name in ("_commit", "_src_path")):
        return _parsed(answers)
    return _of_road(found.get("_commit"), found.get("_src_path"))


_STATED = re.compile(rb"^(_commit|_src_path):(.*)$((?:\n[ \t]+\S.*)*)", re.MULTILINE)
_PLAIN = re.compile(rb"([\w/.~(-](?:[^'\"#]|(?<=\S)#)*|)|'([^']*)'")


def _parsed(answers: bytes) -> Stated:
    import yaml

    from paved_road.files import yml

    try:
        record = yml.load(answers)
        facts = (record.get("_commit"), record.get("_src_path"))
    except (yaml.YAMLError, AttributeError):
        return Stated()
    commit, road = (None if fact is None else str(fact) for fact in facts)
    return _of_road(commit, road)


def _of_road(commit: str | None, source: str | None) -> Stated:
    return Stated(commit=commit, road=None if source is None else address.as_recorded(source)[0])


def read(folder: Path, name: str) -> Stated:
    """What an answers file says; nothing for one that cannot be read, which is told when it is needed."""
    try:
        return stated(contained.read(folder, name))
    except OSError:
        return NOTHING_STATED


# -- finding them ------------------------------------------------------------------------------------------------------


def answers_files(path: Path, *, everywhere: bool = False) -> dict[str, Stated]:
    """The answers files of the service at `path` by name: those under Copier's usual names, else those elsewhere.

    An answers file elsewhere is one that names its `_src_path`. One under the usual name in a subfolder is that of a
    service there, unless the folder is a hidden one.
    """
    named = sorted(file.name for file in path.glob(whereabouts.ANSWERS))
    if everywhere or not named:
        spread = git.files_with(path, "^_src_path:", ["*.yml", "*.yaml", "*answers*"])
        named += [name for name in spread if name not in named and not _is_of_a_service_below(name)]
    return {name: read(path, name) for name in named if contained.is_file(path, name)}


def _is_of_a_service_below(name: str) -> bool:
    return "/" in name and PurePosixPath(name).name.startswith(".copier-answers") and not name.startswith(".")


def the_one(found: Iterable[str], path: Path) -> str:
    """The answers file, when there is one and no other."""
    names = sorted(found)
    if len(names) == 1:
        return names[0]
    if names:
        raise ServiceError(
            f"{path} has several answers files", cause=", ".join(names), hint=f"name one: --answers-file {names[0]}"
        )
    raise whereabouts.no_service(path)


def is_same_road(recorded: str | None, wanted: str, path: Path) -> bool:
    """Whether a recorded road is the one that a person names. A relative path starts at the service or the folder."""
    if recorded is None:
        return False
    known = _from(recorded, path)
    return any(address.is_within(known, _from(wanted, folder).rstrip("/")) for folder in (Path(), path))


def _from(road: str, folder: Path) -> str:
    return os.path.abspath(folder / address.expanded(road)) if address.is_relative(road) else road


# -- whose they are ----------------------------------------------------------------------------------------------------


def meaning(name: str) -> str:
    """What else a file of this name is, in words: to git or to paved; "" for nothing."""
    last = PurePosixPath(name).name.lower()
    if re.fullmatch(r"\.paved-road(\..*)?\.lock", last):
        return "that is a lock of paved's"
    if last == ".paved.toml":
        return "that is where a project's settings of paved are"
    return f"git reads {last}" if last in _READ_BY_GIT else ""


_READ_BY_GIT = frozenset({".gitattributes", ".gitignore", ".gitmodules", ".lfsconfig", ".mailmap"})


def check_named(name: str) -> None:
    """Refuse what a person names as an answers file and that no file of a service's can be called."""
    try:
        check_path(name)
    except ForbiddenPath as error:
        raise UsageError(
            f"--answers-file cannot be {name!r}", cause=error.cause, hint=f"--answers-file {DEFAULT}"
        ) from error
    if (plain := PurePosixPath(name).as_posix()) != name:
        cause = "it ends as a folder does" if name.endswith("/") else "it has another spelling"
        raise UsageError(f"--answers-file cannot be {name!r}", cause=cause, hint=f"--answers-file {shlex.quote(plain)}")


def check_chosen(name: str, others: Iterable[str]) -> None:
    """Refuse a place that a person wants the answers file in and that is another file's: one of `others`, say."""
    if cause := meaning(name):
        raise UsageError(f"--answers-file cannot be {name}", cause=cause, hint=f"--answers-file {DEFAULT}")
    for other in others:
        if other == name or other.startswith(f"{name}/") or name.startswith(f"{other}/"):
            cause = f"the template renders {other}"
            raise UsageError(f"--answers-file cannot be {name}", cause=cause, hint=f"--answers-file {DEFAULT}")


def check_own(path: Path, name: str) -> None:
    """Refuse an answers file that a person names and that is none of this service's."""
    check_named(name)
    if not contained.is_file(path, name):
        raise _no_answers_file(path, name)


def check_states_road(path: Path, name: str) -> None:
    """Refuse a file that a person names as an answers file, that no lock knows and that names no template."""
    if read(path, name).road is None:
        raise _no_answers_file(path, name)


def _no_answers_file(path: Path, name: str) -> UsageError:
    found = ", ".join(answers_files(path, everywhere=True))
    there = f"it says nothing of a template (_src_path){'; ' if found else ''}" if contained.is_file(path, name) else ""
    return UsageError(
        f"{path} has no answers file {name}",
        cause=there + (f"its answers file is {found}" if found else ""),
        hint="--answers-file names another file",
    )


def check_free(path: Path, name: str) -> None:
    """Refuse to put the answers file of a template where something else is, or where a link leads."""
    check_path(name)
    beside = "--answers-file PATH puts it elsewhere; look at the template's _answers_file"
    for parent in PurePosixPath(name).parents[:-1]:
        if (path / parent).is_symlink() or ((path / parent).exists() and not (path / parent).is_dir()):
            raise UsageError(
                f"the answers file cannot be {name}", cause=f"{parent} is no folder of the service's", hint=beside
            )
    if os.path.lexists(path / name):
        raise UsageError(
            f"the answers file cannot be {name}", cause="there is a file that no template has written", hint=beside
        )
