"""The in-process renderer: renders a template's files for its answers in memory, without Copier.

It covers Copier's common features and raises `UnsupportedTemplate` for the others. `paved_road.render.verified` keeps
for which releases it agrees with Copier. The order of steps, the rules and the quirks are Copier's.
"""

from __future__ import annotations

import functools
import posixpath
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any
from unicodedata import normalize

import jinja2
from pathspec import PathSpec

from paved_road.errors import ForbiddenPath, PavedError, TemplateError, UnsupportedTemplate
from paved_road.git.entries import File, Mode, Tree
from paved_road.git.trees import check_path
from paved_road.process import limits
from paved_road.process.limits import USUAL, Limits
from paved_road.render.config import TemplateConfig
from paved_road.render.context import Operation

_LOOP = re.compile(r"\{%[-+]?\s*yield\b")


def render(
    config: TemplateConfig,
    environment: jinja2.Environment,
    files: Mapping[str, File],
    variables: Mapping[str, Any],
    operation: Operation = Operation.COPY,
    most: Limits = USUAL,
) -> Tree:
    """Render a template's files. `variables` are those of `paved_road.render.context.build`.

    Raises `UnsupportedTemplate` if only Copier can render the template, `TemplateError` if the template has a fault.
    """
    return _TreeRenderer(config, environment, files, variables).tree(operation, most)


def excludes(
    config: TemplateConfig, environment: jinja2.Environment, variables: Mapping[str, Any], operation: Operation
) -> tuple[str, ...]:
    """The lines of `_exclude`, rendered for an operation."""
    return _TreeRenderer(config, environment, None, variables).excludes(operation)


def matcher(lines: tuple[str, ...]) -> Callable[[str], bool]:
    """A function that says whether these lines of `_exclude` exclude a path."""
    return _matcher(tuple(normalize("NFD", line) for line in lines))


def sources(
    config: TemplateConfig,
    environment: jinja2.Environment,
    files: Mapping[str, File],
    variables: Mapping[str, Any],
) -> dict[str, str]:
    """The source of each rendered file: its path in the template, with the suffix."""
    rendering = _TreeRenderer(config, environment, files, variables)
    targets = ((rendering._target(source), source) for source in rendering.sources)
    return {target: rendering.root + source for target, source in targets if target is not None}


def empty_folders(
    config: TemplateConfig,
    environment: jinja2.Environment,
    files: Mapping[str, File],
    variables: Mapping[str, Any],
    rendered: Iterable[str],
) -> list[str]:
    """The folders that a template renders without a file in them. `rendered` are the paths of the rendered files."""
    return _TreeRenderer(config, environment, files, variables).empty_folders(rendered)


