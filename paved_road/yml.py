"""YAML, read by libyaml where PyYAML was built with it: the same data in a tenth of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from yaml import SafeLoader as Loader
else:
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

__all__ = ["Loader", "load", "load_all"]


def load(data: bytes) -> Any:
    """The one document of a file; raises `yaml.YAMLError`."""
    return yaml.load(data, Loader=Loader)  # noqa: S506 - it is a SafeLoader


def load_all(data: bytes) -> list[Any]:
    """Every document of a file; raises `yaml.YAMLError`."""
    return list(yaml.load_all(data, Loader=Loader))
