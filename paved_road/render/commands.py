"""The commands of a template (tasks and migrations): which of them run, in which folder and environment.

Copier decides the same way (`_tasks`, `_migrations`), and the variables have its names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from paved_road import git
from paved_road.errors import PavedError, TemplateError
from paved_road.git import address, trees
from paved_road.git.entries import Tree
from paved_road.process import child
from paved_road.process.limits import watched
from paved_road.render.answer_types import to_bool
from paved_road.render.context import Operation

if TYPE_CHECKING:
    import jinja2

    from paved_road.process.child import Tell


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One command, the folder it runs in, and the environment variables it gets."""

    command: str | list[str]
    """A shell command line, or a program and its arguments."""
    folder: str = "."
    environment: dict[str, str] = field(default_factory=dict)
    shown: str = ""
    """How messages show it (see `in_short`); empty if they show `line`."""

    def __str__(self) -> str:
        return self.shown or self.line

    @property
    def line(self) -> str:
        """The command on one line."""
        return self.command if isinstance(self.command, str) else " ".join(self.command)


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandEvaluation:
    """What commands and their conditions are evaluated with: Jinja, the template's variables and the operation."""

    environment: jinja2.Environment
    variables: Mapping[str, Any]
    operation: Operation

    def holds(self, condition: Any, facts: Mapping[str, str]) -> bool:
        """Whether a command's `when` is true."""
        return to_bool(self._render(condition, facts))

    def command(self, command: Any, folder: Any, facts: Mapping[str, str]) -> Command:
        """The command with its Jinja rendered."""
        exported = {**facts, "copier_operation": str(self.operation)}
        words = [str(self._render(str(word), facts)) for word in command] if isinstance(command, list) else None
        rendered = Command(
            command=str(self._render(command, facts)) if words is None else words,
            folder=str(self._render(str(folder), facts)),
            environment={key.upper(): value for key, value in exported.items()},
        )
        return replace(rendered, shown=in_short(rendered.line, self.variables))

    def _render(self, value: Any, facts: Mapping[str, str]) -> Any:
        if not isinstance(value, str):
            return value
        own = {f"_{key}": fact for key, fact in facts.items()} | {"_copier_operation": str(self.operation)}
        try:
            with watched("a command of the template"):
                return self.environment.from_string(value).render({**self.variables, **own})
        except PavedError:
            raise
        except Exception as error:
            raise TemplateError("a command of the template cannot be evaluated", cause=f"{error}: {value!r}") from error


def in_short(line: str, variables: Mapping[str, Any]) -> str:
    """A command line for messages, without what differs from machine to machine and from run to run.

    Python's path becomes `python`. Paths in the template or the service become relative.
    """
    conf, python = variables["_copier_conf"], variables["_copier_python"]
    if python:
        line = re.sub(rf"{re.escape(python)}(?![\w./-])", "python", line)
    for folder in sorted({str(conf["src_path"]), str(conf["dst_path"])} - {"/"}, key=len, reverse=True):
        line = re.sub(rf"{re.escape(folder)}/(?=[\w.*])", "", line)
        line = re.sub(rf"{re.escape(folder)}/?(?![\w./*-])", ".", line)
    return line


def tasks(items: Iterable[Any], evaluation: CommandEvaluation) -> Iterator[Command]:
    """The tasks whose condition holds, in the template's order. Raises `TemplateError` for a task without a command."""
    facts = {"stage": "task"}
    for item in items:
        given = item if isinstance(item, Mapping) else {"command": item}
        if "command" not in given:
            raise TemplateError("a task of the template has no command", cause=repr(item))
        if evaluation.holds(given.get("when", True), facts):
            yield evaluation.command(given["command"], given.get("working_directory", "."), facts)


def run(commands: Iterable[Command], directory: Path, *, kind: str, hint: str = "", tell: Tell | None = None) -> None:
    """Run commands in `directory`, one after the other.

    `kind` ("task", "migration") is what messages call them; `tell` gets each line that they print. Raises
    `TemplateError` with the last lines of output for the first command that cannot be started or fails.
    """
    hidden = os.environ.keys() - git.environment().keys()
    own = {key: value for key, value in os.environ.items() if key not in hidden}
    for command in commands:
        try:
            ended = child.run(command.command, cwd=directory / command.folder, env=own | command.environment, tell=tell)
        except (OSError, ValueError) as error:
            raise TemplateError(f"the {kind} cannot be started: {command}", cause=str(error), hint=hint) from error
        if ended.code != 0:
            raise TemplateError(f"the {kind} failed: {command}", cause=ended.why, hint=hint)


def bring(files: Tree, folder: Path, commands: Iterable[Command], *, written_to: Path | None = None) -> None:
    """Write the template's own files to `folder` (its `_copier_conf.src_path`) if one of the commands names it.

    `written_to` is the folder to write to instead, if the caller renames it to `folder` later.
    """
    if any(str(folder) in f"{command.line} {command.folder}" for command in commands) and not folder.exists():
        trees.write_folder(files, written_to or folder)


@dataclass(frozen=True, kw_only=True, slots=True)
class Workshop:
    """A scratch repository with the service's folder in it, in which tasks run and change the rendered files."""

    scratch: Path
    service: Path
    """The real service."""
    repository: Path
    """The root of the real repository that contains the service."""

    @property
    def top(self) -> Path:
        """The root of the scratch repository."""
        return self.scratch / "repository" / (self.repository.name or "root")

    @property
    def place(self) -> Path:
        """The service's folder in the scratch repository."""
        return self.top / self.service.relative_to(self.repository)

    def shaped(self, tree: Tree, files: Tree, commands: Iterable[Command]) -> Tree:
        """Run these tasks on the rendered files and return the result; `files` are the template's own.

        The result leaves out files that git ignores, and what the tasks do to the repository itself. If a file holds
        the path of the scratch folder, the service's path replaces it.
        """
        self.place.mkdir(parents=True)
        trees.write_folder(tree, self.place)
        git.start_repository(self.top)
        bring(files, source_below(self.scratch), commands)
        run(commands, self.place, kind="task", hint="fix the template; nothing of the service was changed")
        return trees.with_folder_replaced(kept(self.place, tree), self.top, self.repository)


def workshop(scratch: Path, service: Path) -> Workshop:
    """The workshop for a service, below `scratch`."""
    service = address.resolved(service)
    around = git.repository_around(service)
    return Workshop(scratch=scratch, service=service, repository=around.top if around else service)


def source_below(scratch: Path) -> Path:
    """The folder that has the template's own files while its commands run."""
    return scratch / "template"


def kept(place: Path, tree: Tree) -> Tree:
    """The rendered files that still exist in `place`, and the new ones there that git does not ignore."""
    there = (path for path in tree if os.path.lexists(place / path) and not _behind_a_link(place, path))
    return trees.read_folder(place, dict.fromkeys([*there, *git.working_files(place)]))


def repositories_in(place: Path) -> list[str]:
    """Folders below `place` that are repositories of their own: git stores a link to them, and none of their files."""
    paths = (path.rstrip("/") for path in git.working_files(place))
    return [path for path in paths if (place / path).is_dir() and not (place / path).is_symlink()]


def _behind_a_link(place: Path, path: str) -> bool:
    """Whether a symbolic link replaced a folder of the path. Files behind it are read elsewhere, or are not ours."""
    return any((place / parent).is_symlink() for parent in PurePosixPath(path).parents)
