"""What the author of a road would want to know of a template before a team finds out.

Copier takes a misspelt setting for nothing and an undefined variable for an empty text, and a pattern of owners that
matches no file leaves the files it was meant for to anybody. `paved templates --check` tells each with its file and
line. Nothing of the template runs.
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
from paved_road.road.releases import release, releases
from paved_road.road.version_file import FILENAME

__all__ = ["TemplateFault", "check"]


def check(template: Template) -> list[TemplateFault]:
    """What is wrong with a template as it lies on disk, or with the latest release of a road that is elsewhere."""
    found = release(template, WORKING_TREE if template.road.local else None)
    files = found.files()
    prefix = f"{template.folder}/" if template.folder else ""
    limits.USUAL.check("the template", files=len(files), size=sum(len(file.data) for file in files.values()))
    told: set[TemplateFault] = set()
    try:
        with limits.watched("the template"):
            _tell(found, files, told)
    except LimitError as error:
        told.add(_unreadable(error, files))
    placed = (replace(one, file=prefix + one.file) for one in told)
    return sorted(placed, key=lambda one: (one.file, one.line, one.text))


def _tell(found: Release, files: Tree, told: set[TemplateFault]) -> None:
    """Add what is wrong with a release to what is told."""
    config, made = None, None
    try:
        config = configs.load(files)
        configs.check_parser(config, files)
    except PavedError as error:
        told.add(_unreadable(error, files))
    globs: list[Glob] = []
    if config is not None:
        source = Source.of(config.path, files)
        told.update(settings.findings(config, source, files))
        try:
            made = environment.make(_without_extensions(config), files)
        except TemplateError as error:
            told.add(source.finding(said(error), "_envops"))
            return
        if not config.foreign_extensions:  # they may define whatever they like
            told.update(variables.findings(config, made, files, source))
            globs = destinations(config, made, files)
    if FILENAME in files:
        told.update(owners.findings(files, config, globs, lambda: _earlier(found.template)))
    if config is not None and made is not None and not config.foreign_extensions:
        compiled = CompiledTemplate(
            release=found, config=config, files=files, environment=made, trust=False, derives=False,
            cache=found.template.road.cache, limits=limits.USUAL,
        )  # fmt: skip
        lines = {(one.file, one.line) for one in told}
        told.update(one for one in rehearsal.findings(compiled, source) if (one.file, one.line) not in lines)


def _earlier(template: Template) -> list[Glob]:
    """Where the files of every release can be."""
    found: list[Glob] = []
    for one in releases(template):
        try:
            files = one.files()
            config = _without_extensions(configs.load(files))
            found += destinations(config, environment.make(config, files), files)
        except PavedError:
            continue  # an old release that cannot be read has nothing to say
    return found


def _without_extensions(config: TemplateConfig) -> TemplateConfig:
    """The configuration with Jinja's own extensions only: a template's are code."""
    own = [name for name in config.extensions if name not in config.foreign_extensions]
    return replace(config, settings={**config.settings, "jinja_extensions": own})


def _unreadable(error: PavedError, files: Mapping[str, object]) -> TemplateFault:
    """A fault that keeps a template from being read, where its message says."""
    name = next((name for name in ("copier.yml", "copier.yaml") if name in files), "copier.yml")
    text = said(error)
    if at := re.match(r"(?P<file>copier\.ya?ml):(?P<line>\d+): ", text):
        return TemplateFault(file=at["file"], line=int(at["line"]), text=text[at.end() :])
    line = re.match(r"line (\d+): ", error.cause)
    if line is None:
        return TemplateFault(file=name, line=1, text=text)
    return TemplateFault(file=name, line=int(line[1]), text=f"{error.message}: {error.cause[line.end() :]}")
