"""The checks that start a service and hurt it. They know it by its run contract only, so any language will do."""

from __future__ import annotations

from paved_road.check.live import (
    alerting,
    closed_output,
    dependencies,
    error_responses,
    interface,
    isolation,
    leaving,
    losing,
    request_metrics,
    request_tracing,
    retrying,
    secrecy,
    settings,
    starting,
    stopping,
    structured_logs,
    timeouts,
)

__all__ = [
    "alerting",
    "closed_output",
    "dependencies",
    "error_responses",
    "interface",
    "isolation",
    "leaving",
    "losing",
    "request_metrics",
    "request_tracing",
    "retrying",
    "secrecy",
    "settings",
    "starting",
    "stopping",
    "structured_logs",
    "timeouts",
]
