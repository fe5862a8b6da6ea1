"""Errors for a tag, a filter or a test that a template uses and nothing defines: its name, its place and a remedy.

They are common in templates from Cookiecutter, which loads extensions that Copier does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from types import TracebackType
from typing import NamedTuple

import jinja2
import yaml

from paved_road.errors import TemplateError, similar
from paved_road.files import yml
from paved_road.git.entries import File

_MESSAGE = re.compile(
    r"(?:Encountered unknown (tag)|No (filter|test) named) '([^']+)'(?:\.| found\.)?\s*(.*)", re.DOTALL
)

TAGS = (
    "autoescape", "block", "call", "elif", "else", "endautoescape", "endblock", "endcall", "endfilter", "endfor",
    "endif", "endmacro", "endraw", "endset", "endwith", "extends", "filter", "for", "from", "if", "import", "include",
    "macro", "print", "raw", "set", "with",
)  # fmt: skip
"""Jinja's own tags, of which Jinja has no public list."""


class _Extension(NamedTuple):
    """The extension that defines a name, the package to install, and a replacement that needs neither."""

    name: str
    package: str = ""
    instead: str = ""


_EXTENSIONS = {
    ("tag", "now"): _Extension("jinja2_time.TimeExtension", "jinja2-time", "{{ '%Y-%m-%d' | strftime }}"),
    ("filter", "slugify"): _Extension(
        "cookiecutter.extensions.SlugifyExtension", "cookiecutter", "lower | regex_replace('[^a-z0-9]+', '-')"
    ),
    ("filter", "jsonify"): _Extension("cookiecutter.extensions.JsonifyExtension", "cookiecutter", "to_json"),
    ("tag", "do"): _Extension("jinja2.ext.do"),
    ("tag", "break"): _Extension("jinja2.ext.loopcontrols"),
    ("tag", "continue"): _Extension("jinja2.ext.loopcontrols"),
    ("tag", "trans"): _Extension("jinja2.ext.i18n"),
    ("tag", "debug"): _Extension("jinja2.ext.debug"),
}
"""What templates of Cookiecutter use, and the extensions that come with Jinja."""


class Unknown(NamedTuple):
    """A tag, a filter or a test that nothing defines."""

    kind: str
    """One of tag, filter and test."""
    name: str
    more: str = ""
    """What Jinja adds to its message: the tags that are allowed there."""

    def __str__(self) -> str:
        return f"unknown Jinja {self.kind} {self.name!r}"

    @property
    def cause(self) -> str:
        """The reason, for the message."""
        nobody = f"neither Jinja, nor Copier, nor an extension that the template loads defines this {self.kind}"
        return self.more.strip().rstrip(".") or nobody

    def hint(self, environment: jinja2.Environment | None) -> str:
        """What to write instead, and which extension to load. Similar names need an environment."""
        known = _EXTENSIONS.get((self.kind, self.name))
        if known is not None:
            install = f", pip install {known.package}" if known.package else ""
            load = f"_jinja_extensions: [{known.name}] in copier.yml{install}, and give --trust"
            return f"write {known.instead}, or load the extension: {load}" if known.instead else f"add {load}"
        near = similar(self.name, self._known(environment)) if environment else ""
        load = "replace it, or load the extension that defines it: _jinja_extensions in copier.yml, and --trust"
        return f"{near} Otherwise {load}" if near else load

    def _known(self, environment: jinja2.Environment) -> list[str]:
        if self.kind == "tag":
            return [*TAGS, *(tag for extension in environment.extensions.values() for tag in extension.tags)]
        return list(environment.filters if self.kind == "filter" else environment.tests)


def unknown(message: str) -> Unknown | None:
    """Parse Jinja's message; None if it is about something else, or about Copier's own tag `yield`."""
    match = _MESSAGE.fullmatch(message)
    if match is None or match[3] == "yield":
        return None
    return Unknown(kind=match[1] or match[2], name=match[3], more=match[4])


def fault(found: Unknown, place: str, environment: jinja2.Environment | None) -> TemplateError:
    """The error for an undefined name. `place` may be empty."""
    return TemplateError(f"{place}: {found}" if place else str(found), cause=found.cause, hint=found.hint(environment))


def place(files: Mapping[str, File], path: str | None, line: int, text: str) -> str:
    """The file and line of a source; for a string, its place in copier.yml or the path that contains it."""
    if path is not None:
        return f"{path}:{line}"
    for name in ("copier.yml", "copier.yaml"):
        if name in files and (first := _line_of(text, files[name].data)):
            return f"{name}:{first + line - 1}"
    return next((f"{name} (its path)" for name in files if text in PurePosixPath(name).parts), "")


def _line_of(text: str, content: bytes) -> int | None:
    """The line where a text begins in a YAML file; None if the file does not have it."""
    try:
        root = yml.compose(content.decode("utf-8", "replace"), yaml.SafeLoader)
        return next((line for line, value in _scalars(root) if value == text), None)
    except yaml.YAMLError:
        return None


def _scalars(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Every text and the line of its first character; a block's text begins on the line after its `|`."""
    if isinstance(node, yaml.ScalarNode):
        yield node.start_mark.line + 1 + (node.style in ("|", ">")), str(node.value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(key)
            yield from _scalars(value)


def last_template(trace: TracebackType | None) -> tuple[jinja2.Template | None, int]:
    """The template that was being rendered when an error was raised, and the line."""
    found: tuple[jinja2.Template | None, int] = (None, 1)
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, jinja2.Template) and not _LATE.match(trace.tb_frame.f_code.co_name):
            found = template, template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return found


_LATE = re.compile(r"t_\d+$")
"""The function that Jinja compiles an unknown filter or test to; its line is not a line of the template."""
