"""The run contract that a stamped service's template states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from paved_road.errors import PavedError
from paved_road.files import yml
from paved_road.road.version_file import FILENAME
from paved_road.service.origin import find_origin_to_read, stamped_rendition

if TYPE_CHECKING:
    from paved_road.render.rendition import Rendition
    from paved_road.service.model import Service
    from paved_road.settings.config import Config


def template_run(service: Service, config: Config) -> dict[str, Any] | None:
    """The `run` of the `paved-road.yml` of the release that a service comes from, rendered for its answers.

    None if the template states none, or if its road or release cannot be read here: nothing is fetched or trusted.
    """
    try:
        rendition = stamped_rendition(service, find_origin_to_read(service, config), config)
        if rendition is None or FILENAME not in rendition.template.files:
            return None
        data = yml.load(rendition.template.files[FILENAME].data)
        run = data.get("run") if isinstance(data, dict) else None
        return _rendered(run, rendition) if isinstance(run, dict) else None
    except (PavedError, yaml.YAMLError):
        return None


def _rendered(value: Any, rendition: Rendition) -> Any:
    """The value with the Jinja in each of its texts rendered."""
    if isinstance(value, dict):
        return {key: _rendered(inner, rendition) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rendered(inner, rendition) for inner in value]
    if isinstance(value, str) and ("{{" in value or "{%" in value):
        return yml.load(text) if _is_number(text := rendition.text("run", value)) else text
    return value


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
