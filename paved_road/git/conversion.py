"""How git converts a content when it stores it: line endings, encodings, `$Id$`, and configured filters.

The repository's attributes and settings decide (gitattributes(5)), so git itself does it, in a temporary work tree.
Most repositories convert nothing, and for those no process is started.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from paved_road.git.entries import SHA1, blob_id
from paved_road.git.merge import quoted
from paved_road.git.objects import Objects
from paved_road.git.process import PERSON, READER, Role, run
from paved_road.git.query import Repository, without_filters

_ATTRIBUTES = ".gitattributes"
_ANY_CONTENT = re.compile(rb"filter|working-tree-encoding|\[attr\]")
"""Attributes that may convert any content. Those for line endings and `$Id$` leave most contents alone."""
_READ = 2**20
"""How many bytes of an attributes file are read."""


def converted(
    contents: Mapping[str, bytes], within: Repository | None, *, prefix: str = "", filters: bool
) -> dict[str, bytes]:
    """The contents that git would convert, as it would store them, by path.

    Paths are below the folder `prefix` of the repository `within`; without one, of a repository that does not exist
    yet. With `filters`, the filter programs of the user's configuration run.
    """
    attributes = {**_around(contents, within, prefix), **_named(contents, prefix)}
    wanted = _convertible(contents, [*attributes.values(), *_elsewhere(within)])
    if not wanted:
        return {}
    import tempfile

    with tempfile.TemporaryDirectory(prefix="paved-convert-") as folder:
        work, objects = Path(folder, "work"), Path(folder, "objects")
        objects.mkdir()
        for path, data in {**attributes, **{prefix + path: contents[path] for path in wanted}}.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_bytes(data)
        where = within or _new(work)
        names = b"".join(quoted(prefix + path) + b"\n" for path in wanted)
        role = _role(where, work, objects, filters)
        said = run("hash-object", "-w", "--stdin-paths", cwd=work, stdin=names, role=role)
        ids = dict(zip(wanted, said.decode().split(), strict=True))
        changed = {path: one for path, one in ids.items() if one != blob_id(contents[path], where.object_format)}
        with Objects(where.top) as known:
            stored = dict(zip(changed, _contents(list(changed.values()), objects, known), strict=True))
            return _without_kept_line_ends(contents, stored, known, prefix)


def _role(where: Repository, work: Path, objects: Path, filters: bool) -> Role:
    """Git in this repository, with another work tree and another folder for the objects that it writes."""
    base = PERSON if filters else READER
    off = () if filters else without_filters(where.top)
    place = {
        "GIT_DIR": str(where.folder), "GIT_WORK_TREE": str(work), "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(where.objects),
    }  # fmt: skip
    settings = (*base.settings, *off, ("core.safecrlf", "false"))
    return Role(settings=settings, variables={**base.variables, **place}, limited=base.limited)


def _new(work: Path) -> Repository:
    run("init", "--quiet", "--template=", f"--object-format={SHA1}", work)
    return Repository(top=work, folder=work / ".git", objects=work / ".git" / "objects", head=None)


def _contents(ids: list[str], objects: Path, known: Objects) -> Iterator[bytes]:
    """The contents of blobs that were just written, or that the repository already had."""
    import zlib

    for one in ids:
        loose = objects / one[:2] / one[2:]
        if loose.exists():
            yield zlib.decompress(loose.read_bytes()).split(b"\0", 1)[1]
        else:
            yield known.read([one])[0] or b""


def _without_kept_line_ends(
    contents: Mapping[str, bytes], stored: dict[str, bytes], known: Objects, prefix: str
) -> dict[str, bytes]:
    """Leave out files that are stored with CRLF: git keeps that, whatever settings were added since."""
    only = [path for path, data in stored.items() if data == contents[path].replace(b"\r\n", b"\n")]
    now = zip(only, known.read(f":{prefix}{path}" for path in only), strict=True)
    kept = {path for path, data in now if data is not None and b"\r\n" in data}
    return {path: data for path, data in stored.items() if path not in kept}


def _convertible(contents: Mapping[str, bytes], attributes: list[bytes]) -> list[str]:
    """The paths whose contents git may convert, by cheap tests."""
    if any(_ANY_CONTENT.search(data) for data in attributes):
        return list(contents)
    ident = b"$Id:" if attributes else b"\r\n"
    return [path for path, data in contents.items() if b"\r\n" in data or ident in data]


def _named(contents: Mapping[str, bytes], prefix: str) -> dict[str, bytes]:
    """The attributes files among the contents, by their path in the repository."""
    return {prefix + path: data for path, data in contents.items() if PurePosixPath(path).name == _ATTRIBUTES}


def _around(contents: Mapping[str, bytes], within: Repository | None, prefix: str) -> dict[str, bytes]:
    """The attributes files on disk that apply to the paths, by their path in the repository."""
    if within is None:
        return {}
    folders = {folder for path in contents for folder in PurePosixPath(prefix + path).parents}
    found = {str(folder / _ATTRIBUTES): _read(within.top / folder / _ATTRIBUTES) for folder in sorted(folders)}
    return {path: data for path, data in found.items() if data}


def _elsewhere(within: Repository | None) -> list[bytes]:
    """The contents of the user's own attributes files, and of those for this clone alone."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    places = [home / "git" / "attributes"]
    if within is not None:
        places += [folder / "info" / "attributes" for folder in {within.folder, within.objects.parent}]
    return [data for place in places if (data := _read(place))]


def _read(file: Path) -> bytes:
    """The beginning of a plain file; empty if there is none."""
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            return b""
        with file.open("rb") as stream:
            return stream.read(_READ)
    except OSError:
        return b""
