"""Undefined names in the template's Jinja, which Copier renders as an empty text without a message."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import jinja2
from jinja2 import meta, nodes

from paved_road.errors import PavedError, similar
from paved_road.git.entries import File, Mode
from paved_road.lint.sources import Source, TemplateFault
from paved_road.render.config import TemplateConfig
from paved_road.render.unknown import Unknown, unknown

COPIERS = (
    "_answers", "_commit", "_copier_answers", "_copier_conf", "_copier_operation", "_copier_phase", "_copier_python",
    "_external_data", "_folder_name", "_src_path", "UNSET",
)  # fmt: skip
"""Names that Copier defines everywhere."""

COMMANDS = (
    "_stage", "_version_from", "_version_to", "_version_current", "_version_pep440_from", "_version_pep440_to",
    "_version_pep440_current",
)  # fmt: skip
"""Names that it defines for tasks and migrations."""

JINJAS = ("loop", "self", "super", "caller", "varargs", "kwargs")


def findings(
    config: TemplateConfig, environment: jinja2.Environment, files: Mapping[str, File], source: Source
) -> Iterator[TemplateFault]:
    """Undefined names and invalid Jinja in the questions, settings, paths and files of a template."""
    known = {*config.questions, *environment.globals, *COPIERS, *JINJAS}
    for where, text in _texts(config):
        more = COMMANDS if where[0] in ("_tasks", "_migrations") else ()
        for _, said in _undefined(text, environment, {*known, *more}):
            yield source.finding(said, *where)
    for path, file in files.items():
        if not path.startswith(_root(config)):
            continue
        for _, said in _undefined(path, environment, known):
            yield TemplateFault(file=path, line=1, text=f"its path: {said}")
        content = _read(file) if path.endswith(config.suffix) and file.mode is not Mode.SYMLINK else None
        for line, said in _undefined(content, environment, known) if content is not None else ():
            yield TemplateFault(file=path, line=line, text=said)


def _root(config: TemplateConfig) -> str:
    """The folder whose files are rendered; if its name depends on answers, the part before them."""
    folder = config.subdirectory.split("{", 1)[0].removeprefix("./").strip("/")
    return f"{folder}/" if folder and "{" not in config.subdirectory else folder


def _read(file: File) -> str | None:
    try:
        return file.data.decode()
    except UnicodeDecodeError:
        return None


def _texts(config: TemplateConfig) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The place and the text of everything in `copier.yml` that Copier renders."""
    for name, details in config.questions.items():
        for key in ("default", "when", "choices", "validator", "help", "placeholder", "type", "multiline"):
            yield from _within(details.get(key), (name, key))
    for name, value in config.settings.items():
        if name not in ("envops", "jinja_extensions", "min_copier_version", "secret_questions"):
            yield from _within(value, (f"_{name}",))


def _within(value: Any, where: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _within(inner, (*where, str(key)))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _within(inner, (*where, position))


def _undefined(text: str, environment: jinja2.Environment, known: Collection[str]) -> Iterator[tuple[int, str]]:
    """The line of each undefined name and a message about it, or why Jinja cannot read the text."""
    try:
        tree = environment.parse(text)
        names = meta.find_undeclared_variables(tree) - {*known, *_foreseen(tree)}
    except jinja2.TemplateSyntaxError as error:
        if "yield" not in str(error):  # Copier's own tag in paths
            found = unknown(str(error.message))
            yield error.lineno, _said(found, environment) if found else f"Jinja cannot read it: {error.message}"
        return
    except (RecursionError, SyntaxError, ValueError) as error:
        yield 1, f"Jinja cannot read it: {type(error).__name__}"
        return
    yield from _looked_up_late(tree, environment)
    yield from _absent(tree, environment)
    for name in sorted(names):
        meant = similar(name, known)
        yield (
            _line(tree, name),
            f"{name} is undefined, so it renders as an empty text" + (f"; {meant}" if meant else ""),
        )


def _looked_up_late(tree: nodes.Template, environment: jinja2.Environment) -> Iterator[tuple[int, str]]:
    """Unknown filters and tests in the branches of conditions, which Jinja looks up only when it renders them."""
    asked = {test.name for test in tree.find_all(nodes.Test)}
    for kind, known in ((nodes.Filter, environment.filters), (nodes.Test, environment.tests)):
        word = kind.__name__.lower()
        for one in tree.find_all(kind):
            if one.name not in known and word not in asked:  # `is filter` and `is test` ask whether there is one
                yield one.lineno, _said(Unknown(kind=word, name=one.name), environment)


def _said(found: Unknown, environment: jinja2.Environment) -> str:
    return f"{found}; {found.hint(environment)}"


def _absent(tree: nodes.Template, environment: jinja2.Environment) -> Iterator[tuple[int, str]]:
    """Missing files that a template includes, extends or imports."""
    for use in (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport):
        for named in tree.find_all(use):
            name = getattr(getattr(named, "template", None), "value", None)  # of a constant
            if (
                isinstance(name, str)
                and not getattr(named, "ignore_missing", False)
                and not _is_there(name, environment)
            ):
                yield named.lineno, f"the template has no file {name!r}"


def _is_there(name: str, environment: jinja2.Environment) -> bool:
    """Whether Copier finds a file by that name, relative to the template's root."""
    try:
        environment.get_template(posixpath.normpath(name))
    except jinja2.TemplateNotFound:
        return False
    except (PavedError, jinja2.TemplateError, RecursionError, SyntaxError, ValueError):
        return True  # the fault is reported for the file itself
    return True


def _line(tree: nodes.Template, name: str) -> int:
    return min((one.lineno for one in tree.find_all(nodes.Name) if one.name == name), default=1)


def _foreseen(tree: nodes.Template) -> Iterator[str]:
    """Names that may be undefined, because the template handles that: `is defined`, `default(...)`."""
    for test in tree.find_all(nodes.Test):
        if test.name in ("defined", "undefined") and isinstance(test.node, nodes.Name):
            yield test.node.name
    for one in tree.find_all(nodes.Filter):
        if one.name in ("default", "d") and isinstance(one.node, nodes.Name):
            yield one.node.name
