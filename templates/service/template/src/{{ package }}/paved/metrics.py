"""Prometheus metrics, named as OpenTelemetry names them."""

import platform
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

# OpenTelemetry's advice for http.server.request.duration, in seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

# They would be as many series again, for what rate() knows without them.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """All that this service measures. Each application has its own registry, so that tests can have many."""

    def __init__(self, service: str, version: str) -> None:
        self.registry = registry = CollectorRegistry()
        for collector in (GCCollector, PlatformCollector, ProcessCollector):
            collector(registry=registry)
        info = Info("service", "What runs here", registry=registry)
        info.info({"name": service, "version": version, "python": platform.python_version()})
        self.request_duration = Histogram(
            "http_server_request_duration_seconds",
            "Duration of requests",
            ["http_route", "http_request_method", "http_response_status_code"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.active_requests = Gauge(
            "http_server_active_requests", "Requests in flight", ["http_request_method"], registry=registry
        )


class Children(dict[str, Any]):
    """The children of a metric by the value of its last label: looking them up by all labels costs 2 us."""

    def __init__(self, metric: Any, *labels: str) -> None:
        super().__init__()
        self._metric = metric
        self._labels = labels

    def __missing__(self, value: str) -> Any:
        self[value] = child = self._metric.labels(*self._labels, value)
        return child
