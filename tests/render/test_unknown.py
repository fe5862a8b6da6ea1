"""A tag, a filter or a test that nothing defines: one message, with its place, wherever a template may use Jinja."""

from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.testing import Files, evolve, make_road, paved
from tests.render.matrix import ANSWERS
from tests.renderers import assume_agreement

ROOT = Path(__file__).parents[2]
SLUG = "{{ name | slugify }}"
NOW = "{% now 'utc', '%Y' %}"
LATE = "{% if name %}\n{{ name | jsonify }}{% endif %}"
WHERE: dict[str, tuple[Files, str]] = {
    "a file": ({"a.txt.jinja": f"x\n\n{SLUG}\n"}, "a.txt.jinja:3: unknown Jinja filter 'slugify'"),
    "a tag": ({"a.txt.jinja": f"x\n{NOW}\n"}, "a.txt.jinja:2: unknown Jinja tag 'now'"),
    "a branch": ({"a.txt.jinja": f"x\n{LATE}\n"}, "a.txt.jinja:3: unknown Jinja filter 'jsonify'"),
    "a test": ({"a.txt.jinja": "{{ name is blue }}"}, "a.txt.jinja:1: unknown Jinja test 'blue'"),
    "an included file": (
        {"a.txt.jinja": "{% include 'parts/b.jinja' %}", "parts/b.jinja": f"\n{SLUG}"},
        "parts/b.jinja:2: unknown Jinja filter 'slugify'",
    ),
    "a path": ({f"{SLUG}.txt": ""}, f"{SLUG}.txt (its path): unknown Jinja filter 'slugify'"),
    "a folder": ({f"{SLUG}/a.txt": ""}, f"{SLUG}/a.txt (its path): unknown Jinja filter 'slugify'"),
    "a default": ({"copier.yml": f"name: A B\nslug: '{SLUG}'\n"}, "copier.yml:2: unknown Jinja filter 'slugify'"),
    "a default in a block": (
        {"copier.yml": f"name: A B\nslug:\n  type: str\n  default: |-\n    x\n    {SLUG}\n"},
        "copier.yml:6: unknown Jinja filter 'slugify'",
    ),
    "choices": (
        {"copier.yml": f"name: A B\nkind:\n  default: b\n  choices:\n    - '{SLUG}'\n    - b\n"},
        "copier.yml:5: unknown Jinja filter 'slugify'",
    ),
    "a condition": (
        {"copier.yml": "name: A B\nkind: {type: str, default: b, when: '{{ name is blue }}'}\n"},
        "copier.yml:2: unknown Jinja test 'blue'",
    ),
    "a validator": (
        {"copier.yml": "name: A B\nkind: {type: str, default: b, validator: '{% if kind is blue %}x{% endif %}'}\n"},
        "copier.yml:2: unknown Jinja test 'blue'",
    ),
    "a message": (
        {"copier.yml": f"name: A B\n_message_after_copy: |\n  Hello\n  {SLUG}\n"},
        "copier.yml:4: unknown Jinja filter 'slugify'",
    ),
    "a greeting": (
        {"copier.yml": f"name: A B\n_message_before_copy: '{SLUG}'\n"},
        "copier.yml:2: unknown Jinja filter 'slugify'",
    ),
    "a task": (
        {"copier.yml": f"name: A B\n_tasks:\n  - echo\n  - echo {SLUG}\n"},
        "copier.yml:4: unknown Jinja filter 'slugify'",
    ),
    "an exclusion": (
        {"copier.yml": f"name: A B\n_exclude: [copier.yml, '{SLUG}']\n"},
        "copier.yml:2: unknown Jinja filter 'slugify'",
    ),
}


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests compare the renderers."""
    assume_agreement(monkeypatch)


@pytest.mark.parametrize(
    ("where", "folder"), [*((one, "") for one in WHERE), ("a file", "templates/one/"), ("a default", "templates/one/")]
)
def test_it_is_told_with_its_place(tmp_path: Path, where: str, folder: str) -> None:
    more, said = WHERE[where]
    files = {"copier.yml": "name: A B\n", **ANSWERS, **more}
    road = make_road(tmp_path / "road", {folder + path: text for path, text in files.items()})
    done = paved("new", tmp_path / "service", "--road", road, "--defaults", "--trust")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: {folder}{said}")
    assert not (tmp_path / "service").exists()
    checked = paved("templates", "--check", "--road", road)
    assert (checked.returncode, said.split(": ")[-1] in checked.stdout) == (1, True), checked.stdout


def test_a_migration_s_is_told_with_its_place(tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": "name: A B\n", **ANSWERS})
    assert paved("new", tmp_path / "service", "--road", road, "--defaults").returncode == 0
    migrations = f"_migrations:\n  - version: 1.1.0\n    command: echo {SLUG}\n"
    evolve(road, {"copier.yml": f"name: A B\n{migrations}"}, tag="v1.1.0")
    done = paved("update", tmp_path / "service", "--defaults", "--trust")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: copier.yml:4: unknown Jinja filter 'slugify'")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (SLUG, "pip install cookiecutter, and give --trust"),
        (SLUG, "_jinja_extensions: [cookiecutter.extensions.SlugifyExtension] in copier.yml"),
        (NOW, "write {{ '%Y-%m-%d' | strftime }}, or load the extension: _jinja_extensions: [jinja2_time"),
        ("{% do 1 %}", "add _jinja_extensions: [jinja2.ext.do] in copier.yml, and give --trust"),
        ("{{ name | to_jsn }}", "did you mean to_json or"),
        ("{{ name is definde }}", "did you mean defined or"),
        ("{% fro x in [] %}", "did you mean from or for?"),
        ("{{ name | zzzz }}", "hint: replace it, or load the extension that defines it"),
    ],
)
def test_the_hint_says_what_to_write_instead(tmp_path: Path, text: str, hint: str) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": "name: A B\n", **ANSWERS, "a.txt.jinja": text})
    done = paved("new", tmp_path / "service", "--road", road, "--defaults")
    assert (done.returncode, hint in done.stderr) == (2, True), done.stderr


def test_what_is_advised_instead_renders(tmp_path: Path) -> None:
    """Each replacement of a filter or tag of Cookiecutter's is one that Copier has."""
    texts = "{{ name | lower | regex_replace('[^a-z0-9]+', '-') }} {{ name | to_json }} {{ '%Y-%m-%d' | strftime }}"
    road = make_road(tmp_path / "road", {"copier.yml": "name: A B\n", **ANSWERS, "a.txt.jinja": texts})
    assert paved("new", tmp_path / "service", "--road", road, "--defaults").returncode == 0
    assert (tmp_path / "service" / "a.txt").read_text().startswith('a-b "A B" 2')


def test_one_that_only_copier_renders_is_told_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template with an extension of its own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    own = "_jinja_extensions: [tests.render.extension.Shout]\nname: A B\n"
    road = make_road(tmp_path / "road", {"copier.yml": own, **ANSWERS, "a.txt.jinja": f"\n{SLUG}"})
    done = paved("new", tmp_path / "service", "--road", road, "--defaults", "--trust")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: a.txt.jinja:2: unknown Jinja filter 'slugify'")
