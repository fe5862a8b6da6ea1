"""Running `paved` as a person does: the real program, and its output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from paved_road import testing
from paved_road.cli import main


@pytest.fixture
def paved(tmp_path: Path) -> Callable[..., CompletedProcess[str]]:
    """`paved("new", "orders")` in an empty folder, as a process of its own."""
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)

    def call(*words: str | Path, cwd: Path = work, **env: str) -> CompletedProcess[str]:
        return testing.run(sys.executable, "-m", "paved_road", *words, cwd=cwd, env=env)

    return call


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., CompletedProcess[str]]:
    """`here("update", service)`: as `paved`, but in this process and without rendering every release by Copier too."""
    monkeypatch.setattr("paved_road.render.verified.recall", lambda *_: True)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    monkeypatch.chdir(work)

    def call(*words: str | Path) -> CompletedProcess[str]:
        capfd.readouterr()
        code = main([*map(str, words)])
        said = capfd.readouterr()
        return CompletedProcess(["paved", *map(str, words)], code, said.out, said.err)

    return call


@pytest.fixture
def paved_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, Any]]:
    """`paved ... --json` in this process: the envelope."""
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    monkeypatch.chdir(work)

    def call(*words: str | Path) -> dict[str, Any]:
        capfd.readouterr()
        code = main([*map(str, words), "--json"])
        envelope = json.loads(capfd.readouterr().out)
        assert isinstance(envelope, dict)
        assert envelope["exit_code"] == code
        assert envelope["schema"] == "paved/1"
        return envelope

    return call
