"""Where an answers file may be: not where another file is, nor where git or paved reads something else."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from paved_road.errors import ForbiddenPath, UsageError
from paved_road.git.trees import check_path
from paved_road.service.answers_file import DEFAULT

if TYPE_CHECKING:
    from paved_road.render import CompiledTemplate
    from paved_road.render.context import SettledAnswers


def other_meaning(name: str) -> str:
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


def check_new(form: CompiledTemplate, book: SettledAnswers, destination: Path, wanted: str) -> None:
    """Refuse a place for the answers file of a new service that a person names and that is another file's."""
    from paved_road.render import render

    check_named(wanted)
    check_chosen(wanted, ())
    plain = render(form, book, destination)
    if wanted != plain.answers_file:
        check_chosen(wanted, plain.tree.keys() - {plain.answers_file})


def check_chosen(name: str, others: Iterable[str]) -> None:
    """Refuse a place that a person wants the answers file in and that is another file's: one of `others`, say."""
    if cause := other_meaning(name):
        raise UsageError(f"--answers-file cannot be {name}", cause=cause, hint=f"--answers-file {DEFAULT}")
    for other in others:
        if other == name or other.startswith(f"{name}/") or name.startswith(f"{other}/"):
            cause = f"the template renders {other}"
            raise UsageError(f"--answers-file cannot be {name}", cause=cause, hint=f"--answers-file {DEFAULT}")


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
