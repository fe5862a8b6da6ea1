"""Roads as the tests of this folder open them."""

from __future__ import annotations

from pathlib import Path

from paved_road.road.model import Road, Template
from paved_road.road.opening import open_road
from paved_road.road.templates import find_template
from paved_road.settings import config

ONE = {"copier.yml": "name: x\n"}


def opened(source: str | Path) -> Road:
    return open_road(config.load_config({"road": str(source)}))


def only(source: str | Path) -> Template:
    return find_template(opened(source), None)
