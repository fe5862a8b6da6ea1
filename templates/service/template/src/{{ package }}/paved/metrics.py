"""Prometheus metrics, named as OpenTelemetry names them."""

import platform

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from .logs import get_logger
from .resilience.client import Client
from .resilience.model import Observer, Reason, State

# OpenTelemetry's advice for http.server.request.duration, in seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

log = get_logger()

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
        self.call_duration = Histogram(
            "dependency_call_duration_seconds",
            "Duration of calls, with all their attempts and pauses",
            ["dependency", "outcome"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.attempts = Counter(
            "dependency_attempts", "Attempts", ["dependency", "outcome"], registry=registry
        )
        self.retries = Counter(
            "dependency_retries", "Attempts after the first", ["dependency"], registry=registry
        )
        self.fallbacks = Counter(
            "dependency_fallbacks", "Fallbacks", ["dependency", "reason"], registry=registry
        )
        self.breaker = Gauge(
            "dependency_breaker_state", "1 is the state", ["dependency", "state"], registry=registry
        )
        self.in_use = Gauge(
            "dependency_bulkhead_in_use", "Calls in flight", ["dependency"], registry=registry
        )
        self.waiting = Gauge(
            "dependency_bulkhead_waiting", "Calls in the queue", ["dependency"], registry=registry
        )

    def watch(self, client: Client) -> None:
        name, bulkhead = client.dependency.name, client.bulkhead
        self.in_use.labels(name).set_function(lambda: bulkhead.in_use)
        self.waiting.labels(name).set_function(lambda: bulkhead.waiting)


class DependencyMetrics(Observer):
    def __init__(self, metrics: Metrics, dependency: str) -> None:
        self._metrics = metrics
        self._dependency = dependency
        self._show_state(State.CLOSED)
        metrics.retries.labels(dependency)  # so that it is 0 and not absent before the first

    def attempted(self, outcome: str) -> None:
        self._metrics.attempts.labels(self._dependency, outcome).inc()

    def retried(self) -> None:
        self._metrics.retries.labels(self._dependency).inc()

    def fell_back(self, reason: Reason) -> None:
        self._metrics.fallbacks.labels(self._dependency, reason.value).inc()

    def finished(self, outcome: str, seconds: float) -> None:
        self._metrics.call_duration.labels(self._dependency, outcome).observe(seconds)

    def breaker_changed(self, before: State, after: State) -> None:
        self._show_state(after)
        log.warning("breaker changed", dependency=self._dependency, before=before.value, after=after.value)

    def _show_state(self, current: State) -> None:
        for state in State:
            self._metrics.breaker.labels(self._dependency, state.value).set(state is current)
