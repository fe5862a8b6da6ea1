"""The faults that each check must catch. A practice without an entry here is refused (test_twins.py).

A live check is tried on the twin (twin/service.py) with each of its seeds; a static check on the stamped service
with one of its files changed. Both must pass without the fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.check.file_seeds import FILES
from tests.check.kubernetes_seeds import KUBERNETES
from tests.check.twin import INVENTORY, PAYMENTS

Texts = dict[str, str]
"""Path to text."""


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One seeded fault of the twin, and what the run contract says differently for it."""

    faults: tuple[str, ...] = ()
    contract: Mapping[str, Any] = field(default_factory=dict)


def seed(*faults: str, **contract: Any) -> Seed:
    return Seed(faults=faults, contract=contract)


LIVE: dict[str, list[Seed]] = {
    # -- starting, stopping, dying
    "ready-in-time": [seed("slow-start", ready_within=0.5)],
    "settings-fail-fast": [
        seed("unnamed-setting"),
        seed("believes-addresses"),
        seed("shows-setting"),
        seed("ends-well-anyway"),
        seed("hides-port-in-use"),
    ],
    "stop-during-start": [seed("deaf-while-starting", stop_within=2.0)],
    "graceful-shutdown": [
        seed("no-drain"),
        seed("ignores-sigterm", stop_within=2.0),
        seed("wrong-exit-code"),
        seed("ready-while-draining"),
    ],
    "long-requests-at-shutdown": [
        seed("forgets-long-requests"),
        seed("no-timeout", "waits-forever", stop_within=2.5),
    ],
    "lost-instance": [seed("acknowledges-first")],
    # -- dependencies
    "critical-dependency-down": [
        seed("live-asks-dependencies"),
        seed("ready-without-critical"),
        seed("never-recovers", ready_within=5.0),
        seed("fails-without-critical"),
    ],
    "fallbacks": [seed("no-fallback-for-500"), seed("ready-asks-everything"), seed("stays-degraded", ready_within=5.0)],
    "critical-services-only": [seed("needs-all-to-start")],
    "explored-failures": [seed("no-fallback-for-500"), seed("trusts-second-source")],
    "wrong-answers": [seed("trusts-answers"), seed("reads-huge"), seed("silent")],
    # -- retries, breakers, deadlines
    "timeouts": [seed("timeout-per-read")],
    "bounded-retries": [
        seed("retries-post"),
        seed("retry-storm"),
        seed("retries-at-once"),
        seed("retries-in-step"),
        seed("retries-4xx"),
        seed("ignores-retry-after"),
    ],
    "retry-storm": [
        seed("four-attempts", "no-breaker", dependencies=(replace(INVENTORY, attempts=None), PAYMENTS)),
    ],
    "circuit-breaker": [seed("no-breaker"), seed("no-half-open", "no-bulkhead")],
    "bulkhead": [seed("no-bulkhead", "long-attempts"), seed("no-bulkhead", "long-attempts", "no-limit")],
    "abandoned-requests": [seed("works-for-nobody", "long-attempts"), seed("leaks-places")],
    "deadline-propagation": [seed("ignores-deadline"), seed("no-deadline-out")],
    # -- load and input
    "overload": [seed("no-limit")],
    "bearable-load": [seed("refuses-early")],
    "hostile-input": [seed("no-body-limit"), seed("slow-clients-take-slots")],
    "bounded-metrics": [seed("raw-labels")],
    # -- telemetry, interface, alerts
    "request-tracing": [seed("no-trace-out"), seed("no-trace-log"), seed("no-trace-back")],
    "structured-logs": [seed("plain-log-line"), seed("forged-log-line")],
    "metrics": [seed("counts-nothing"), seed("no-latency"), seed("silent"), seed("malformed-metrics")],
    "error-responses": [seed("shows-stack"), seed("shows-page"), seed("silent-crash"), seed("crashes-on-input")],
    "closed-output": [seed("blocks-on-stdout"), seed("dies-without-stdout")],
    "api-contract": [seed("api-drifted")],
    "api-fuzz": [seed("crashes-on-input")],
    "alerts-fire": [seed("counts-nothing")],
    "no-secrets-shown": [seed("shows-secret"), seed("shows-headers"), seed("shows-url")],
}
"""By the practice's slug."""

STATIC: dict[str, list[Callable[[Texts], Texts]]] = {
    # -- Kubernetes
    **KUBERNETES,
    # -- image, pipeline, telemetry, ownership
    **FILES,
}
"""By the practice's slug: what breaks the stamped service's files."""
