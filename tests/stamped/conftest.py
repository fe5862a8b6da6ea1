from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from paved_road.testing import run
from tests.stamped.world import Start, World, patient, stamp_apart, started


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stamped service with its environment. Whoever edits it stamps one of his own."""
    service = stamp_apart(tmp_path_factory.mktemp("stamped"))
    done = run("uv", "sync", "--locked", "--no-dev", "--quiet", cwd=service)
    assert done.returncode == 0, done.stderr
    return service


@pytest.fixture
def start(installed: Path, tmp_path: Path) -> Iterator[Start]:
    number = count()
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(started(installed, tmp_path / f"log{next(number)}", **settings))


@pytest.fixture(scope="session")
def patience(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a service is started with that waits for its inventory for minutes, and so is degraded for a reason."""
    source = shutil.copytree(installed / "src", tmp_path_factory.mktemp("patient") / "src")
    return {"PYTHONPATH": str(patient(source))}


@pytest.fixture
def world(start: Start, patience: dict[str, str]) -> World:
    return start(**patience)
