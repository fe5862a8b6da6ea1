"""Commands that shell prompts and pipelines run often do not import what they do not need."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from paved_road.testing import run

HEAVY = {"copier", "pydantic", "rich", "ruamel", "jinja2", "pathspec", "prompt_toolkit"}


def loaded(directory: Path, *words: str | Path) -> set[str]:
    """The top-level modules that a command loads."""
    return {name.split(".")[0] for name in modules(directory, *words)}


def modules(directory: Path, *words: str | Path) -> set[str]:
    """The modules that a command loads."""
    done = run(sys.executable, "-X", "importtime", "-m", "paved_road", *words, cwd=directory)
    assert done.returncode in (0, 1), done.stderr
    return set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))


@pytest.fixture
def service(paved: Callable[..., CompletedProcess[str]], tmp_path: Path) -> Path:
    """A service of the built-in road."""
    assert paved("new", tmp_path / "orders", "--ref", "HEAD", "--defaults", PATH="/usr/bin:/bin").returncode == 0
    return tmp_path / "orders"


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["update", "--help"], ["check", "--help"]])
def test_help_loads_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    found = modules(tmp_path, *words)
    assert found & (HEAVY | {"yaml", "paved_road.git"}) == set()


@pytest.mark.parametrize("words", [["status"], ["status", "--json"], ["drift"], ["drift", "--json"]])
def test_status_and_drift_load_nothing_heavy(words: list[str], service: Path) -> None:
    assert loaded(service, *words) & HEAVY == set()


@pytest.mark.parametrize("command", ["status", "drift"])
def test_the_code_for_deviations_is_loaded_only_for_a_service_that_has_some(command: str, service: Path) -> None:
    reading = {"paved_road.offroad.evaluation", "paved_road.offroad.deviations"}
    (service / "Makefile").write_text("edited:\n")
    assert modules(service, command) & (reading | {"tomllib"}) == set()
    assert (service / "docs/off-road/README.md").exists()
    (service / "docs/off-road/draft.txt").write_text("no record\n")
    with pytest.raises(AssertionError, match=r"draft\.txt"):
        modules(service, command)


def test_an_update_loads_neither_copier_nor_pydantic_nor_rich(service: Path) -> None:
    assert loaded(service, "update", "--defaults") & (HEAVY - {"jinja2", "pathspec"}) == set()


def test_an_error_names_the_path_that_cannot_be_read(
    paved: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    done = paved("new", "hi", "--answers", tmp_path / "nowhere.yml")
    assert (done.returncode, "nowhere.yml" in done.stderr) == (2, True)
