"""The version that a `paved-road.yml` states: all that listing releases needs of it."""

from __future__ import annotations

FILENAME = "paved-road.yml"


def stated_version(content: bytes | None) -> str | None:
    """The version a `paved-road.yml` states, without asking whether the rest of it is valid."""
    import yaml

    from paved_road import yml

    if content is None:
        return None
    try:
        data = yml.load(content)
    except yaml.YAMLError:
        return None
    version = data.get("version") if isinstance(data, dict) else None
    return None if version is None else str(version)
