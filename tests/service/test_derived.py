"""Derived files: what their commands may run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from paved_road.service import derived
from paved_road.testing import write_files

STATIC = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n'
BACKEND = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
RUN = "open({!r}, 'w')\ndef get_requires_for_build_wheel(c=None): return []\n"
LOCK = {"uv.lock": "uv lock --offline"}


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service whose build backend, `.venv` and `.python-version` leave a trace when they are run."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "above" / "service"
    shell = f'#!/bin/sh\ntouch {tmp_path / "ran"}\nexec python3 "$@"\n'
    files = {
        "pyproject.toml": STATIC + BACKEND, "backend.py": RUN.format(str(tmp_path / "ran")),
        ".venv/bin/python*": shell, ".venv/pyvenv.cfg": "home = /usr/bin\nversion_info = 3.11.2\n",
        "mine*": shell, ".python-version": "./mine\n",
    }  # fmt: skip
    return write_files(folder, files)


def test_a_project_with_static_metadata_is_locked_and_nothing_of_it_runs(service: Path, tmp_path: Path) -> None:
    assert derived.regenerate(LOCK, service) == (["uv.lock"], [])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("trust", [False, True])
def test_a_python_that_cannot_be_had_is_not_needed_to_lock(
    service: Path, monkeypatch: pytest.MonkeyPatch, trust: bool
) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    write_files(service, {"pyproject.toml": STATIC, ".python-version": "3.99\n"})
    shutil.rmtree(service / ".venv")
    assert derived.regenerate(LOCK, service, trust=trust) == (["uv.lock"], [])


@pytest.mark.parametrize(
    ("project", "why"),
    [
        ('[project]\nname = "x"\ndynamic = ["version"]\n', "build backend"),
        ('[project]\nname = "x"\nversion = "1"\ndynamic = ["dependencies"]\n', "build backend"),
        ("", "build backend"),
        (STATIC + '[tool.uv.sources]\ny = {path = "y"}\n', "tool.uv.sources"),
        (STATIC + "[tool.uv.sources]\ny = [{workspace = true}]\n", "tool.uv.sources"),
        (STATIC + '[tool.uv.workspace]\nmembers = ["y"]\n', "workspace"),
        (STATIC.replace(">=3.11", "./mine"), "cannot be read"),
        ("[project\n", "cannot be read"),
        ("tool = 1\nproject = 2\n", "cannot be read"),
    ],
)
def test_what_would_run_code_of_the_service_is_told_and_not_run(
    service: Path, tmp_path: Path, project: str, why: str
) -> None:
    (service / "pyproject.toml").write_text(project + (BACKEND if "[project]" in project else ""))
    made, notes = derived.regenerate(LOCK, service)
    assert made == []
    assert why in notes[0]
    assert notes[0].endswith("run: uv lock --offline")
    assert not (tmp_path / "ran").exists()


def test_a_workspace_above_counts_too(service: Path, tmp_path: Path) -> None:
    write_files(service.parent, {"pyproject.toml": '[tool.uv.workspace]\nmembers = ["service", "other"]\n'})
    assert "workspace" in derived.regenerate(LOCK, service)[1][0]
    assert not (tmp_path / "ran").exists()


def test_with_trust_uv_may_do_what_it_does(service: Path, tmp_path: Path) -> None:
    (service / "pyproject.toml").write_text('[project]\nname = "x"\ndynamic = ["version"]\n' + BACKEND)
    derived.regenerate(LOCK, service, trust=True)
    assert (tmp_path / "ran").exists()


def test_what_a_command_said_last_is_told(service: Path) -> None:
    command = "sh -c 'echo first; echo \"the  last\" >&2; exit 3'"
    assert derived.regenerate({"a": command}, service) == ([], [f"a was not made (the last); run: {command}"])
