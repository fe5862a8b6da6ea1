"""Faults of `paved-road.yml`, such as a pattern or a move that fits no file of any release of the template."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence

from paved_road.errors import nearest
from paved_road.git.entries import Tree
from paved_road.lint.paths import Glob, literal, meets, pattern
from paved_road.lint.sources import Source, TemplateFault
from paved_road.practices.of_road import own_practices, practices_folder
from paved_road.render.config import TemplateConfig
from paved_road.road.manifest import FILENAME, Manifest, validate_manifest
from paved_road.road.owners import Owner


def findings(
    files: Tree, config: TemplateConfig | None, globs: Sequence[Glob], earlier: Callable[[], list[Glob]]
) -> Iterator[TemplateFault]:
    """The faults of the template's `paved-road.yml`.

    `globs` are the paths to which the template's files can be rendered, or empty if these are not known. `earlier`
    returns the paths for every release.
    """
    manifest = validate_manifest(files[FILENAME].data)
    if not isinstance(manifest, Manifest):
        yield from (TemplateFault(file=FILENAME, line=fault.line, text=fault.text) for fault in manifest)
        return
    source = Source.of(FILENAME, files)
    yield from source.duplicate_keys()
    yield from _version(manifest, source)
    yield from _practices(manifest, source, files, globs)
    yield from _commands(manifest, source)
    if globs and any(meets(literal(FILENAME), glob) for glob in globs):
        yield source.finding(f"every service gets this file: add {FILENAME} to _exclude in copier.yml")
    if config is not None:
        yield from _first(manifest, source, config)
    if config is not None and globs and not config.tasks:  # a task may make any file
        yield from _patterns(manifest, source, globs)
        yield from _moves(manifest, source, globs, earlier)


def _version(manifest: Manifest, source: Source) -> Iterator[TemplateFault]:
    if manifest.version is not None and not re.match(r"\d+\.\d+\.\d+", manifest.version):
        text = f"write the version {manifest.version!r} with three numbers and no v, as in 1.2.0"
        yield source.finding(text, "version")


def _practices(manifest: Manifest, source: Source, files: Tree, globs: Sequence[Glob]) -> Iterator[TemplateFault]:
    """Faults of the road's own practices. Their code is read, and not run."""
    if manifest.practices is None:
        return
    folder = practices_folder(manifest.practices)
    inside = [path for path in files if path.startswith(f"{folder}/")]
    if not inside:
        yield source.finding(f"practices is {manifest.practices!r}, and the template has no such folder", "practices")
    if any(meets(literal(path), glob) for path in inside for glob in globs):
        text = f"every service gets the folder {folder}: add it to _exclude in copier.yml"
        yield source.finding(text, "practices")
    for fault in own_practices(files, folder).faults:
        yield TemplateFault(file=fault.path, line=fault.line, text=fault.text)


def _commands(manifest: Manifest, source: Source) -> Iterator[TemplateFault]:
    for path, command in manifest.derived.items():
        if mark := _SHELL.search(command):
            text = f"derived: no shell runs the command of {path}, so {mark[0]} is plain text; write sh -c '...'"
            yield source.finding(text, "owners", Owner.DERIVED, path)


_SHELL = re.compile(r"&&|\|\||\$\(|[|<>;&`](?=\s|$)|(?<=\s)[<>]")
"""Shell syntax, in places where the author probably means it as such."""


def _first(manifest: Manifest, source: Source, config: TemplateConfig) -> Iterator[TemplateFault]:
    for position, name in enumerate(manifest.questions.first):
        if name in manifest.questions.first[:position]:
            yield source.finding(f"questions.first names {name!r} twice", "questions", "first", position)
        if name not in config.questions:
            text = f"questions.first names {name!r}, which the template does not ask; {nearest(name, config.questions)}"
            yield source.finding(text, "questions", "first", position)


def _patterns(manifest: Manifest, source: Source, globs: Sequence[Glob]) -> Iterator[TemplateFault]:
    for owner, patterns in manifest.owners.items():
        for position, wanted in enumerate(patterns if owner is not Owner.DERIVED else ()):
            if not wanted.strip():
                yield source.finding(f"{owner}: an empty pattern matches nothing", "owners", owner, position)
            elif not any(meets(way, glob) for way in pattern(wanted) for glob in globs):
                text = f"{owner}: {wanted} matches no file that the template can render, so this pattern has no effect"
                yield source.finding(text, "owners", owner, position)


def _moves(
    manifest: Manifest, source: Source, globs: Sequence[Glob], earlier: Callable[[], list[Glob]]
) -> Iterator[TemplateFault]:
    known = [*globs, *earlier()] if manifest.moves else []
    for version, moves in manifest.moves.items():
        for old, new in moves.items():
            if posixpath.normpath(old) == posixpath.normpath(new):
                yield source.finding(f"{old} moves to itself", "moves", version, old)
                continue
            if not _fits(old, known):
                yield source.finding(f"no release renders {old}, so it cannot move", "moves", version, old)
            if not _fits(new, known):  # an old release counts: the file may be gone since
                yield source.finding(f"no release renders {new}, where {old} moves", "moves", version, old)


def _fits(path: str, globs: Sequence[Glob]) -> bool:
    """Whether a file can have this path or one below it."""
    return any(meets(way, glob) for glob in globs for way in (literal(path), (*literal(path), "/", *pattern("**")[0])))
