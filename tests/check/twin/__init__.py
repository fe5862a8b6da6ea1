"""The twin, as live checks see it: its run contract, with the faults that a test seeds."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from paved_road.check.contract.model import ContractDependency, RunContract, Sample
from paved_road.check.live.running_checks import run_live
from paved_road.check.model import Verdict
from paved_road.check.registry import LiveCheck, built_in_checks
from tests.check.programs import programs_for

FOLDER = Path(__file__).parent
INVENTORY = ContractDependency(
    name="inventory", env="INVENTORY_URL", critical=False, sample=Sample(method="GET", target="/items/1"),
    answer=b'{"stock": 17}', timeout=0.3, attempts=2,
)  # fmt: skip
PAYMENTS = ContractDependency(
    name="payments", env="PAYMENTS_URL", critical=True, sample=Sample(method="POST", target="/payments"),
    answer=b'{"paid": true}', timeout=0.3, attempts=1,
)  # fmt: skip
SAMPLES = (Sample(method="GET", target="/orders/1"), Sample(method="POST", target="/orders"))


def contract(*faults: str, **changes: Any) -> RunContract:
    """The twin's run contract; it does wrong what the words name (see service.py)."""
    given: dict[str, Any] = {
        "start": (sys.executable, str(FOLDER / "service.py"), *faults),
        "port_env": "PORT", "port": None, "probe_port_env": "INTERNAL_PORT",
        "live": "/livez", "ready": "/readyz", "startup": "/startupz", "metrics": "/metrics",
        "dependencies": (INVENTORY, PAYMENTS), "samples": SAMPLES,
        "settings": {"API_KEY": "not-shown-to-anybody"}, "secrets": ("API_KEY",),
        "deadline": 2.0, "deadline_header": "x-request-timeout-ms", "stop_within": 8.0, "ready_within": 10.0,
        "crash": Sample(method="GET", target="/crash"),
    }  # fmt: skip
    return RunContract(**(given | changes))


def judged(slug: str, *faults: str, **changes: Any) -> Verdict:
    """What the live check of a practice says about the twin with these faults."""
    (verdict,) = all_judged([slug], *faults, **changes)
    return verdict


def all_judged(slugs: Iterable[str], *faults: str, **changes: Any) -> list[Verdict]:
    """What the live checks of these practices say about it, run together as `paved check` runs them."""
    checks = [check for slug in slugs if isinstance(check := built_in_checks()[slug], LiveCheck)]
    with contextlib.ExitStack() as programs:
        for check in checks:
            programs.enter_context(programs_for(check.slug))
        return run_live(checks, FOLDER, contract(*faults, **changes), seed=1)
