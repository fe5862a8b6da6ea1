"""The stamped service, as live checks see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from paved_road.check.contract.model import RunContract
from paved_road.check.contract.resolve import resolve_contract
from paved_road.files import yml

TEMPLATE = Path(__file__).parents[2] / "templates" / "service" / "paved-road.yml"
SETTINGS = {"DRAIN_SECONDS": "0.5", "GRACE_SECONDS": "5"}
"""What a contract may shorten, so that no check waits for what is not there: no load balancer has to notice."""


def stamped_contract(folder: Path, **changes: Any) -> RunContract:
    """The run contract of a stamped and synced service, whose folder has its name."""
    text = TEMPLATE.read_text().replace("{{ name }}", folder.name)
    contract = resolve_contract(folder, yml.load(text.encode())["run"])
    program = folder / ".venv" / "bin" / folder.name  # `uv run` would add a process and a quarter of a second
    settings = {**contract.settings, **SETTINGS}
    return replace(contract, **{"start": (str(program),), "settings": settings, **changes})
