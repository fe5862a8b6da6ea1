"""Roads as the tests of this folder open them."""

from __future__ import annotations

from pathlib import Path

from paved_road import config
from paved_road.road import Road, Template, find_template, open_road

ONE = {"copier.yml": "name: x\n"}


def opened(source: str | Path) -> Road:
    return open_road(config.load({"road": str(source)}))


def only(source: str | Path) -> Template:
    return find_template(opened(source), None)
