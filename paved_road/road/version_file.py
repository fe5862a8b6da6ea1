"""What is known of a `paved-road.yml` without loading its model: the version it states, and a limit of it."""

from __future__ import annotations

import re

FILENAME = "paved-road.yml"
LONGEST_DAYS = 3650
"""The longest that a road may let a deviation go without a review."""

_PLAIN = re.compile(rb"^version:[ \t]+(\d+(?:\.\d+){2,}[\w.+-]*)[ \t]*(?:#.*)?$", re.MULTILINE)
"""How a version is nearly always stated: no parser of YAML needs to be loaded for that."""


def stated_version(content: bytes | None) -> str | None:
    """The version a `paved-road.yml` states, without asking whether the rest of it is valid."""
    if content is None:
        return None
    if len(plain := _PLAIN.findall(content)) == 1:
        return str(plain[0].decode())
    import yaml

    from paved_road.files import yml

    try:
        data = yml.load(content, getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # 1.10 is no number here
    except yaml.YAMLError:
        return None
    version = data.get("version") if isinstance(data, dict) else None
    return None if version in (None, "", "~", "null") else str(version)
