"""Faults of a template that its author should see before a team does.

Copier ignores a misspelt setting and renders an undefined variable as an empty text. If a pattern of owners matches no
file, the files it was meant for have no owner. `paved templates --check` reports each fault with its file and line, and
runs no code of the template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from paved_road.errors import LimitError, PavedError, TemplateError
from paved_road.git.entries import Tree
from paved_road.lint import rehearsal, settings, variables
from paved_road.lint import rules as owners
from paved_road.lint.paths import Glob, destinations
from paved_road.lint.rehearsal import said
from paved_road.lint.sources import Source, TemplateFault
from paved_road.process import limits
from paved_road.render import CompiledTemplate, environment
from paved_road.render import config as configs
from paved_road.render.config import TemplateConfig
from paved_road.road.model import WORKING_TREE, Release, Template
from paved_road.road.releases import release as find_release
from paved_road.road.releases import releases
from paved_road.road.version_file import FILENAME

__all__ = ["TemplateFault", "check"]


def check(template: Template) -> list[TemplateFault]:
    """The faults of a local road's template on disk, or of the latest release of a remote road's template."""
    release = find_release(template, WORKING_TREE if template.road.local else None)
    files = release.files()
    prefix = f"{template.folder}/" if template.folder else ""
    limits.USUAL.check("the template", files=len(files), size=sum(len(file.data) for file in files.values()))
    faults: set[TemplateFault] = set()
    try:
        with limits.watched("the template"):
            _add_faults(release, files, faults)
    except LimitError as error:
        faults.add(_unreadable(error, files))
    placed = (replace(fault, file=prefix + fault.file) for fault in faults)
    return sorted(placed, key=lambda fault: (fault.file, fault.line, fault.text))


def _add_faults(release: Release, files: Tree, faults: set[TemplateFault]) -> None:
    """Add the faults of a release to `faults`."""
    config, made = None, None
    try:
        config = configs.load(files)
        configs.check_parser(config, files)
    except PavedError as error:
        faults.add(_unreadable(error, files))
    globs: list[Glob] = []
    if config is not None:
        source = Source.of(config.path, files)
        faults.update(settings.findings(config, source, files))
        try:
            made = environment.make(_without_extensions(config), files)
        except TemplateError as error:
            faults.add(source.finding(said(error), "_envops"))
            return
        if not config.foreign_extensions:  # they may define whatever they like
            faults.update(variables.findings(config, made, files, source))
            globs = destinations(config, made, files)
    if FILENAME in files:
        faults.update(owners.findings(files, config, globs, lambda: _paths_of_every_release(release.template)))
    if config is not None and made is not None and not config.foreign_extensions:
        compiled = CompiledTemplate(
            release=release, config=config, files=files, environment=made, trust=False, derives=False,
            cache=release.template.road.cache, limits=limits.USUAL,
        )  # fmt: skip
        lines = {(fault.file, fault.line) for fault in faults}
        more = rehearsal.findings(compiled, source)
        faults.update(fault for fault in more if (fault.file, fault.line) not in lines)


def _paths_of_every_release(template: Template) -> list[Glob]:
    """The paths that the files of every release can have."""
    globs: list[Glob] = []
    for release in releases(template):
        try:
            files = release.files()
            config = _without_extensions(configs.load(files))
            globs += destinations(config, environment.make(config, files), files)
        except PavedError:
            continue  # an old release that cannot be read adds no path
    return globs


def _without_extensions(config: TemplateConfig) -> TemplateConfig:
    """The configuration without the template's own extensions, because those are code."""
    own = [name for name in config.extensions if name not in config.foreign_extensions]
    return replace(config, settings={**config.settings, "jinja_extensions": own})


def _unreadable(error: PavedError, files: Mapping[str, object]) -> TemplateFault:
    """The fault because of which a template cannot be read, at the line that the error names."""
    name = next((name for name in ("copier.yml", "copier.yaml") if name in files), "copier.yml")
    text = said(error)
    if at := re.match(r"(?P<file>copier\.ya?ml):(?P<line>\d+): ", text):
        return TemplateFault(file=at["file"], line=int(at["line"]), text=text[at.end() :])
    line = re.match(r"line (\d+): ", error.cause)
    if line is None:
        return TemplateFault(file=name, line=1, text=text)
    return TemplateFault(file=name, line=int(line[1]), text=f"{error.message}: {error.cause[line.end() :]}")
