"""What holds for every command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import typer.main

import paved_road.cli
from paved_road import __version__, git
from paved_road.cli import app, main
from paved_road.settings.config import load_config
from paved_road.testing import evolve, make_road

Paved = Callable[..., CompletedProcess[str]]
PavedJson = Callable[..., dict[str, Any]]


def commands() -> list[list[str]]:
    """Every command as the words that name it."""
    found = []
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        found += [[name, inner] for inner in below] if below else [[name]]
    return found


@pytest.mark.parametrize("words", [[], *commands()], ids=" ".join)
def test_every_help_leads_with_examples(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Examples:" in text
    assert text.index("Examples:") < text.index("Global options:")


@pytest.mark.parametrize("words", [words for words in commands() if words != ["help"]], ids=" ".join)
def test_every_command_takes_json(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*words, "--help"])
    assert "--json" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    heavy = {"copier", "jinja2", "pydantic", "rich", "yaml", "platformdirs", "packaging"}
    code = f"import sys; from paved_road.cli import main; main(['--help']); print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_command_that_is_built_alone_is_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = typer.main.get_command_from_info

    def counting(command_info: Any, **how: Any) -> Any:
        made.append(command_info.name)
        return real(command_info, **how)

    known = commands()
    monkeypatch.setattr(typer.main, "get_command_from_info", counting)
    for words in [[], *known]:
        made.clear()
        app([*words, "--help"], prog_name="paved", standalone_mode=False)
        whole, every = capsys.readouterr().out, made.copy()
        made.clear()
        assert main([*words, "--help"]) == 0
        assert capsys.readouterr().out == whole
        group = [inner[-1] for inner in known if len(inner) == 2 and inner[0] == words[0]] if words else []
        assert made == (every if words == ["help"] else group if len(words) != 1 else words)


def test_version(paved: Paved) -> None:
    assert paved("--version").stdout == f"paved {__version__}\n"


def test_paved_alone_shows_the_help(paved: Paved) -> None:
    done = paved()
    assert (done.returncode, done.stderr) == (0, "")
    assert "Examples:" in done.stdout


def test_a_usage_error_is_an_envelope_too(paved_json: PavedJson) -> None:
    envelope = paved_json("new")
    assert envelope["exit_code"] == 2
    assert envelope["error"]["code"] == "usage-error"
    assert envelope["command"] == "new"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("nonsense", "List them: paved --help"),
        ("config shw", "did you mean show? List them: paved config --help"),
        ("new --nonsense", "paved new --help"),
    ],
)
def test_the_hint_names_help_that_exists(paved: Paved, words: str, hint: str) -> None:
    done = paved(*words.split())
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("hint: ")
    assert last.endswith(hint)


def test_a_bug_writes_a_log_and_exits_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr("paved_road.settings.config.load_config", broken)
    assert main(["templates"]) == 3
    said = capsys.readouterr().err
    assert "bug in paved (ZeroDivisionError)" in said
    log = Path(said.rsplit(" ", 1)[1].strip())
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    log.unlink()


def test_a_reader_that_goes_away_causes_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m paved_road templates | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "Traceback" not in done.stderr


def test_templates_lists_the_road_and_its_releases(paved: Paved, tmp_path: Path) -> None:
    road = make_road(tmp_path / "road", {"copier.yml": "x: 1\n"}, tag="v1.0.0")
    evolve(road, {"f": "1"}, tag="v1.1.0")
    assert paved("templates", "--road", road).stdout.split()[3:5] == ["road", "1.1.0"]
    assert "1.0.0" in paved("templates", "--road", road, "--releases").stdout


def test_config_show_names_the_origin_of_a_value(paved: Paved, paved_json: PavedJson) -> None:
    done = paved("config", "show", PAVED_ROAD="gh:acme/road")
    assert "gh:acme/road" in done.stdout
    assert "environment PAVED_ROAD" in done.stdout
    shown = paved_json("config", "show")["result"]["settings"]
    assert shown["road"] == {"value": "paved:built-in", "origin": "default", "where": ""}


def test_every_command_reports_a_broken_configuration(paved: Paved) -> None:
    Path(os.environ["PAVED_CONFIG"]).write_text("road = [")
    for words in (["templates"], ["new", "x"], ["config", "show"]):
        done = paved(*words)
        assert done.returncode == 2
        assert "is not TOML" in done.stderr
    done = paved("doctor")  # which is there to find such things
    assert (done.returncode, "is not TOML" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("paved new --ref ", "1.0.0"), ("paved new ser", "service"), ("paved tem", "templates")],
)
def test_completion_knows_templates_and_releases(paved: Paved, words: str, expected: str) -> None:
    env = {"_PAVED_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    program = Path(sys.executable).with_name("paved")
    done = subprocess.run([program], env=os.environ | env, capture_output=True, text=True, check=False)
    assert expected in done.stdout.split()


def test_completion_offers_no_name_with_control_characters(tmp_path: Path) -> None:
    names = ("good", "go\x1b]2;owned\x07", "go\u202e", "go\n::x")
    road = make_road(tmp_path / "road", {f"templates/{name}/copier.yml": "x: 1\n" for name in names})
    env = {"_PAVED_COMPLETE": "complete_bash", "COMP_WORDS": "paved new go", "COMP_CWORD": "2", "PAVED_ROAD": str(road)}
    program = Path(sys.executable).with_name("paved")
    done = subprocess.run([program], env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["good"]


def test_the_module_is_the_program() -> None:
    assert paved_road.cli.app.info.name == "paved"


BLANK = [
    ("--branch", "update", ".", "--branch", ""),
    ("--to", "update", ".", "--to", " "),
    ("--template", "update", ".", "--template", ""),
    ("SERVICE", "update", ""),
    ("SERVICE", "status", " "),
    ("SERVICE", "drift", ""),
    ("SERVICE", "adopt", ""),
    ("--ref", "new", "hi", "--ref", ""),
    ("--road", "new", "hi", "--road", "\t"),
    ("--answers-file", "new", "hi", "-a", ""),
    ("--answers", "new", "hi", "--answers", ""),
    ("--data", "new", "hi", "--data", ""),
    ("DEST", "new", ""),
    ("DEST", "new", "service", " "),
    ("--road", "templates", "--road", ""),
    ("--road", "config", "show", "--road", ""),
    ("SLUG", "off-road", "new", ""),
    ("--path", "off-road", "new", "x", "--path", "a", "--path", ""),
    ("--reason", "off-road", "new", "x", "--reason", ""),
    ("--owner", "off-road", "new", "x", "--owner", " "),
    ("SLUG", "off-road", "accept", ""),
    ("--by", "off-road", "accept", "x", "--by", ""),
    ("--service", "off-road", "show", "x", "--service", ""),
    ("-C", "off-road", "show", "x", "-C", ""),
    ("--today", "off-road", "check", "--today", ""),
    ("DIR", "off-road", "report", ""),
]


@pytest.mark.parametrize("words", BLANK, ids=" ".join)
def test_a_blank_word_is_refused_with_the_name_of_its_parameter(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    name, *given = words
    assert main(given) == 2
    said = capsys.readouterr()
    assert said.out == ""
    message = said.err.splitlines()[0]
    assert message.startswith("error: ")
    assert message.endswith(f"{name} is blank")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", " "])
def test_a_blank_variable_counts_as_not_set(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_config()
    for name in ("PAVED_ROAD", "PAVED_TEMPLATE", "PAVED_TRUST"):
        monkeypatch.setenv(name, text)
    assert load_config() == before


@pytest.mark.parametrize(
    "words",
    [
        ("new", "x", "--road", "a"),
        ("new", "a"),
        ("new", "a/x"),
        ("update", "a"),
        ("status", "a"),
        ("drift", "a"),
        ("adopt", "a"),
        ("adopt", ".", "--road", "a"),
        ("templates", "--road", "a"),
        ("off-road", "list", "a"),
        ("off-road", "report", "a"),
        ("off-road", "show", "x", "-C", "a"),
    ],
    ids=" ".join,
)
def test_a_circle_of_links_is_an_error(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    git.process.run("init", "--quiet", cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(list(words)) == 2
    assert capsys.readouterr().err.startswith("error: ")
    for name in ("PAVED_ROAD", "PAVED_TRUST", "PAVED_CACHE"):
        with monkeypatch.context() as own:
            own.setenv(name, str(tmp_path / "a"))
            assert main(["templates", "--json"]) == (2 if name == "PAVED_ROAD" else 0)
