"""A small service with records, and the day it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from paved_road import config
from paved_road.cli import main
from paved_road.config import Config
from paved_road.offroad import lifecycle
from paved_road.offroad.ledger import Record
from paved_road.service import Service, open_service
from paved_road.testing import make_road
from tests.offroad.world import OWN_IMAGE, ROAD, TODAY, argue, change, commit, dockerfile


@pytest.fixture
def road(tmp_path: Path) -> Path:
    return make_road(tmp_path / "road", ROAD)


@pytest.fixture
def service(road: Path, tmp_path: Path) -> Service:
    assert main(["new", str(tmp_path / "orders"), "--road", str(road), "--defaults"]) == 0
    return open_service(tmp_path / "orders")


@pytest.fixture
def settings() -> Config:
    return config.load()


@pytest.fixture
def excused(service: Service, settings: Config) -> Callable[..., Record]:
    """A service with its own base image, and an accepted record for it, each committed."""

    def make(*, risk: str = "medium", days: int = 90, today: date = TODAY) -> Record:
        change(service, {"Dockerfile": dockerfile(service, **OWN_IMAGE)})
        draft = lifecycle.Draft(
            slug="own-base-image", paths=("Dockerfile",), risk=risk, requested_by="ann@acme.example", days=days
        )
        lifecycle.new(service, [draft], today=today)
        argue(service, "own-base-image")
        commit(service, "Propose")
        record = lifecycle.accept(service, "own-base-image", settings, today=today, by="bo@acme.example")
        commit(service, "Accept")
        return record

    return make
