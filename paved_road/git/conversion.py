"""What git makes of a content when it stores it: line ends, encodings, `$Id$`, and the filters of its configuration.

Attributes and settings of the repository decide (gitattributes(5)), so git itself is asked, in a work tree made for
that. Most repositories convert nothing, and for those no process is started.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from paved_road.git.asking import Repository, without_filters
from paved_road.git.ids import SHA1, blob_id
from paved_road.git.objects import Objects
from paved_road.git.process import PERSON, READER, Role, run
from paved_road.git.scratch import quoted

_ATTRIBUTES = ".gitattributes"
_ANY_CONTENT = re.compile(rb"filter|working-tree-encoding|\[attr\]")
"""Attributes that may convert any content. Those of line ends and `$Id$` leave most contents alone."""
_READ = 2**20
"""Bytes of an attributes file that are looked at."""


def converted(
    contents: Mapping[str, bytes], within: Repository | None, *, prefix: str = "", filters: bool
) -> dict[str, bytes]:
    """Those of the contents that git would store as something else, as it would store them.

    Their paths are below the folder `prefix` of the repository; without one they are those of a repository that is yet
    to be made. With `filters` the programs run that the person's configuration names for that.
    """
    wanted = _convertible(contents, within, prefix)
    if not wanted:
        return {}
    with tempfile.TemporaryDirectory(prefix="paved-convert-") as folder:
        work, objects = Path(folder, "work"), Path(folder, "objects")
        objects.mkdir()
        attributes = [path for path in contents if PurePosixPath(path).name == _ATTRIBUTES]
        for path in {*wanted, *attributes}:
            target = work / prefix / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents[path])
        where = within or _new(work)
        names = b"".join(quoted(prefix + path) + b"\n" for path in wanted)
        role = _role(where, work, objects, filters)
        said = run("hash-object", "-w", "--stdin-paths", cwd=work, stdin=names, role=role)
        ids = dict(zip(wanted, said.decode().split(), strict=True))
        changed = {path: one for path, one in ids.items() if one != blob_id(contents[path], where.object_format)}
        return dict(zip(changed, _contents(list(changed.values()), objects, where), strict=True))


def _role(where: Repository, work: Path, objects: Path, filters: bool) -> Role:
    """Git in a repository, with another work tree, and another place for what it writes."""
    base = PERSON if filters else READER
    off = () if filters else without_filters(where.top)
    place = {
        "GIT_DIR": str(where.folder), "GIT_WORK_TREE": str(work), "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(where.objects),
    }  # fmt: skip
    settings = (*base.settings, *off, ("core.safecrlf", "false"))
    return Role(settings=settings, variables={**base.variables, **place})


def _new(work: Path) -> Repository:
    run("init", "--quiet", "--template=", f"--object-format={SHA1}", work)
    return Repository(top=work, folder=work / ".git", objects=work / ".git" / "objects", head=None)


def _contents(ids: list[str], objects: Path, where: Repository) -> Iterator[bytes]:
    """The contents of blobs that were just written, or that the repository had already."""
    with Objects(where.top) as known:
        for one in ids:
            loose = objects / one[:2] / one[2:]
            if loose.exists():
                yield zlib.decompress(loose.read_bytes()).split(b"\0", 1)[1]
            else:
                yield known.read([one])[0] or b""


def _convertible(contents: Mapping[str, bytes], within: Repository | None, prefix: str) -> list[str]:
    """The paths whose contents git may convert, by what is cheap to know."""
    attributes = [data for path, data in contents.items() if PurePosixPath(path).name == _ATTRIBUTES]
    attributes += _around(contents, within, prefix)
    if any(_ANY_CONTENT.search(data) for data in attributes):
        return list(contents)
    return [
        path
        for path, data in contents.items()
        if b"\r\n" in data or (attributes and b"$Id:" in data)
    ]  # fmt: skip


def _around(contents: Mapping[str, bytes], within: Repository | None, prefix: str) -> Iterator[bytes]:
    """The attributes that are on disk: the person's own, those of the repository, and of the folders of the paths."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    places = [home / "git" / "attributes"]
    if within is not None:
        folders = {str(folder) for path in contents for folder in PurePosixPath(prefix + path).parents}
        places += [within.folder / "info" / "attributes", within.objects.parent / "info" / "attributes"]
        places += [within.top / folder / _ATTRIBUTES for folder in sorted(folders)]
    for place in dict.fromkeys(places):
        try:
            if stat.S_ISREG(place.lstat().st_mode):
                with place.open("rb") as stream:
                    yield stream.read(_READ)
        except OSError:
            continue
