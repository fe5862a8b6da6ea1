"""A small service with deviations, and the day it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from paved_road.cli import main
from paved_road.offroad import lifecycle
from paved_road.offroad.deviations import Deviation
from paved_road.service.model import Service, open_service
from paved_road.settings import config
from paved_road.settings.config import Config
from paved_road.testing import commit, make_road
from tests.offroad.world import OWN_IMAGE, ROAD, TODAY, argue, change, dockerfile


@pytest.fixture
def road(tmp_path: Path) -> Path:
    """A road to evolve."""
    return make_road(tmp_path / "road", ROAD)


@pytest.fixture(scope="session")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a service of a road that stays as it is is stamped once, for all who only change the service."""
    return tmp_path_factory.mktemp("stamped")


@pytest.fixture
def service(stamped: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Service:
    if "road" in request.fixturenames:
        return stamp(request.getfixturevalue("road"), tmp_path / "orders")
    if not (stamped / "orders").exists():
        stamp(make_road(stamped / "road", ROAD), stamped / "orders")
    shutil.copytree(stamped / "orders", tmp_path / "orders", symlinks=True)
    return open_service(tmp_path / "orders")


def stamp(road: Path, destination: Path) -> Service:
    assert main(["new", str(destination), "--road", str(road), "--defaults"]) == 0
    return open_service(destination)


@pytest.fixture
def settings() -> Config:
    return config.load_config()


@pytest.fixture
def accepted(service: Service, settings: Config) -> Callable[..., Deviation]:
    """A service with its own base image, and an accepted deviation for it, each committed."""

    def make(*, risk: str = "medium", days: int = 90, today: date = TODAY) -> Deviation:
        change(service, {"Dockerfile": dockerfile(service, **OWN_IMAGE)})
        draft = lifecycle.Draft(
            slug="own-base-image", paths=("Dockerfile",), risk=risk, requested_by="ann@acme.example", days=days
        )
        lifecycle.propose(service, [draft], today=today)
        argue(service, "own-base-image")
        commit(service.top, "Propose")
        deviation = lifecycle.accept(service, "own-base-image", settings, today=today, by="bo@acme.example")
        commit(service.top, "Accept")
        return deviation

    return make
