"""A template's Jinja extensions, with trust, wherever a template may use Jinja; and filters that read the machine."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Mapping
from pathlib import Path

import jinja2.environment
import pytest

from paved_road.git.entries import File
from paved_road.render import environment as environments
from paved_road.render.config import TemplateConfig
from paved_road.testing import Ran, evolve, make_road, paved, run
from tests.render.matrix import ANSWERS

ROOT = Path(__file__).parents[2]
EXTENSIONS = "_jinja_extensions: [tests.render.extension.Shout]\n"
FACTS = {
    "default": "q: {type: str, default: \"{{ 'a' | shout }}\"}\n",
    "computed": "q: {type: str, default: \"{{ 'a' | shout }}\", when: false}\n",
    "when": "q: {type: str, default: A!, when: \"{{ 'a' | shout == 'A!' }}\"}\n",
    "validator": "q: {type: str, default: A!, validator: \"{{ '' if q == 'a' | shout else 'no' }}\"}\n",
    "choices": "q: {type: str, default: A!, choices: [\"{{ 'a' | shout }}\", b]}\n",
    "help": "q: {type: str, default: A!, help: \"{{ 'a' | shout }}\"}\n",
    "message": "q: A!\n_message_after_copy: \"{{ 'a' | shout }}\"\n",
    "exclude": "q: A!\n_exclude: [copier.yml, \"{{ 'x' | shout }}\"]\n",
    "answers file": "q: A!\n_answers_file: \".{{ 'a' | shout }}answers.yml\"\n",
    "file": "q: A!\n",
}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Copier's process imports, too."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def new(road: Path, destination: Path, *words: str) -> Ran:
    return paved("new", destination, "--road", road, "--defaults", *words)


def stamped(folder: Path, files: Mapping[str, str], *words: str) -> str:
    """What the template makes of `out.jinja`."""
    done = new(make_road(folder / "road", {**ANSWERS, **files}), folder / "service", *words)
    assert done.returncode == 0, done.stderr
    return (folder / "service" / "out").read_text()


@pytest.mark.parametrize("where", FACTS)
def test_an_extension_is_used_wherever_jinja_is(where: str, tmp_path: Path) -> None:
    files = {"copier.yml": EXTENSIONS + FACTS[where], "out.jinja": "{{ q }} {{ 'b' | shout }}", "X!": ""}
    assert stamped(tmp_path, files, "--trust") == "A! B!"


def test_a_tag_of_jinjas_own_is_compiled_and_kept(tmp_path: Path) -> None:
    files = {
        "copier.yml": "_jinja_extensions: [jinja2.ext.do, jinja2.ext.loopcontrols]\n"
        "q: '{% set l = [] %}{% do l.append(1) %}{{ l }}'\n",
        "out.jinja": "{{ q }}{% for i in range(3) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    }  # fmt: skip
    assert stamped(tmp_path, files, "--trust") == "[1]01"
    again = new(tmp_path / "road", tmp_path / "again", "--trust", "--json")
    assert again.envelope["result"]["renderer"] == "in-process"


def test_extensions_of_the_templates_own_files_and_in_a_migration(tmp_path: Path) -> None:
    usual = jinja2.environment.import_string  # type: ignore[attr-defined]
    config = "_jinja_extensions: [tests.render.extension.Loader, 'own/x.py:Whisper']\nq: \"{{ 'A' | whisper }}\"\n"
    road = make_road(tmp_path / "road", {
        "copier.yml": config, **ANSWERS, "out.jinja": "{{ q }} {{ 'B' | whisper }}",
        "own/x.py": "from jinja2.ext import Extension\n\n\nclass Whisper(Extension):\n"
        "    def __init__(self, environment):\n        super().__init__(environment)\n"
        "        environment.filters['whisper'] = str.lower\n",
    })  # fmt: skip
    assert new(road, tmp_path / "service", "--trust").returncode == 0
    assert (tmp_path / "service" / "out").read_text() == "a b"
    migrations = "_migrations:\n- version: v1.1.0\n  command: \"echo {{ 'C' | whisper }} > moved\"\n"
    evolve(road, {"copier.yml": config + migrations}, tag="v1.1.0")
    assert paved("update", tmp_path / "service", "--trust").returncode == 0
    assert (tmp_path / "service" / "moved").read_text() == "c\n"
    assert jinja2.environment.import_string is usual  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["not_there.Extension", "not_there_either", "tests.render.nowhere.Extension"])
def test_one_that_is_not_installed_is_named(name: str, tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": f"_jinja_extensions: [{name}]\nq: x\n", "a": ""})
    done = new(road, tmp_path / "service", "--trust")
    package = name.partition(".")[0].replace("_", "-")
    assert done.returncode == 2
    assert f"{name}, which is not installed" in done.stderr
    assert f"hint: install it beside paved: pip install {package}\n" in done.stderr
    assert run("git", "status", cwd=road).returncode == 0


@pytest.mark.parametrize("name", ["json.JSONDecoder", "tests.render.extension.Nothing", "''", "os"])
def test_one_that_is_none_is_the_templates_fault(name: str, tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": f"_jinja_extensions: [{name}]\nq: x\n", "a": ""})
    done = new(road, tmp_path / "service", "--trust")
    assert (done.returncode, done.stderr.startswith("error: the template's Jinja extension")) == (2, True)


READING = {
    "expandvars": "{{ '$TOKEN' | expandvars }}",
    "expanduser": "{{ '~' | expanduser }}",
    "fileglob": "{{ '/etc/*' | fileglob | length }}",
    "expandvars by name": "{{ ['$TOKEN'] | map('expandvars') | first }}",
}
LOOP = {"{% yield i from [1] %}{{ i }}{% endyield %}": ""}
"""What only Copier renders."""


@pytest.mark.parametrize("more", [{}, LOOP], ids=["ours", "copier"])
@pytest.mark.parametrize("use", READING)
def test_a_filter_that_reads_the_machine_needs_trust(
    use: str, more: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "hunter2")
    monkeypatch.setenv("HOME", "/hunter2")
    road = make_road(tmp_path / "road", {"copier.yml": "q: x\n", "out.jinja": READING[use], **more})
    done = new(road, tmp_path / "service")
    assert done.returncode == 2
    assert use.partition(" ")[0] in done.stderr
    assert "--trust" in done.stderr
    assert not (tmp_path / "service").exists()
    assert new(road, tmp_path / "service", "--trust").returncode == 0
    assert "hunter2" in (tmp_path / "service" / "out").read_text() or use == "fileglob"


@pytest.mark.parametrize("more", [{}, LOOP], ids=["ours", "copier"])
@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{ _copier_conf.dst_path }}", "{here}"),
        ("{{ _copier_conf.dst_path | realpath | basename }}", "service"),
        ("{{ '.' | realpath }} {{ '../x' | realpath }}", "{here} {above}/x"),
        ("{{ _copier_conf.dst_path | relpath }} {{ 'a' | relpath('b') }}", ". ../a"),
    ],
)
def test_paths_are_those_of_the_service(text: str, made: str, more: dict[str, str], tmp_path: Path) -> None:
    here = tmp_path / "service"
    files = {"copier.yml": "q: x\n", "out.jinja": text, **more}
    assert stamped(tmp_path, files) == made.format(here=here, above=tmp_path)


def test_what_changes_is_computed_at_every_rendering(tmp_path: Path) -> None:
    text = "{{ 1000000000 | ans_random }} {{ '%s' | strftime }} {{ range(50) | shuffle }} {{ '52:54' | random_mac }}"
    road = make_road(tmp_path / "road", {"copier.yml": "q: x\n", **ANSWERS, "out.jinja": text})
    seen = {
        (new(road, tmp_path / str(number)).returncode, (tmp_path / str(number) / "out").read_text())
        for number in range(3)
    }
    assert len(seen) == 3


def test_the_release_on_disk_goes_with_its_environment() -> None:
    """Python warns of a folder that only its garbage collector removes, and the suite makes that warning an error."""
    files = {"copier.yml": File(b"q: x\n"), "own.py": File(b"")}
    environment = environments.make(TemplateConfig(settings={}, questions={}, path="copier.yml"), files)
    (folder,) = environment.loader.searchpath  # type: ignore[union-attr]
    assert (Path(folder) / "own.py").is_file()
    del environment
    with warnings.catch_warnings(record=True) as warned:
        gc.collect()
    assert (Path(folder).exists(), warned) == (False, [])
