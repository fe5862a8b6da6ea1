"""`paved --debug` shows the git commands and the renderer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import pytest


@pytest.mark.parametrize(("words", "env"), [(["--debug"], {}), ([], {"PAVED_DEBUG": "1"})])
def test_debug_shows_the_renderer_and_the_git_commands(
    greeter: Path, paved: Callable[..., CompletedProcess[str]], words: list[str], env: Mapping[str, str]
) -> None:
    done = paved(*words, "new", "hi", "--road", greeter, "--defaults", **env)
    assert done.returncode == 0, done.stderr
    assert "debug: greeter 1.0.0 rendered by copier" in done.stderr
    assert "debug: git for-each-ref" in done.stderr
    assert "debug" not in done.stdout


def test_without_debug_there_are_no_debug_lines(greeter: Path, paved: Callable[..., CompletedProcess[str]]) -> None:
    assert "debug" not in paved("new", "hi", "--road", greeter, "--defaults").stderr
