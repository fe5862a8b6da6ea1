"""The checks before any command: a supported operating system, and a current folder that exists."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from paved_road.testing import run

Paved = Callable[..., CompletedProcess[str]]

WINDOWS = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in POSIX:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

POSIX = {"fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
for name in POSIX:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Missing())
from paved_road.cli import main

sys.platform = "win32"
raise SystemExit(main(sys.argv[1:]))
"""
"""Make Python look like Windows: Unix's modules are missing, and the platform has another name."""

COMMANDS = (
    "new orders", "adopt .", "status", "drift", "update", "update --dry-run", "off-road list", "off-road report .",
    "templates", "doctor", "config show", "schema", "no-such-command",
)  # fmt: skip


def on_windows(folder: Path, *words: str) -> CompletedProcess[str]:
    return run(sys.executable, "-c", WINDOWS, *words, cwd=folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_on_windows_every_command_is_refused(command: str, tmp_path: Path) -> None:
    done = on_windows(tmp_path, *command.split())
    assert done.returncode == 2
    assert done.stdout == ""
    error, cause, hint = done.stderr.splitlines()
    assert error == "error: paved runs on Linux and macOS, and this is Windows"
    assert cause.startswith("cause: it needs file locks")
    assert "WSL" in hint
    assert list(tmp_path.iterdir()) == []


def test_on_windows_json_is_json(tmp_path: Path) -> None:
    envelope = json.loads(on_windows(tmp_path, "status", "--json").stdout)
    assert (envelope["exit_code"], envelope["error"]["code"]) == (2, "unsupported-system")


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["status", "--help"], ["off-road", "--help"], ["help"]])
def test_on_windows_help_and_version_work(words: list[str], tmp_path: Path) -> None:
    done = on_windows(tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "paved" in done.stdout


@pytest.mark.parametrize("command", [*COMMANDS[:-1], "-C / status", "update --abort"])
def test_a_deleted_current_folder_is_an_error(command: str, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    program = f"import os, sys; os.rmdir({str(tmp_path / 'gone')!r}); from paved_road.cli import main; sys.exit(main())"
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
    words = (sys.executable, "-c", program, *command.split())
    done = run(*words, cwd=tmp_path / "gone", env={"PYTHONPATH": path})
    assert done.returncode == 2, done.stderr
    assert "error: the current folder no longer exists" in done.stderr
    assert 'hint: go to a folder that exists: cd "$HOME"' in done.stderr
