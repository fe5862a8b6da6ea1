"""Both renderers make the same of templates that nobody wrote."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paved_road.errors import PavedError, UnsupportedTemplate
from paved_road.git.entries import Tree
from tests.render.conftest import copiers, ours, write
from tests.render.matrix import ANSWERS, Case

NAMES = ("a", "b", "c")
"""Questions: text, a boolean, a list."""

PIECES = (
    "x", "é", " ", "-", ".txt", ".jinja", "{{ a }}", "{% if b %}y{% endif %}", "{{ c | join('-') }}", "{# gone #}",
    "{{ '' }}",
)  # fmt: skip
TEXTS = (
    "text", "ü", "\n", "\r\n", "  ", "{{ a }}", "{{ b }}", "{{ c }}", "{% if b %}", "{% endif %}", "{% for i in c %}",
    "{{ i }}", "{% endfor %}", "{%- if a -%}", "{# comment #}", "{% raw %}{{ raw }}{% endraw %}", "{{ a | upper }}",
    "{{ nothing }}", "{{ a | to_json }}", "{% set d = a %}", "{{ d }}", "{{ _copier_conf.answers_file }}",
    "{{ _folder_name }}", "$", "\\",
)  # fmt: skip

paths = st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join), min_size=1, max_size=3).map(
    "/".join
)
contents = st.lists(st.sampled_from(TEXTS), max_size=6).map("".join) | st.binary(max_size=20)
values = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from(("", "word", "two words", "x/y", "ü", "3")),
        "b": st.booleans() | st.sampled_from(("yes", "off", "1")),
        "c": st.lists(st.sampled_from(("p", "q", 1)), max_size=3),
    },
)


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """A `copier.yml`."""
    config: dict[str, Any] = {
        "a": {"type": "str", "default": draw(st.sampled_from(("d", "{{ 1 + 1 }}", "{{ _copier_phase }}")))},
        "b": {"type": "bool", "default": draw(st.booleans()), "when": draw(st.sampled_from((True, False, "{{ a }}")))},
        "c": {"type": "yaml", "default": draw(st.sampled_from(("[p, q]", "[]", "['{{ a }}']")))},
    }
    optional = {
        "_templates_suffix": (".jinja", "", ".txt", ".tmpl"),
        "_exclude": (["copier.yml"], ["*.txt"], ["copier.yml", "{{ a }}", "!x"], ["x/"], ["{% if b %}x*{% endif %}"]),
        "_envops": (
            {"trim_blocks": True},
            {"lstrip_blocks": True},
            {"keep_trailing_newline": False},
            {"autoescape": True},
        ),
        "_subdirectory": (".", "x"),
        "_secret_questions": (["a"],),
    }
    for name, choices in optional.items():
        if draw(st.integers(0, 3)) == 0:
            config[name] = draw(st.sampled_from(choices))
    return config


@st.composite
def templates(draw: st.DrawFn) -> Case:
    """A template whose files can lie on one disk."""
    files: dict[str, str | bytes] = {}
    for path, content in draw(st.dictionaries(paths, contents, max_size=5)).items():
        if fits(path, files):
            files[path] = content
    config = yaml.safe_dump(draw(configurations()), allow_unicode=True)
    return Case(files={**files, **ANSWERS, "copier.yml": config})


def fits(path: str, files: Mapping[str, object]) -> bool:
    """Whether no other file is a folder of it, nor it a folder of another."""
    return not any(other == path or other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in files)


def compare(case: Case, answers: Mapping[str, Any]) -> None:
    """The two agree, or ours says that it does not cover the template, or neither renders it."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        template = write(case, here / "template")
        mine, fault = attempt(template, answers, here / "mine" / "service")
        if isinstance(fault, UnsupportedTemplate):
            return
        try:
            reference = copiers(template, answers, here / "reference" / "service")
        except (AssertionError, FileExistsError, NotADirectoryError):
            # Copier 9.19 fails where an empty folder renders to the name of a file, or to one below it; a git tree has
            # no empty folders.
            return
        except Exception:
            if fault is None:
                raise
            return
        assert fault is None, f"only ours refuses it: {fault}, {fault and fault.cause}"
        if not any(path.endswith("answers.yml") for path in reference):
            mine.pop(".copier-answers.yml", None)
        assert mine == reference


def attempt(template: Path, answers: Mapping[str, Any], destination: Path) -> tuple[Tree, PavedError | None]:
    try:
        return ours(template, answers, destination), None
    except PavedError as error:
        return {}, error


QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@given(case=templates(), answers=values)
@settings(max_examples=30, deadline=None, suppress_health_check=QUIET, derandomize=True)
def test_both_renderers_make_the_same_of_any_template(case: Case, answers: dict[str, Any]) -> None:
    compare(case, answers)


@pytest.mark.soak
@given(case=templates(), answers=values)
@settings(max_examples=3000, deadline=None, suppress_health_check=QUIET)
def test_both_renderers_make_the_same_of_thousands_of_templates(case: Case, answers: dict[str, Any]) -> None:
    compare(case, answers)
