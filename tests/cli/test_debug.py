"""`paved --debug`: what is run, and who renders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import pytest


@pytest.mark.parametrize(("words", "env"), [(["--debug"], {}), ([], {"PAVED_DEBUG": "1"})])
def test_debug_tells_who_renders_and_what_is_run(
    greeter: Path, paved: Callable[..., CompletedProcess[str]], words: list[str], env: Mapping[str, str]
) -> None:
    done = paved(*words, "new", "hi", "--road", greeter, "--defaults", **env)
    assert done.returncode == 0, done.stderr
    assert "debug: greeter 1.0.0 rendered by copier" in done.stderr
    assert "debug: git for-each-ref" in done.stderr
    assert "debug" not in done.stdout


def test_without_debug_nothing_is_told(greeter: Path, paved: Callable[..., CompletedProcess[str]]) -> None:
    assert "debug" not in paved("new", "hi", "--road", greeter, "--defaults").stderr
