"""Patterns, moves and versions of `paved-road.yml` that no file and no release of the template fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from paved_road import manifest
from paved_road.errors import nearest
from paved_road.lint.paths import Glob, literal, meets, pattern
from paved_road.lint.sources import Finding, Source
from paved_road.manifest import FILENAME, Manifest
from paved_road.owners import Owner
from paved_road.render.config import TemplateConfig
from paved_road.tree import File


def findings(
    content: bytes, config: TemplateConfig | None, globs: Sequence[Glob], earlier: Callable[[], list[Glob]]
) -> Iterator[Finding]:
    """What is wrong with the file. `globs` are where the template's files can be, none where that is not known.

    `earlier` says where the files of every release can be.
    """
    found = manifest.read(content)
    if not isinstance(found, Manifest):
        yield from (Finding(file=FILENAME, line=fault.line, text=fault.text) for fault in found)
        return
    source = Source.of(FILENAME, {FILENAME: File(content)})
    yield from source.twice()
    yield from _version(found, source)
    if config is not None:
        yield from _first(found, source, config)
    if config is not None and globs and not config.tasks:  # a task may make any file
        yield from _patterns(found, source, globs)
        yield from _moves(found, source, globs, earlier)


def _version(found: Manifest, source: Source) -> Iterator[Finding]:
    if found.version is not None and not re.match(r"\d+\.\d+\.\d+", found.version):
        said = f"write the version {found.version!r} with three numbers and no v, as in 1.2.0"
        yield source.finding(said, "version")


def _first(found: Manifest, source: Source, config: TemplateConfig) -> Iterator[Finding]:
    for position, name in enumerate(found.questions.first):
        if name not in config.questions:
            said = f"questions.first names {name!r}, which the template does not ask; {nearest(name, config.questions)}"
            yield source.finding(said, "questions", "first", position)


def _patterns(found: Manifest, source: Source, globs: Sequence[Glob]) -> Iterator[Finding]:
    for owner, patterns in found.owners.items():
        for position, one in enumerate(patterns if owner is not Owner.DERIVED else ()):
            if not any(meets(way, glob) for way in pattern(one) for glob in globs):
                said = f"{owner}: {one} matches no file that the template can render, so nobody owns one by it"
                yield source.finding(said, "owners", owner, position)


def _moves(
    found: Manifest, source: Source, globs: Sequence[Glob], earlier: Callable[[], list[Glob]]
) -> Iterator[Finding]:
    known = [*globs, *earlier()] if found.moves else []
    for version, moves in found.moves.items():
        for old, new in moves.items():
            if not _fits(old, known):
                yield source.finding(f"no release renders {old}, so it cannot move", "moves", version, old)
            if not _fits(new, known):  # it may be gone by now: a service may come from further back
                yield source.finding(f"no release renders {new}, where {old} moves", "moves", version, old)


def _fits(path: str, globs: Sequence[Glob]) -> bool:
    """Whether a path, or one below it, is that of a file."""
    return any(meets(way, glob) for glob in globs for way in (literal(path), (*literal(path), "/", *pattern("**")[0])))