class _TreeRenderer:
    """One rendering: the environment, the variables and the names rendered so far."""

    def __init__(
        self,
        config: TemplateConfig,
        environment: jinja2.Environment,
        files: Mapping[str, File] | None,
        variables: Mapping[str, Any],
    ) -> None:
        self.config, self.environment, self.variables = config, environment, variables
        self.names: dict[str, str] = {}
        self.root = self._root(files) if files is not None else ""
        self.sources = self._sources(files) if files is not None else {}
        self.answers_file = str(variables["_copier_conf"]["answers_file"])

    def tree(self, operation: Operation, most: Limits) -> Tree:
        """Every file, rendered or copied. Raises `UnsupportedTemplate` if two different files have the same path."""
        excluded = matcher(self.excludes(operation))
        tree: Tree = {}
        size = 0
        for source, file in self.sources.items():
            target = self._target(source)
            limits.evaluating("the template's _exclude")
            if target is None or excluded(target):
                continue
            rendered = self._file(source, file)
            if tree.setdefault(check_path(target), rendered) != rendered:
                # Copier keeps the last one, in the order of the file system.
                raise UnsupportedTemplate(f"two files of the template render to {target!r}")
            size += len(rendered.data)
            most.check(f"what the template renders, with {source},", files=len(tree), size=size)
        return tree

    def empty_folders(self, rendered: Iterable[str]) -> list[str]:
        """The folders whose rendered names are not empty, and that are neither excluded nor contain a file."""
        excluded = matcher(self.excludes(Operation.COPY))
        used = {str(parent) for path in rendered for parent in PurePosixPath(path).parents}
        named = {source: [self._name(part) for part in source.parts] for source in self.folders}
        empty = {_joined(tuple(parts)) for parts in named.values() if all(parts)} - used
        return sorted(check_path(path) for path in empty if not any(map(excluded, _ways(path))))

    @functools.cached_property
    def folders(self) -> set[PurePosixPath]:
        """Every folder of the template, below its root."""
        parents = {parent for source in self.sources for parent in PurePosixPath(source).parents}
        return parents - {PurePosixPath()}

    def _root(self, files: Mapping[str, File]) -> str:
        root = posixpath.normpath(self._string(self.config.subdirectory, "_subdirectory") or ".")
        if root.startswith(("..", "/")):
            raise ForbiddenPath(f"the template's _subdirectory is {root!r}", cause="it is outside of the template")
        if root != "." and not any(path.startswith(f"{root}/") for path in files):
            raise TemplateError(f"the template's _subdirectory {root!r} does not exist or is empty")
        return "" if root == "." else f"{root}/"

    def _sources(self, files: Mapping[str, File]) -> dict[str, File]:
        """The files below the root. Symbolic links are followed unless the template preserves them."""
        if self.config.settings.get("preserve_symlinks", False):
            return {path.removeprefix(self.root): file for path, file in files.items() if path.startswith(self.root)}
        followed: dict[str, File] = {}
        tracked = self.variables["_copier_conf"]["vcs_ref_hash"] is not None
        for path, file in files.items():
            if not path.startswith(self.root):
                continue
            if file.mode is not Mode.SYMLINK:
                followed[path.removeprefix(self.root)] = file
                continue
            for inner, target in _follow(path, files, tracked=tracked).items():
                followed[inner.removeprefix(self.root)] = target
        return followed

    def excludes(self, operation: Operation) -> tuple[str, ...]:
        """The lines of `_exclude`, rendered."""
        return tuple(
            line
            for pattern in self.config.exclude
            for line in re.split(
                r"\r\n|\r|\n", self._string(str(pattern), "_exclude", _copier_operation=str(operation))
            )
        )

    def _target(self, source: str) -> str | None:
        """The path that a source renders to; None if a part of it renders to nothing, or if a twin replaces it."""
        suffix = self.config.suffix
        if suffix and self._is_there(source + suffix):
            return None
        is_template, names = _parts(source, suffix)
        parts: list[str] = []
        for part in names:
            name = self._name(part)
            if not name:
                return None
            if name == self.answers_file:
                return name
            parts.append(name)
        target = _joined(tuple(parts))
        # Copier looks for this twin below the template's own root, even if the template has a subdirectory.
        twin = f"{target}{suffix}"
        return target if is_template or self.root or not self._is_there(twin) else None

    def _is_there(self, path: str) -> bool:
        """Whether the template has a file or a folder at this path; Copier checks only that one exists."""
        return path in self.sources or PurePosixPath(path) in self.folders

    def _name(self, part: str) -> str:
        if part not in self.names:
            if _LOOP.search(part):
                raise UnsupportedTemplate("the template loops over files", cause=part)
            self.names[part] = self._string(part, "a path")
        return self.names[part]

    def _file(self, source: str, file: File) -> File:
        limits.evaluating(f"the template's {source}")
        rendered, _ = _parts(source, self.config.suffix)
        if file.mode is Mode.SYMLINK:
            return File(self._string(file.data.decode(), source).encode(), file.mode) if rendered else file
        if not rendered:
            return file
        try:
            template = self.environment.get_template(self.root + source)
        except UnicodeDecodeError:
            if self.config.suffix:
                raise TemplateError(f"the template's {source} is not UTF-8 text") from None
            return file
        except (jinja2.TemplateError, RecursionError, SyntaxError, ValueError) as error:
            raise _at(error, source) from error
        try:
            return File(template.render(self.variables).encode(), file.mode)
        except Exception as error:
            raise _at(error, source, _line(error)) from error

    def _string(self, text: str, where: str, **extra: Any) -> str:
        options = self.config.environment_options
        marks = [
            options.get(f"{kind}_start_string", default)
            for kind, default in zip(("block", "variable", "comment"), ("{%", "{{", "{#"), strict=True)
        ]
        if not any(mark in text for mark in marks) and "line_statement_prefix" not in options:
            return text
        limits.evaluating(f"{where} ({text}) of the template")
        try:
            return self.environment.from_string(text).render({**self.variables, **extra})
        except Exception as error:
            if isinstance(error, jinja2.TemplateSyntaxError) and "yield" in str(error):
                raise UnsupportedTemplate("the template loops over files", cause=text) from error
            raise _at(error, f"{where} ({text})") from error


