"""What a template says before and after, as Copier has it say: not with `--json`, never in the way of anything."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from paved_road.testing import Ran, evolve, make_road, paved, write_files
from tests.renderers import assume_agreement
from tests.terminal import on_a_terminal

CONFIG = """\
_subdirectory: t
_message_before_copy: "Welcome to {{ _folder_name }}.\\nTwo lines."
_message_after_copy: "Made {{ name }}."
_message_before_update: "Thanks for updating {{ _folder_name }}."
_message_after_update: "{% include 'updated.txt' %}"
name: abc
"""
FILES = {
    "copier.yml": CONFIG,
    "updated.txt": "{{ name }} is new.\nSee {{ _copier_conf.dst_path.name }}.\n",
    "t/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml -}}\n",
    "t/a.txt": "1\n",
}


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assume_agreement(monkeypatch)
    return make_road(tmp_path / "road", FILES)


def _made(road: Path, service: Path) -> Ran:
    said = paved("new", service, "--road", road, "--defaults")
    assert said.returncode == 0, said.stderr
    return said


def test_what_a_template_says_before_and_after_a_creation(road: Path, tmp_path: Path) -> None:
    said = _made(road, tmp_path / "thing")
    assert said.stderr.startswith("Welcome to thing.\nTwo lines.\n")
    assert said.stdout.endswith("  Made abc.\n")
    quiet = paved("new", tmp_path / "other", "--road", road, "--defaults", "--json")
    assert "Welcome" not in quiet.stderr
    assert quiet.envelope["exit_code"] == 0


def test_what_a_template_says_before_and_after_an_update(road: Path, tmp_path: Path) -> None:
    service = tmp_path / "thing"
    _made(road, service)
    evolve(road, {"t/a.txt": "2\n"}, tag="v2.0.0")
    dry = paved("update", service, "--dry-run")
    assert "Thanks for updating thing." in dry.stderr
    assert "is new" not in dry.stdout
    said = paved("update", service, "--defaults")
    assert said.stderr.startswith("Thanks for updating thing.\n")
    assert said.stdout.endswith("  abc is new.\n  See thing.\n")


def test_the_message_comes_with_conflicts_too(road: Path, tmp_path: Path) -> None:
    service = tmp_path / "thing"
    _made(road, service)
    evolve(service, {"a.txt": "ours\n"})
    evolve(road, {"t/a.txt": "2\n"}, tag="v2.0.0")
    said = paved("update", service, "--defaults")
    assert said.returncode == 1
    assert said.stdout.endswith("  abc is new.\n  See thing.\n")


@pytest.mark.parametrize("name", ["_message_before_copy", "_message_after_copy"])
def test_a_message_that_cannot_be_made_is_named(road: Path, tmp_path: Path, name: str) -> None:
    write_files(road, {"copier.yml": f'_subdirectory: t\n{name}: "{{{{ 1 // 0 }}}}"\nname: abc\n'})
    said = paved("new", tmp_path / "thing", "--road", road, "--ref", "HEAD", "--defaults")
    assert said.returncode == 2
    assert f"the template's {name} cannot be evaluated" in said.stderr


def test_a_message_does_not_reach_the_terminal_raw(road: Path, tmp_path: Path) -> None:
    write_files(road, {"copier.yml": CONFIG.replace("Welcome", "\\e[31mWelcome").replace("Made", "\\e[2JMade")})
    said = paved("new", tmp_path / "thing", "--road", road, "--ref", "HEAD", "--defaults")
    assert "Welcome" in said.stderr
    assert "Made" in said.stdout
    assert "\x1b" not in said.stderr + said.stdout


# -- YAML that Copier refuses ----------------------------------------------------------------------------------------

REFUSED = {
    "a question mark": "port: {type: int, default: 1, help: Which?}\n",
    "in a list": "kind: {type: str, choices: [a?, b], default: b}\n",
}
"""libyaml takes these, and the parser that Copier uses does not."""


def told(done: Ran) -> None:
    assert (done.returncode, "Copier cannot read the template's copier.yml" in done.stderr) == (2, True), done.stderr
    assert "expected ',' or" in done.stderr
    assert "line 2: " in done.stderr or "a file that it includes, line 1: " in done.stderr
    assert tempfile.gettempdir() not in done.stderr
    assert "Error" not in done.stderr


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("tag", [None, "v1.0.0"])
def test_the_line_that_copier_refuses_is_named(tmp_path: Path, name: str, tag: str | None) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": f"first: 1\n{REFUSED[name]}", "a.txt": "a\n"}, tag=tag)
    told(paved("new", tmp_path / "svc", "--road", road, "--defaults"))


def test_the_line_of_one_template_of_many_is_named(tmp_path: Path) -> None:
    own = {"copier.yml": f"first: 1\n{REFUSED['a question mark']}", "a.txt": "a\n"}
    road = make_road(tmp_path / "road", {f"templates/one/{path}": text for path, text in own.items()})
    told(paved("new", tmp_path / "svc", "--road", road, "--defaults"))


def test_an_included_file_that_copier_refuses_is_told(tmp_path: Path) -> None:
    own = {"copier.yml": "!include more.yml\n", "more.yml": REFUSED["a question mark"], "a.txt": "a\n"}
    told(paved("new", tmp_path / "svc", "--road", make_road(tmp_path / "road", own), "--defaults"))


def test_nothing_is_asked_first(tmp_path: Path) -> None:
    files = {"copier.yml": f"first: {{type: str, help: Your name}}\n{REFUSED['a question mark']}", "a.txt": "a\n"}
    road = make_road(tmp_path / "road", files)
    command: list[str | Path] = [sys.executable, "-m", "paved_road", "new", tmp_path / "svc", "--road", road]
    code, shown = on_a_terminal(command, tmp_path, [])
    assert code == 2, shown
    assert "line 2: " in shown
    assert "Your name" not in shown
