"""Any Copier template is a road: templates of many shapes, stamped by paved, beside what plain Copier makes of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from paved_road.cli import main
from paved_road.git import trees
from paved_road.testing import make_road, run

ANSWERS = "{{ _copier_conf.answers_file }}"
RECORD = "{{ _copier_answers | to_nice_yaml }}"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A template, the answers given, and a file to expect."""

    files: Mapping[str, str]
    answers: Mapping[str, str] = field(default_factory=dict)
    expected: tuple[str, str]
    links: Mapping[str, str] = field(default_factory=dict)


SHAPES = {
    "a suffix of its own": Shape(
        files={
            "copier.yml": "_templates_suffix: .tmpl\nname: world\n",
            "hello.txt.tmpl": "Hello {{ name }}\n",
            "plain.jinja": "{{ kept }}\n",
            f"{ANSWERS}.tmpl": RECORD,
        },
        expected=("hello.txt", "Hello world\n"),
    ),
    "no suffix at all": Shape(
        files={
            "copier.yml": "_templates_suffix: ''\n_exclude: [copier.yml, .git]\nname: world\n",
            "hello.txt": "Hello {{ name }}\n",
            ANSWERS: RECORD,
        },
        expected=("hello.txt", "Hello world\n"),
    ),
    "delimiters of its own": Shape(
        files={
            "copier.yml": "_envops: {variable_start_string: '[[', variable_end_string: ']]', block_start_string: '[%', "
            "block_end_string: '%]'}\nname: world\n",
            "hello.txt.jinja": "[% if name %]Hello [[ name ]], {{ kept }}[% endif %]\n",
            "[[ name ]].txt": "by name\n",
            "[[ _copier_conf.answers_file ]].jinja": "[[ _copier_answers | to_nice_yaml ]]",
        },
        answers={"name": "moon"},
        expected=("hello.txt", "Hello moon, {{ kept }}\n"),
    ),
    "a subdirectory that an answer chooses": Shape(
        files={
            "copier.yml": '_subdirectory: "{{ kind }}"\nkind: {type: str, choices: [api, job], default: api}\n',
            "api/f.txt": "api\n",
            "job/f.txt": "job\n",
            f"job/{ANSWERS}.jinja": RECORD,
        },
        answers={"kind": "job"},
        expected=("f.txt", "job\n"),
    ),
    "excluded files": Shape(
        files={
            "copier.yml": "_exclude: ['*.bak', copier.yml, '/docs', \"{% if not ci %}ci.yml{% endif %}\"]\nci: false\n",
            "a.bak": "x\n",
            "docs/a": "x\n",
            "deep/docs/a": "kept\n",
            "ci.yml": "x\n",
            f"{ANSWERS}.jinja": RECORD,
        },
        expected=("deep/docs/a", "kept\n"),
    ),
    "symbolic links": Shape(
        files={
            "copier.yml": "_preserve_symlinks: true\nname: real\n",
            "real.txt": "real\n",
            f"{ANSWERS}.jinja": RECORD,
        },
        links={"link.txt": "real.txt", "{{ name }}.link.jinja": "{{ name }}.txt"},
        expected=("link.txt", "real\n"),
    ),
    "choices and conditional questions": Shape(
        files={
            "copier.yml": """\
db: {type: str, choices: {PostgreSQL: postgres, None: none}, default: none}
pool: {type: int, default: 5, when: "{{ db != 'none' }}"}
extras: {type: str, multiselect: true, choices: [a, b, c], default: [a]}
""",
            "conf.txt.jinja": "{{ db }} {{ pool }} {{ extras | join('+') }}\n",
            "{% if db != 'none' %}db.txt{% endif %}": "db\n",
            f"{ANSWERS}.jinja": RECORD,
        },
        answers={"db": "postgres", "extras": "[a, c]"},
        expected=("conf.txt", "postgres 5 a+c\n"),
    ),
    "a secret": Shape(
        files={
            "copier.yml": "_secret_questions: [token]\ntoken: none\n",
            "t.txt.jinja": "{{ token }}\n",
            f"{ANSWERS}.jinja": RECORD,
        },
        answers={"token": "hunter2"},
        expected=("t.txt", "hunter2\n"),
    ),
    "a configuration of several documents": Shape(
        files={
            "copier.yml": "---\n!include shared.yml\n---\n_exclude: [shared.yml]\nname: own\n",
            "shared.yml": "_exclude: [copier.yml]\nname: shared\nteam: platform\n",
            "f.txt.jinja": "{{ name }} {{ team }}\n",
            f"{ANSWERS}.jinja": RECORD,
        },
        expected=("f.txt", "own platform\n"),
    ),
    "a loop over files": Shape(
        files={
            "copier.yml": "names: {type: yaml, default: [a, b]}\n",
            "{% yield one from names %}{{ one }}{% endyield %}.txt.jinja": "{{ one }}\n",
            f"{ANSWERS}.jinja": RECORD,
        },
        answers={"names": "[x, y]"},
        expected=("y.txt", "y\n"),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_template_of_any_shape_is_stamped_as_copier_does_it(name: str, tmp_path: Path) -> None:
    shape = SHAPES[name]
    road = tmp_path / "road"
    for path, target in shape.links.items():
        road.mkdir(exist_ok=True)
        (road / path).symlink_to(target)
    make_road(road, shape.files)
    data = [f"--data={key}={value}" for key, value in shape.answers.items()]

    first, second = tmp_path / "1" / "svc", tmp_path / "2" / "svc"
    for destination in (first, second):  # the first time both renderers are asked, then the one that may be trusted
        assert main(["new", str(destination), "--road", str(road), "--defaults", *data]) == 0
    path, content = shape.expected
    assert (second / path).read_text() == content

    copied = tmp_path / "3" / "svc"
    done = run(sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", *data, road, copied, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = [yaml.safe_load((made / ".copier-answers.yml").read_text()) for made in (first, second, copied)]
    assert answers[0] == answers[1] == answers[2]
    found = [trees.read_folder(made) for made in (first, second, copied)]
    for made in found[:2]:
        del made[".paved-road.lock"]
    for made in found:
        del made[".copier-answers.yml"]
    assert found[0] == found[1] == found[2]
