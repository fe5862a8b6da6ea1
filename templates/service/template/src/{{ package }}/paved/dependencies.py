"""What the clients of dependencies decide, made visible: metrics, span events, log lines."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from . import context
from .logs import Changes, get_logger
from .metrics import BUCKETS
from .resilience.client import Client
from .resilience.model import Observer, Reason, State

M = TypeVar("M")

log = get_logger()


class DependencyMetrics:
    """Their names are an interface: alerts and dashboards use them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def make(kind: Callable[..., M], name: str, text: str, *labels: str, **options: Any) -> M:
            return kind(f"dependency_{name}", text, ["dependency", *labels], registry=registry, **options)

        text = "Duration of calls, with all their attempts and pauses"
        self.call_duration = make(Histogram, "call_duration_seconds", text, "outcome", buckets=BUCKETS)
        self.attempts = make(Counter, "attempts", "Attempts", "outcome")
        text = "Retries and hedges that the budget refused"
        self.decisions = {
            "retry": make(Counter, "retries", "Attempts after the first"),
            "hedge": make(Counter, "hedges", "Attempts beside a slow one"),
            "retry budget exhausted": make(Counter, "retry_budget_exhausted", text),
        }
        self.budget = make(Gauge, "retry_budget_remaining", "Retries and hedges that may be made now")
        self.breaker = make(Gauge, "breaker_state", "1 is the state", "state")
        self.in_use = make(Gauge, "bulkhead_in_use", "Calls in flight")
        self.waiting = make(Gauge, "bulkhead_waiting", "Calls in the queue")
        self.limit = make(Gauge, "bulkhead_limit", "Calls that may be in flight")
        self.fallbacks = make(Counter, "fallbacks", "Fallbacks served", "kind", "reason")
        self.faults = make(Counter, "faults_injected", "Faults injected on purpose", "fault")
        ages = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
        self.stale_age = make(Histogram, "stale_age_seconds", "Age of the stale answers served", buckets=ages)

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
        self._attempts = cache(metrics.attempts.labels)
        self._durations = cache(metrics.call_duration.labels)
        # Made now, so that they are 0 and not absent before the first: an increase from nothing is none.
        metrics.call_duration.labels(dependency, Reason.CONTRACT_FAILURE.value)
        metrics.attempts.labels(dependency, Reason.UNAUTHORIZED.value)
        self._decisions = {what: each.labels(dependency) for what, each in metrics.decisions.items()}
        self._stale_age = metrics.stale_age.labels(dependency)
        self._changes = Changes()
        self._show_state(State.CLOSED)

    def attempted(self, outcome: str) -> None:
        self._attempts(self._dependency, outcome).inc()

    def finished(self, outcome: str, seconds: float) -> None:
        self._durations(self._dependency, outcome).observe(seconds)

    def decided(self, what: str) -> None:
        self._decisions[what].inc()
        self._event(what)

    def unexpected(self, reason: Reason, detail: str) -> None:
        if self._changes(f"{reason.value} {detail}"):
            log.warning("unexpected answer", dependency=self._dependency, reason=reason.value, detail=detail)
        self._event("unexpected answer", reason=reason.value, detail=detail)

    def fell_back(self, reason: Reason, age: float | None) -> None:
        kind = "default" if age is None else "stale"
        self._metrics.fallbacks.labels(self._dependency, kind, reason.value).inc()
        if age is not None:
            self._stale_age.observe(age)
        if (served := context.fallbacks.get()) is not None:
            served.add(self._dependency)
        self._event("fallback", kind=kind, reason=reason.value)

    def fault_injected(self, fault: str) -> None:
        self._metrics.faults.labels(self._dependency, fault).inc()
        self._event("fault injected", fault=fault)

    def breaker_changed(self, before: State, after: State) -> None:
        self._show_state(after)
        log.warning("breaker changed", dependency=self._dependency, before=before.value, after=after.value)

    def _show_state(self, current: State) -> None:
        for state in State:
            self._metrics.breaker.labels(self._dependency, state.value).set(state is current)

    def _event(self, name: str, **attributes: str) -> None:
        attributes = {"peer.service": self._dependency, **attributes}
        trace.get_current_span().add_event(f"dependency {name}", attributes)
