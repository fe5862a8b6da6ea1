"""The service's own alerts, seen by a real Prometheus: the page fires when users are hurt, and clears afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

from paved_road.check.contract.model import Sample
from paved_road.check.live.lab import Instance, Lab
from paved_road.check.live.prometheus import INTERVAL, Prometheus, PrometheusRefuses, prometheus
from paved_road.check.live.shorter_rules import SHORTEST, PromqlError, milliseconds, ranges, shortened
from paved_road.check.live.standin import status
from paved_road.check.model import NotApplicable, Subject
from paved_road.check.registry import live_check
from paved_road.check.static.files import read_service
from paved_road.check.static.promql import Matcher, asked, seconds
from paved_road.check.static.rules import AlertRule, rules

FIRES_WITHIN, CLEARS_WITHIN = 10.0, 30.0
"""Fair seconds. An alert over three seconds is late then; a circuit breaker may stay open for longer."""
SCRAPED_WITHIN = 60.0
"""Fair seconds until Prometheus has scraped often enough; it begins 5 to 10 s after its start."""
LONGEST_FOR = 0.5
"""Seconds that a `for` may last; Prometheus evaluates twice in it."""
PAUSE = 0.03
"""Seconds between two requests of the traffic."""
URGENT = re.compile(r"^(page|pager|paging|critical|crit|urgent|high|emergency|p[01]|sev[-_]?[01]|1)$", re.IGNORECASE)
URGENCY = ("severity", "priority", "level", "page", "urgency")
PLATFORM = re.compile(
    r"^(kube|container|kubelet|node|machine|probe|nginx|haproxy|envoy|istio|linkerd|traefik|aws|cloudwatch|stackdriver)_"
)
"""The beginnings of metrics that others have about a service."""
DISCOVERED = {
    "job", "namespace", "service", "app", "application", "app_kubernetes_io_name", "container", "deployment", "cluster",
    "environment", "env", "stage", "region", "zone", "team", "project", "tenant", "prometheus", "kubernetes_namespace",
}  # fmt: skip
"""Labels that service discovery puts on series; the service's own values of them have precedence."""


@live_check("alerts-fire")
async def alerts_fire(lab: Lab) -> None:
    """With windows of seconds: no page in the steady state, one for failures, one for a lost service; both clear.

    Raises `NotApplicable` if there are no rules, no metrics or no Prometheus.
    """
    metrics = lab.contract.metrics
    if metrics is None:
        raise NotApplicable("the run contract names no path of metrics (probes.metrics)")
    found = rules(read_service(Subject(path=lab.path, name=lab.path.name)))
    alerts = [rule for rule in found if rule.alerts]
    if not alerts:
        raise NotApplicable("the service has no alert rules of Prometheus")
    if shutil.which("prometheus") is None:
        raise NotApplicable("prometheus is not installed (on PATH)")
    pages = _pages(found)
    brief = _seconds_long(lab, found)
    instance = await lab.start()
    try:
        async with prometheus(brief, target=instance.probe_port, path=metrics, labels=_labels(found)) as server:
            await lab.steady(instance)
            await _failures(lab, instance, server, pages)
            await instance.process.stop()
            await _outage(lab, server, pages)
            instance = await lab.start(port=instance.port, probe_port=instance.probe_port)
            await _clear(lab, server, pages.names, "started the service again")
    except PrometheusRefuses as error:
        lab.expect(
            False, did="started Prometheus with the service's rules", observed="it refuses them",  # noqa: FBT003
            expected="rules that Prometheus takes", excerpt=str(error),
        )  # fmt: skip
    finally:
        await instance.process.stop()


# -- hurting -----------------------------------------------------------------------------------------------------------


async def _failures(lab: Lab, service: Instance, server: Prometheus, pages: _Pages) -> None:
    """Good traffic, then failing dependencies and failing requests, then good traffic again."""
    async with _traffic(lab, service) as traffic:
        seen = await server.scraped(int(SHORTEST / INTERVAL) + 2, within=SCRAPED_WITHIN)
        lab.require(
            seen, did="let Prometheus scrape the metrics", observed="it scrapes them" if seen else "it cannot",
            expected="that it can scrape them",
        )  # fmt: skip
        await _clear(lab, server, pages.names, "sent requests that succeed")
        traffic.hurts = True
        for standin in lab.standins.values():
            await standin.behave(status(503))
        fired = await server.until(
            lambda names: bool(names & (pages.names if traffic.failed else pages.alerts)), pages.alerts,
            within=FIRES_WITHIN,
        )  # fmt: skip
        if fired is None and pages.elsewhere:
            raise NotApplicable(f"no page fires here: {', '.join(pages.elsewhere)} watch metrics of the platform")
        statuses = ", ".join(f"{count} times {code or 'no answer'}" for code, count in sorted(traffic.seen.items()))
        wanted = "a page" if traffic.failed else "an alert"
        lab.require(
            fired is not None, did=f"let all dependencies answer 503, and sent {_hurting(lab)}: {statuses}",
            observed=f"{', '.join(sorted(fired))} fired" if fired else f"no {wanted.split()[1]} fired",
            expected=f"{wanted} that fires, with windows of 1 to 3 s",
        )  # fmt: skip
        traffic.hurts = False
        for standin in lab.standins.values():
            await standin.recover()
        await _clear(lab, server, (fired or set()) & pages.names or set(fired or ()), "let the dependencies recover")


async def _outage(lab: Lab, server: Prometheus, pages: _Pages) -> None:
    fired = await server.until(bool, pages.names, within=FIRES_WITHIN)
    observed = f"{', '.join(sorted(fired))} fired" if fired else "no page fired"
    if fired is None and pages.elsewhere:
        observed += f" here, where nothing has the platform's metrics for {', '.join(pages.elsewhere)}"
    lab.require(
        fired is not None or bool(pages.elsewhere), did="killed the service", observed=observed,
        expected="a page that fires when no instance is left, with windows of 1 to 3 s",
    )  # fmt: skip


