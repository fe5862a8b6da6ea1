"""A tag, a filter or a test that a template uses and that nothing defines: which, where, and what to do about it.

Who brings a template over from Cookiecutter meets it first: Cookiecutter loads extensions that Copier does not.
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

_SAID = re.compile(r"(?:Encountered unknown (tag)|No (filter|test) named) '([^']+)'(?:\.| found\.)?\s*(.*)", re.DOTALL)

TAGS = (
    "autoescape", "block", "call", "elif", "else", "endautoescape", "endblock", "endcall", "endfilter", "endfor",
    "endif", "endmacro", "endraw", "endset", "endwith", "extends", "filter", "for", "from", "if", "import", "include",
    "macro", "print", "raw", "set", "with",
)  # fmt: skip
"""Those of Jinja itself, which keeps no public list."""


class _Extension(NamedTuple):
    """Who defines it, how to install that, and what does the same without."""

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
"""What templates of Cookiecutter use, and what comes with Jinja."""


class Unknown(NamedTuple):
    """Something that nothing defines."""

    kind: str
    """tag, filter or test."""
    name: str
    more: str = ""
    """What Jinja adds: the tags that may stand there."""

    def __str__(self) -> str:
        return f"unknown Jinja {self.kind} {self.name!r}"

    @property
    def cause(self) -> str:
        """Why it is unknown."""
        nobody = f"neither Jinja, nor Copier, nor an extension that the template loads defines this {self.kind}"
        return self.more.strip().rstrip(".") or nobody

    def hint(self, environment: jinja2.Environment | None) -> str:
        """What to write instead, and which extension to load. Without an environment it names nothing similar."""
        found = _EXTENSIONS.get((self.kind, self.name))
        if found is not None:
            install = f", pip install {found.package}" if found.package else ""
            load = f"_jinja_extensions: [{found.name}] in copier.yml{install}, and give --trust"
            return f"write {found.instead}, or load the extension: {load}" if found.instead else f"add {load}"
        near = similar(self.name, self._known(environment)) if environment else ""
        load = "replace it, or load the extension that defines it: _jinja_extensions in copier.yml, and --trust"
        return f"{near} Otherwise {load}" if near else load

    def _known(self, environment: jinja2.Environment) -> list[str]:
        if self.kind == "tag":
            return [*TAGS, *(tag for one in environment.extensions.values() for tag in one.tags)]
        return list(environment.filters if self.kind == "filter" else environment.tests)


def unknown(said: str) -> Unknown | None:
    """What Jinja says is unknown; None when it complains of something else. `yield` is Copier's own tag, in paths."""
    found = _SAID.fullmatch(said)
    if found is None or found[3] == "yield":
        return None
    return Unknown(kind=found[1] or found[2], name=found[3], more=found[4])


def fault(found: Unknown, place: str, environment: jinja2.Environment | None) -> TemplateError:
    """What to raise for it. `place` may be empty."""
    return TemplateError(f"{place}: {found}" if place else str(found), cause=found.cause, hint=found.hint(environment))


def place(files: Mapping[str, File], path: str | None, line: int, text: str) -> str:
    """File and line of a source; of a `text` without a path, where it stands in the configuration or in a path."""
    if path is not None:
        return f"{path}:{line}"
    for name in ("copier.yml", "copier.yaml"):
        if name in files and (first := _line_of(text, files[name].data)):
            return f"{name}:{first + line - 1}"
    return next((f"{name} (its path)" for name in files if text in PurePosixPath(name).parts), "")


def _line_of(text: str, content: bytes) -> int | None:
    """The line on which a text of a YAML file begins."""
    try:
        root = yml.compose(content.decode("utf-8", "replace"), yaml.SafeLoader)
        return next((line for line, value in _scalars(root) if value == text), None)
    except yaml.YAMLError:
        return None


def _scalars(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Every text, and the line of its first character; that of a block begins below its `|`."""
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
    """The template in which an error was raised while it rendered, and the line."""
    found: tuple[jinja2.Template | None, int] = (None, 1)
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, jinja2.Template) and not _LATE.match(trace.tb_frame.f_code.co_name):
            found = template, template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return found


_LATE = re.compile(r"t_\d+$")
"""What Jinja compiles an unknown filter or test to: its line is none of the template's."""