@functools.lru_cache
def _matcher(lines: tuple[str, ...]) -> Callable[[str], bool]:
    return PathSpec.from_lines("gitignore", lines).match_file


@functools.lru_cache(10_000)
def _parts(source: str, suffix: str) -> tuple[bool, tuple[str, ...]]:
    """Whether the file is a Jinja template, and the parts of its path without the suffix."""
    path = PurePosixPath(source)
    is_template = path.name.endswith(suffix)
    return is_template, (path.with_suffix("") if suffix and is_template else path).parts


def _ways(path: str) -> list[str]:
    """A folder and its parents, each with and without a final slash, so that all kinds of patterns match."""
    folders = [path, *map(str, PurePosixPath(path).parents)][:-1]
    return [*folders, *(f"{folder}/" for folder in folders)]


@functools.lru_cache(10_000)
def _joined(parts: tuple[str, ...]) -> str:
    return PurePosixPath(*parts).as_posix()


def _at(error: Exception, where: str, line: int | None = None) -> PavedError:
    if isinstance(error, PavedError):
        return error
    if isinstance(error, MemoryError):  # Copier would run out of memory, too
        return limits.out_of_memory(f"the template's {where}")
    line = getattr(error, "lineno", None) or line
    return TemplateError(
        f"the template raised while rendering {where}" + (f", line {line}" if line else ""),
        cause=f"{type(error).__name__}: {error}",
    )


def _line(error: Exception) -> int | None:
    """The line that was being rendered: Jinja adds the frames of its templates to the traceback."""
    frames = traceback.walk_tb(error.__traceback__)
    return next((line for frame, line in frames if "__jinja_exception__" in frame.f_globals), None)


def _follow(path: str, files: Mapping[str, File], *, tracked: bool, seen: frozenset[str] = frozenset()) -> Tree:
    """The files that a symbolic link leads to: one file, or every file below a folder."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), files[path].data.decode()))
    if target.startswith(("..", "/")):
        raise ForbiddenPath(f"the template's {path} is a link out of the template", cause=f"it points to {target!r}")
    if path in seen:
        raise TemplateError(f"the template's link {path!r} points to itself")
    if target in files:
        if files[target].mode is Mode.SYMLINK:
            followed = _follow(target, files, tracked=tracked, seen=seen | {path})
            return {path + name.removeprefix(target): file for name, file in followed.items()}
        # git's mode of a link has no executable bit, and in a git repository Copier uses that mode.
        return {path: File(files[target].data) if tracked else files[target]}
    inside = {name: file for name, file in files.items() if name.startswith(f"{target}/")}
    if not inside:
        raise TemplateError(f"the template's link {path!r} is broken", cause=f"there is no {target!r}")
    if any(file.mode is Mode.SYMLINK for file in inside.values()):
        raise UnsupportedTemplate(f"links inside the linked folder {target!r}")
    return {path + name.removeprefix(target): file for name, file in inside.items()}
