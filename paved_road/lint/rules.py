"""Patterns, moves and versions of `paved-road.yml` that no file and no release of the template fits."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from paved_road.errors import nearest
from paved_road.git.entries import Tree
from paved_road.lint.paths import Glob, literal, meets, pattern
from paved_road.lint.sources import Source, TemplateFault
from paved_road.render.config import TemplateConfig
from paved_road.road import manifest
from paved_road.road.manifest import FILENAME, Manifest
from paved_road.road.owners import Owner


def findings(
    files: Tree, config: TemplateConfig | None, globs: Sequence[Glob], earlier: Callable[[], list[Glob]]
) -> Iterator[TemplateFault]:
    """What is wrong with the file of rules among the template's.

    `globs` are where the template's files can be rendered to, none where that is not known; `earlier`
    says where the files of every release can be.
    """
    found = manifest.validate_manifest(files[FILENAME].data)
    if not isinstance(found, Manifest):
        yield from (TemplateFault(file=FILENAME, line=fault.line, text=fault.text) for fault in found)
        return
    source = Source.of(FILENAME, files)
    yield from source.twice()
    yield from _version(found, source)
    yield from _practices(found, source, files)
    yield from _commands(found, source)
    if globs and any(meets(literal(FILENAME), glob) for glob in globs):
        yield source.finding(f"every service gets this file: add {FILENAME} to _exclude in copier.yml")
    if config is not None:
        yield from _first(found, source, config)
    if config is not None and globs and not config.tasks:  # a task may make any file
        yield from _patterns(found, source, globs)
        yield from _moves(found, source, globs, earlier)


def _version(found: Manifest, source: Source) -> Iterator[TemplateFault]:
    if found.version is not None and not re.match(r"\d+\.\d+\.\d+", found.version):
        said = f"write the version {found.version!r} with three numbers and no v, as in 1.2.0"
        yield source.finding(said, "version")


def _practices(found: Manifest, source: Source, files: Tree) -> Iterator[TemplateFault]:
    folder = posixpath.normpath(found.practices) if found.practices is not None else None
    if folder is not None and not any(path.startswith(f"{folder}/") for path in files):
        yield source.finding(f"practices is {found.practices!r}, and the template has no such folder", "practices")


def _commands(found: Manifest, source: Source) -> Iterator[TemplateFault]:
    for path, command in found.derived.items():
        if mark := _SHELL.search(command):
            said = f"derived: no shell runs the command of {path}, so {mark[0]} is a word to it; write sh -c '...'"
            yield source.finding(said, "owners", Owner.DERIVED, path)


_SHELL = re.compile(r"&&|\|\||\$\(|[|<>;&`](?=\s|$)|(?<=\s)[<>]")
"""What only a shell understands, where it is likely to be meant so."""


def _first(found: Manifest, source: Source, config: TemplateConfig) -> Iterator[TemplateFault]:
    for position, name in enumerate(found.questions.first):
        if name in found.questions.first[:position]:
            yield source.finding(f"questions.first names {name!r} twice", "questions", "first", position)
        if name not in config.questions:
            said = f"questions.first names {name!r}, which the template does not ask; {nearest(name, config.questions)}"
            yield source.finding(said, "questions", "first", position)


def _patterns(found: Manifest, source: Source, globs: Sequence[Glob]) -> Iterator[TemplateFault]:
    for owner, patterns in found.owners.items():
        for position, one in enumerate(patterns if owner is not Owner.DERIVED else ()):
            if not one.strip():
                yield source.finding(f"{owner}: an empty pattern matches nothing", "owners", owner, position)
            elif not any(meets(way, glob) for way in pattern(one) for glob in globs):
                said = f"{owner}: {one} matches no file that the template can render, so nobody owns one by it"
                yield source.finding(said, "owners", owner, position)


def _moves(
    found: Manifest, source: Source, globs: Sequence[Glob], earlier: Callable[[], list[Glob]]
) -> Iterator[TemplateFault]:
    known = [*globs, *earlier()] if found.moves else []
    for version, moves in found.moves.items():
        for old, new in moves.items():
            if posixpath.normpath(old) == posixpath.normpath(new):
                yield source.finding(f"{old} moves to itself", "moves", version, old)
                continue
            if not _fits(old, known):
                yield source.finding(f"no release renders {old}, so it cannot move", "moves", version, old)
            if not _fits(new, known):  # it may be gone by now: a service may come from further back
                yield source.finding(f"no release renders {new}, where {old} moves", "moves", version, old)


def _fits(path: str, globs: Sequence[Glob]) -> bool:
    """Whether a path, or one below it, is that of a file."""
    return any(meets(way, glob) for glob in globs for way in (literal(path), (*literal(path), "/", *pattern("**")[0])))
