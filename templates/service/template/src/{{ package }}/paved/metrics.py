"""Prometheus metrics, named as OpenTelemetry names them."""

import platform
from collections.abc import Callable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from . import sink
from .limit import Admission

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
        registry.register(sink.dropped)
        info = Info("service", "What runs here", registry=registry)
        info.info({"name": service, "version": version, "python": platform.python_version()})
        # These two take the values of the labels: labels() itself costs 2 us each time.
        durations = Histogram(
            "http_server_request_duration_seconds",
            "Duration of requests",
            ["http_route", "http_request_method", "http_response_status_code"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.request_duration = cache(durations.labels)
        labels = ["reason", "priority"]
        shed = Counter("http_server_shed_requests", "Requests refused", labels, registry=registry)
        self.shed_requests = cache(shed.labels)
        text = "How late the event loop was, measured ten times a second"
        self.loop_lag = Histogram("event_loop_lag_seconds", text, buckets=BUCKETS, registry=registry)
        self.background_crashes = Counter(
            "background_task_crashes", "Crashes of background tasks", ["task"], registry=registry
        )

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        Gauge(f"http_server_{name}", text, registry=self.registry).set_function(read)

    def watch(self, admission: Admission) -> None:
        self.gauge("active_requests", "Requests in flight", lambda: admission.in_flight)
        self.gauge("queued_requests", "Of those, that wait for the event loop", lambda: admission.waiting)
        self.gauge("concurrency_limit", "Requests that may be in flight", lambda: admission.limit)
