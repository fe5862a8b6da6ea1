"""Running `paved` as a person does: the real program, and its output."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paved_road import testing
from paved_road.testing import Ran
from tests.renderers import assume_agreement


@pytest.fixture
def paved(tmp_path: Path) -> Callable[..., Ran]:
    """`paved("new", "orders")` in an empty folder, as a process of its own."""
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)

    def call(*words: str | Path, cwd: Path = work, **env: str) -> Ran:
        return testing.run(sys.executable, "-m", "paved_road", *words, cwd=cwd, env=env)

    return call


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """`here("update", service)`: as `paved`, but in this process and without rendering every release by Copier too."""
    assume_agreement(monkeypatch)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    monkeypatch.chdir(work)

    return testing.paved


@pytest.fixture
def paved_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """`paved ... --json` in this process: the envelope."""
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    monkeypatch.chdir(work)

    def call(*words: str | Path) -> dict[str, Any]:
        done = testing.paved(*words, "--json")
        envelope = done.envelope
        assert isinstance(envelope, dict)
        assert envelope["exit_code"] == done.returncode
        assert envelope["schema"] == "paved/1"
        return envelope

    return call
