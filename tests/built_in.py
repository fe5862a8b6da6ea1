"""What tests know of the built-in road."""

from __future__ import annotations

from pathlib import Path

import yaml

SERVICE = Path(__file__).parent.parent / "templates/service"

LATEST = str(yaml.safe_load((SERVICE / "paved-road.yml").read_text())["version"])
"""The release that this checkout states: the latest one."""
