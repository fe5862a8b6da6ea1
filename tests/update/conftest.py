"""Scenarios of updates: real repositories, the real command, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from paved_road.git import Scratch
from paved_road.testing import Evolution, Files
from tests.renderers import assume_agreement


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Evolution]:
    """`begin({"a.txt": "..."})`: a road whose first release has these files, and a service stamped from it."""
    # The renderers were compared elsewhere; comparing them here would take a second for each of two releases.
    assume_agreement(monkeypatch)

    def start(template: Files, **options: str | Mapping[str, str]) -> Evolution:
        return Evolution(tmp_path, template, **options)  # type: ignore[arg-type]

    return start


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    """Where trees are merged without a service around them."""
    with Scratch(tmp_path_factory.mktemp("scratch") / "scratch.git", []) as made:
        yield made
