"""Every test runs with a configuration, a cache and a git identity of its own."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from paved_road import debug, testing, ui
from paved_road.testing import make_road
from tests import published
from tests.stranger import install

# Stamped services run on the Python of this suite: the one that their .python-version names may be out of reach.
os.environ["UV_PYTHON"] = sys.executable
# The tools that `make` installed, uv among them, also when pytest was started by its path.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

QUIET_GIT = """\
[user]
    name = Test
    email = test@localhost
[init]
    defaultBranch = main
[advice]
    detachedHead = false
"""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test is a failed one where nothing may be missing (`.ci/run`)."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("PAVED_NO_SKIP"):
        report.outcome = "failed"
    return report


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them, and nothing of theirs reaches that person."""
    here = tmp_path_factory.mktemp("surroundings")
    (here / "gitconfig").write_text(QUIET_GIT)
    for variable in [name for name in os.environ if name.startswith(("PAVED_", "GIT_")) and name != "PAVED_NO_SKIP"]:
        monkeypatch.delenv(variable)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(here / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("PAVED_CACHE", str(here / "cache"))
    monkeypatch.setenv("PAVED_CONFIG", str(here / "config.toml"))
    monkeypatch.setenv("NO_COLOR", "1")
    # Whoever a test had listen (`--debug`) hears nothing of the next one.
    debug.stop()


@pytest.fixture(autouse=True)
def every_json_is_as_published(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Whatever a command prints with `--json` in a test fits its published schema, in this process and in others."""
    printed: list[str] = []
    shown, ran = ui.json_text, testing.run

    def show(text: str) -> None:
        printed.append(text)
        shown(text)

    def run(*command: str | Path, **options: Any) -> CompletedProcess[str]:
        done = ran(*command, **options)
        if "--json" in command:
            printed.append(done.stdout)
        return done

    monkeypatch.setattr(ui, "json_text", show)
    monkeypatch.setattr(testing, "run", run)
    yield
    assert [fault for text in printed for fault in published.faults(text)] == []


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a fresh environment with the wheel of this checkout."""
    return install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def git_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The git commands run since it was last asked: a `git` that is found first writes down what it is told."""
    real, log, folder = shutil.which("git"), tmp_path / "git.log", tmp_path / "counting"
    folder.mkdir()
    (folder / "git").write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>"{log}"\nexec "{real}" "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def calls() -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [re.sub(r"^(--git-dir \S+ |-c \S+ )*", "", line).split(" ", 1)[0] for line in lines]

    return calls


@pytest.fixture
def greeter(tmp_path: Path) -> Path:
    """A road of one small template, tagged v1.0.0."""
    return make_road(
        tmp_path / "greeter",
        {
            "copier.yml": "_subdirectory: template\nname: {type: str, default: world}\n",
            "template/hello.txt.jinja": "Hello, {{ name }}!\n",
            "template/plain.txt": "{{ not rendered }}\n",
            "template/run.sh*": "#!/bin/sh\n",
            "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
        },
    )
