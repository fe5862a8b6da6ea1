"""Which paths an answers file may have: none of another file's, and none that git or paved reads as something else."""

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
    """Why git or paved would read a file of this name as something else; "" if neither does."""
    last = PurePosixPath(name).name.lower()
    if re.fullmatch(r"\.paved-road(\..*)?\.lock", last):
        return "paved reads it as a lock"
    if last == ".paved.toml":
        return "paved reads it as a project's settings"
    return f"git reads {last}" if last in _READ_BY_GIT else ""


_READ_BY_GIT = frozenset({".gitattributes", ".gitignore", ".gitmodules", ".lfsconfig", ".mailmap"})


def check_named(name: str) -> None:
    """Refuse a name that no file of a service can have. Raises `UsageError`."""
    try:
        check_path(name)
    except ForbiddenPath as error:
        raise UsageError(
            f"--answers-file cannot be {name!r}", cause=error.cause, hint=f"--answers-file {DEFAULT}"
        ) from error
    if (plain := PurePosixPath(name).as_posix()) != name:
        cause = "it ends with a slash, like a folder" if name.endswith("/") else "git spells this path differently"
        raise UsageError(f"--answers-file cannot be {name!r}", cause=cause, hint=f"--answers-file {shlex.quote(plain)}")


def check_new(template: CompiledTemplate, answers: SettledAnswers, destination: Path, wanted: str) -> None:
    """Refuse a path for the answers file of a new service that another file has. Raises `UsageError`."""
    from paved_road.render import render

    check_named(wanted)
    check_chosen(wanted, ())
    plain = render(template, answers, destination)
    if wanted != plain.answers_file:
        check_chosen(wanted, plain.tree.keys() - {plain.answers_file})


def check_chosen(name: str, others: Iterable[str]) -> None:
    """Refuse a path that one of the `others` has, or that has another meaning. Raises `UsageError`."""
    if cause := other_meaning(name):
        raise UsageError(f"--answers-file cannot be {name}", cause=cause, hint=f"--answers-file {DEFAULT}")
    for other in others:
        if other == name or other.startswith(f"{name}/") or name.startswith(f"{other}/"):
            cause = f"the template renders {other}"
            raise UsageError(f"--answers-file cannot be {name}", cause=cause, hint=f"--answers-file {DEFAULT}")


def check_free(path: Path, name: str) -> None:
    """Refuse to write an answers file over another file, or through a link.

    Raises `UsageError`, or `ForbiddenPath` for a path that leaves the service.
    """
    check_path(name)
    hint = "choose another path with --answers-file PATH; the template's _answers_file sets this one"
    for parent in PurePosixPath(name).parents[:-1]:
        if (path / parent).is_symlink() or ((path / parent).exists() and not (path / parent).is_dir()):
            raise UsageError(
                f"the answers file cannot be {name}", cause=f"{parent} is not a folder of the service", hint=hint
            )
    if os.path.lexists(path / name):
        raise UsageError(f"the answers file cannot be {name}", cause="a file of yours has this path", hint=hint)
