"""What the clients of dependencies decide, made visible: metrics, span events, log lines."""

import time

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from .logs import get_logger
from .metrics import BUCKETS, Children
from .resilience.client import Client
from .resilience.model import Observer, Reason, State

QUIET = 60.0  # seconds without an unexpected answer, after which the next one is a change

log = get_logger()


class DependencyMetrics:
    """Their names are an interface: alerts and dashboards use them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"dependency_{name}", text, ["dependency", *labels], registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"dependency_{name}", text, ["dependency", *labels], registry=registry)

        def histogram(name: str, text: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
            labels = ("dependency", *labels)
            return Histogram(f"dependency_{name}", text, labels, buckets=buckets, registry=registry)

        text = "Duration of calls, with all their attempts and pauses"
        self.call_duration = histogram("call_duration_seconds", text, "outcome", buckets=BUCKETS)
        self.attempts = counter("attempts", "Attempts", "outcome")
        self.retries = counter("retries", "Attempts after the first")
        self.hedges = counter("hedges", "Attempts beside a slow one")
        self.exhausted = counter("retry_budget_exhausted", "Retries and hedges that the budget refused")
        self.budget = gauge("retry_budget_remaining", "Retries and hedges that may be made now")
        self.breaker = gauge("breaker_state", "1 is the state", "state")
        self.in_use = gauge("bulkhead_in_use", "Calls in flight")
        self.waiting = gauge("bulkhead_waiting", "Calls in the queue")
        self.limit = gauge("bulkhead_limit", "Calls that may be in flight")
        self.fallbacks = counter("fallbacks", "Fallbacks served", "kind", "reason")
        ages = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
        self.faults = counter("faults_injected", "Faults injected on purpose", "fault")
        self.stale_age = histogram("stale_age_seconds", "Age of the stale answers served", buckets=ages)

    def watch(self, client: Client) -> None:
        name, bulkhead, budget = client.dependency.name, client.bulkhead, client.budget
        self.limit.labels(name).set(bulkhead.limit)
        self.in_use.labels(name).set_function(lambda: bulkhead.in_use)
        self.waiting.labels(name).set_function(lambda: bulkhead.waiting)
        self.budget.labels(name).set_function(budget.left)


class DependencyObserver(Observer):
    def __init__(self, metrics: DependencyMetrics, dependency: str) -> None:
        self._metrics = metrics
        self._dependency = dependency
        self._attempts = Children(metrics.attempts, dependency)
        self._durations = Children(metrics.call_duration, dependency)
        # Made now, so that they are 0 and not absent before the first: an increase from nothing is none.
        metrics.call_duration.labels(dependency, Reason.CONTRACT_FAILURE.value)
        metrics.attempts.labels(dependency, Reason.UNAUTHORIZED.value)
        self._retries = metrics.retries.labels(dependency)
        self._hedges = metrics.hedges.labels(dependency)
        self._exhausted = metrics.exhausted.labels(dependency)
        self._stale_age = metrics.stale_age.labels(dependency)
        self._unexpected: dict[str, float] = {}  # when it last was so
        self._show_state(State.CLOSED)

    def attempted(self, outcome: str) -> None:
        self._attempts[outcome].inc()

    def finished(self, outcome: str, seconds: float) -> None:
        self._durations[outcome].observe(seconds)

    def retried(self) -> None:
        self._retries.inc()
        self._event("dependency retry")

    def hedged(self) -> None:
        self._hedges.inc()
        self._event("dependency hedge")

    def budget_exhausted(self) -> None:
        self._exhausted.inc()
        self._event("dependency retry budget exhausted")

    def unexpected(self, reason: Reason, detail: str) -> None:
        """Logged when it begins, and again only when it comes back after a pause."""
        now, what = time.monotonic(), detail.partition(":")[0]
        if now >= self._unexpected.get(what, -QUIET) + QUIET:
            log.warning("unexpected answer", dependency=self._dependency, reason=reason.value, detail=detail)
        self._unexpected[what] = now
        self._event("dependency unexpected answer", reason=reason.value, detail=detail)

    def fell_back(self, reason: Reason, age: float | None) -> None:
        kind = "default" if age is None else "stale"
        self._metrics.fallbacks.labels(self._dependency, kind, reason.value).inc()
        if age is not None:
            self._stale_age.observe(age)
        self._event("dependency fallback", kind=kind, reason=reason.value)

    def fault_injected(self, fault: str) -> None:
        self._metrics.faults.labels(self._dependency, fault).inc()
        self._event("dependency fault injected", fault=fault)

    def breaker_changed(self, before: State, after: State) -> None:
        self._show_state(after)
        log.warning("breaker changed", dependency=self._dependency, before=before.value, after=after.value)

    def _show_state(self, current: State) -> None:
        for state in State:
            self._metrics.breaker.labels(self._dependency, state.value).set(state is current)

    def _event(self, name: str, **attributes: str) -> None:
        trace.get_current_span().add_event(name, {"peer.service": self._dependency, **attributes})
