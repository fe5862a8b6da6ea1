"""The stamped service, as live checks see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paved_road.check.contract.model import ContractDependency, RunContract, Sample

SETTINGS = {"HOST": "127.0.0.1", "DRAIN_SECONDS": "0.5", "GRACE_SECONDS": "5"}
"""What a contract may shorten, so that a check does not wait for what is not there: no load balancer has to notice."""


def stamped_contract(folder: Path, **changes: Any) -> RunContract:
    """The run contract of a stamped and synced service of the default answers."""
    inventory = ContractDependency(
        name="inventory", env="INVENTORY_URL", critical=False, sample=Sample(method="GET", target="/items/42"),
        stub="dev/stubs/inventory.py", timeout=0.4, attempts=3,
    )  # fmt: skip
    given: dict[str, Any] = {
        "start": (str(folder / ".venv/bin" / folder.name),),
        "port_env": "PORT", "port": None, "probe_port_env": "INTERNAL_PORT",
        "live": "/livez", "ready": "/readyz", "startup": "/startupz", "metrics": "/metrics",
        "dependencies": (inventory,), "samples": (Sample(method="GET", target="/orders/1"),),
        "settings": SETTINGS, "secrets": ("FAULT_INJECTION_KEY",),
        "deadline": 5.0, "deadline_header": "X-Request-Timeout-Ms", "ready_within": 30.0, "stop_within": 15.0,
    }  # fmt: skip
    return RunContract(**(given | changes))