async def _clear(lab: Lab, server: Prometheus, names: set[str], did: str) -> None:
    left = await server.until(lambda firing: not firing, names, within=CLEARS_WITHIN)
    firing = sorted(set(await server.firing()) & names)
    lab.require(
        left is not None, did=did, observed=f"{', '.join(firing)} still fires" if firing else "no page fires",
        expected="no page",
    )  # fmt: skip


class _Traffic:
    """What callers send and what they get."""

    def __init__(self) -> None:
        self.hurts = False
        self.seen: Counter[int] = Counter()
        """Statuses of the answers while it hurts; 0 is no answer."""

    @property
    def failed(self) -> bool:
        """Whether callers saw failures."""
        return any(code >= 500 or not code for code in self.seen)


@contextlib.asynccontextmanager
async def _traffic(lab: Lab, service: Instance) -> AsyncIterator[_Traffic]:
    traffic = _Traffic()

    async def send() -> None:
        number = 0
        while True:
            number += 1
            samples = lab.contract.samples or (Sample(method="GET", target="/"),)
            good, bad = samples[number % len(samples)], _failing(lab)
            answer = await service.ask(bad if traffic.hurts and bad and number % 2 else good)
            if traffic.hurts:
                traffic.seen[answer.status] += 1
            await asyncio.sleep(PAUSE)

    sending = asyncio.ensure_future(send())
    try:
        yield traffic
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


def _failing(lab: Lab) -> Sample | None:
    """A request that fails: the contract's crash, or a sample whose caller waits no longer."""
    contract = lab.contract
    if contract.crash is not None:
        return contract.crash
    if contract.deadline_header is None or not contract.samples:
        return None
    sample = contract.samples[0]
    return replace(sample, headers={**sample.headers, contract.deadline_header: "0"})


def _hurting(lab: Lab) -> str:
    if lab.contract.crash is not None:
        return f"the samples and {lab.contract.crash}"
    return (
        "the samples"
        if _failing(lab) is None
        else f"the samples, each second one with {lab.contract.deadline_header}: 0"
    )


# -- the rules ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pages:
    """The alerts by what can be tried on this machine."""

    names: set[str]
    """Those that wake somebody; all of them if none says so."""
    alerts: set[str]
    """All of them, whomever they tell."""
    elsewhere: list[str]
    """Pages that watch metrics of the platform, which this machine does not have."""


def _pages(found: list[AlertRule]) -> _Pages:
    recorded = {rule.name: rule for rule in found if not rule.alerts}

    def watches_platform(rule: AlertRule, seen: frozenset[str] = frozenset()) -> bool:
        metrics = asked(rule.expression).metrics - seen
        inner = [recorded[name] for name in metrics if name in recorded]
        return any(map(PLATFORM.match, metrics)) or any(watches_platform(each, seen | metrics) for each in inner)

    alerts = [rule for rule in found if rule.alerts]
    waking = [rule for rule in alerts if any(URGENT.match(str(rule.labels.get(name, ""))) for name in URGENCY)]
    elsewhere = {rule.name for rule in alerts if watches_platform(rule)}
    pages = {rule.name for rule in waking or alerts}
    return _Pages(
        names=pages - elsewhere, alerts={rule.name for rule in alerts} - elsewhere, elsewhere=sorted(pages & elsewhere)
    )


def _seconds_long(lab: Lab, found: list[AlertRule]) -> list[dict[str, Any]]:
    """The rules over seconds instead of minutes and hours. The check ends as failed if one is no PromQL."""
    windows: list[float] = []
    for rule in found:
        try:
            windows += ranges(rule.expression)
        except PromqlError as error:
            lab.require(
                False, did="read the service's rules", observed=f"{rule.name} is no PromQL: {error}",  # noqa: FBT003
                expected="rules that Prometheus takes", excerpt=rule.expression[:300],
            )  # fmt: skip
    factor = max(1.0, min(windows, default=SHORTEST) / SHORTEST)
    made: dict[str, dict[str, Any]] = {}
    for rule in found:
        one: dict[str, Any] = {"alert" if rule.alerts else "record": rule.name}
        one["expr"] = shortened(rule.expression, factor)
        one["labels"] = {name: str(value) for name, value in rule.labels.items()}
        if rule.alerts and (lasting := seconds(rule.lasting)):
            one["for"] = milliseconds(min(LONGEST_FOR, lasting / factor))
        made.setdefault(f"{rule.name} {one['labels']}", one)
    return list(made.values())


def _labels(found: list[AlertRule]) -> dict[str, str]:
    """The labels that the rules expect on the service's series from service discovery."""
    votes: dict[str, Counter[str]] = {}
    for rule in found:
        for matcher in asked(rule.expression).matchers:
            if matcher.label in DISCOVERED and (value := _matching(matcher)):
                votes.setdefault(matcher.label, Counter())[value] += 1
    return {label: counted.most_common(1)[0][0] for label, counted in votes.items()}


def _matching(matcher: Matcher) -> str:
    """A value that a matcher takes; "" if it takes a label that is not there, or none is found."""
    if matcher.how == "=":
        return matcher.value
    if matcher.how != "=~":
        return ""
    first = matcher.value.strip("()^$").split("|")[0]
    value = re.sub(r"\\(.)", r"\1", first.replace(".*", "").replace(".+", "x").replace("[^/]+", "x"))
    try:
        return value if re.fullmatch(matcher.value, value) else ""
    except re.error:
        return ""
