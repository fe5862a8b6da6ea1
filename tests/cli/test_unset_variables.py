"""What a variable that is not set makes of a command: nothing is done that nobody asked for.

In a pipeline `--branch "$BRANCH"` becomes `--branch ""`, and a variable that is declared but not filled is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import typer.main

from paved_road import cli, git, ui
from paved_road.testing import Ran, evolve, paved

Paved = Callable[..., CompletedProcess[str]]


def parameters(command: Any, *names: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every parameter of every command, with the words that name the command."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from parameters(inner, *names, name)
    if not hasattr(command, "commands"):
        yield from ((names, one) for one in command.params)


def blank() -> Iterator[tuple[str, ...]]:
    """For each parameter that takes a word a command line with a blank one: the last word."""
    for names, one in parameters(typer.main.get_command(cli.app)):
        if names[0] == "help" or getattr(one, "is_flag", False) or one.name == "help":
            continue
        if one.param_type_name == "option":
            yield (*names, max(one.opts, key=len), "")
        else:
            yield (*names, "")


def own(arguments: tuple[str, ...]) -> bool:
    """Whether paved reads it: completion is Typer's."""
    return not any("completion" in word for word in arguments)


@pytest.mark.parametrize("words", [words for words in blank() if own(words)], ids=" ".join)
def test_a_blank_word_is_refused_and_nothing_is_done(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = paved(*words)
    assert (said.returncode, "is blank" in said.stderr) == (2, True), said.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize(
    "variable",
    ["PAVED_CONFIG", "PAVED_CACHE", "PAVED_ROAD", "PAVED_TEMPLATE", "PAVED_TRUST", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"],
)
def test_a_blank_setting_is_none(variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAVED_CONFIG", "PAVED_CACHE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".config/paved").mkdir(parents=True)
    (tmp_path / ".config/paved/config.toml").write_text('template = "mine"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(variable, raising=False)
    unset = paved("config", "show", "--json")
    monkeypatch.setenv(variable, value)
    said = paved("config", "show", "--json")
    assert (said.returncode, said.stdout) == (0, unset.stdout)
    assert said.envelope["result"]["settings"]["template"]["value"] == "mine"


@pytest.mark.parametrize("value", ["", " "])
def test_a_blank_home_is_not_the_root_folder(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAVED_CONFIG", "PAVED_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", value)
    monkeypatch.chdir(tmp_path)
    envelope: Any = paved("config", "show", "--json").envelope
    assert envelope["result"]["settings"]["cache"]["value"].startswith(f"{Path.home()}/")
    assert not envelope["result"]["user_file"].startswith("/.config")


@pytest.mark.parametrize("value", ["", " "])
@pytest.mark.parametrize("variable", ["VISUAL", "EDITOR"])
def test_a_blank_editor_runs_nothing(
    variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    record = tmp_path / "record.md"
    record.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    record.chmod(0o755)
    ui.edit([record])
    assert (capsys.readouterr().err, (tmp_path / "ran").exists()) == ("", False)


@pytest.mark.parametrize("name", ["", " ", "update/", "-x", "update/.hidden"])
def test_a_branch_without_a_name_commits_nothing(name: str, greeter: Path, tmp_path: Path) -> None:
    def updated() -> Ran:
        return paved("update", tmp_path / "hi", "--defaults", f"--branch={name}")

    assert paved("new", tmp_path / "hi", "--road", greeter, "--defaults").returncode == 0
    evolve(greeter, {"template/hello.txt.jinja": "Good day!\n"}, tag="v1.1.0")
    head = git.resolve(tmp_path / "hi", "HEAD")
    assert updated().returncode == 2
    assert (git.resolve(tmp_path / "hi", "HEAD"), git.has_changes(tmp_path / "hi")) == (head, False)


@pytest.mark.parametrize("variable", ["GITHUB_BASE_REF", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "GITHUB_ACTIONS", "CI"])
def test_a_blank_variable_of_a_ci_server_is_none(
    variable: str, here: Paved, greeter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here("new", tmp_path / "hi", "--road", greeter, "--defaults").returncode == 0
    monkeypatch.delenv(variable, raising=False)
    before = here("off-road", "check", tmp_path / "hi")
    monkeypatch.setenv(variable, "")
    after = here("off-road", "check", tmp_path / "hi")
    assert (before.returncode, before.stdout, before.stderr) == (after.returncode, after.stdout, after.stderr)
