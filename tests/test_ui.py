"""The module that prints: it shows what strangers wrote, and neither a terminal nor a CI server obeys it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable

import pytest

from paved_road import ui
from paved_road.errors import PavedError

TRAP = "x\x1b]8;;evil\x07y\u202ez\x9b1m\r"
SHOWN = "x\\x1b]8;;evil\\x07y\\u202ez\\x9b1m\\r"

SINKS: dict[str, Callable[[str], None]] = {
    "data": ui.data,
    "good": ui.good,
    "note": ui.note,
    "debug": ui.debug,
    "block": ui.block,
    "failure": lambda text: ui.failure(PavedError(text)),
    "cause": lambda text: ui.failure(PavedError("no", cause=text)),
    "hint": lambda text: ui.failure(PavedError("no", hint=text)),
    "cell": lambda text: ui.table(("one", "two"), [("a", text)]),
    "file": lambda text: ui.files({f"folder{text}/{text}": ""}, "root"),
    "remark": lambda text: ui.files({"file": text}, "root"),
    "root": lambda text: ui.files({}, text),
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def every_json_is_as_published() -> None:
    """Off in this module: its envelopes are made up."""


def everything(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    return said.out + said.err


@pytest.mark.parametrize("sink", SINKS)
def test_control_sequences_are_shown_as_escapes(sink: str, capsys: pytest.CaptureFixture[str]) -> None:
    SINKS[sink](TRAP)
    said = everything(capsys)
    assert SHOWN.removesuffix("\\r") in said
    assert not set(said) & set("\x1b\x07\u202e\x9b\r")


@pytest.mark.parametrize("sink", sorted(SINKS.keys() - {"block"}))
def test_a_name_cannot_start_a_line(sink: str, capsys: pytest.CaptureFixture[str]) -> None:
    SINKS[sink]("name\nno drift")
    assert "no drift" not in everything(capsys).splitlines()


@pytest.mark.parametrize("variable", ["GITHUB_ACTIONS", "TF_BUILD"])
@pytest.mark.parametrize("sink", sorted(SINKS.keys() - {"note", "debug", "failure", "cause", "hint"}))
def test_a_runner_obeys_nothing_that_is_printed(
    sink: str, variable: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "true")
    SINKS[sink]("::stop-commands::x ##[add-mask]y ##vso[task.complete]z")
    said = everything(capsys)
    assert not [line for line in said.splitlines() if line.lstrip().startswith("::")]
    assert "##[" not in said
    assert "##vso[" not in said


def test_json_is_exact_and_a_runner_obeys_nothing_in_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    trap = f"{TRAP}\n::x\n##[add-mask]y \udce9 日本"
    ui.envelope("drift", 0, {"path": trap})
    said = capsys.readouterr().out
    assert json.loads(said)["result"]["path"] == trap
    assert "##[" not in said
    assert "\x1b" not in said


def test_json_on_a_terminal_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    ui.envelope("drift", 0, {"path": TRAP})
    assert terminal.getvalue().isascii()
    assert json.loads(terminal.getvalue())["result"]["path"] == TRAP


def test_json_in_a_pipe_is_read_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    ui.envelope("drift", 0, {"path": "日本"})
    assert '"日本"' in capsys.readouterr().out


def test_text_cannot_bring_its_own_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.delenv("NO_COLOR")
    ui.good("fine\x1b[31m")
    assert terminal.getvalue() == "\x1b[32mfine\\x1b[31m\x1b[0m\n"


@pytest.mark.parametrize(
    ("variables", "on_a_terminal", "in_a_pipe"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "3", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": ""}, True, False),
        ({"CLICOLOR_FORCE": "1"}, True, True),
        ({"CLICOLOR_FORCE": "0"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
    ids=str,
)
def test_colour_follows_the_environment(
    variables: dict[str, str], on_a_terminal: bool, in_a_pipe: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for stream, expected in ((Terminal(), on_a_terminal), (io.StringIO(), in_a_pipe)):
        monkeypatch.setattr(sys, "stdout", stream)
        ui.good("fine")
        assert stream.getvalue() == ("\x1b[32mfine\x1b[0m\n" if expected else "fine\n")


def test_an_editor_that_does_not_start_causes_a_note(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for editor in ("no-such-editor", "'unbalanced"):
        monkeypatch.setenv("VISUAL", editor)
        ui.edit([])
        assert "cannot start your editor" in capsys.readouterr().err
