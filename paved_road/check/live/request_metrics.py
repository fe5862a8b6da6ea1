"""What a service counts is what was sent to it, and what fails is counted too."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Mapping

from paved_road.check.live.exercise import UNKNOWN
from paved_road.check.live.exposition import Exposition, MalformedMetrics, Series, parsed
from paved_road.check.live.lab import POLL, Instance, Lab
from paved_road.check.live.standin import StandIn, status
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check
from paved_road.text.counts import counted

GOOD, UNKNOWN_PATHS = 7, 3
"""How many requests of each kind are sent; the numbers differ, so that no other counter has both by chance."""
TRIES = 3
"""Measurements, since a service may count an earlier request after its answer."""
SOON = 3.0
"""Fair seconds that a count may take from the answer."""
RUNTIME = re.compile(
    r"^(process|python|go|jvm|nodejs|dotnet|promhttp|scrape|gc|event_?loop|tomcat|logback|system|executor)_"
)
"""Metrics of the process itself; they move by themselves."""
ERROR = re.compile(r"^4(04|xx)$|error|fail|not.?found", re.IGNORECASE)

Steps = Mapping[Series, float]


@live_check("metrics")
async def metrics(lab: Lab) -> None:
    """Counters and a latency histogram move by exactly what was sent; a failing dependency moves something.

    Raises `NotApplicable` if the contract names no path of metrics.
    """
    if lab.contract.metrics is None:
        raise NotApplicable("the run contract names no path of metrics (probes.metrics)")
    sample = lab.sample
    async with lab.service() as service:
        usual = Usual(lab, service)
        await usual.learn()
        for _ in range(TRIES):
            before = await usual.scrape()
            for _request in range(GOOD):
                await service.ask(sample)
            between = await usual.after(before, GOOD)
            for _request in range(UNKNOWN_PATHS):
                await service.ask(UNKNOWN)
            end = await usual.after(between, UNKNOWN_PATHS)
            good, unknown = usual.moved(before, between), usual.moved(between, end)
            found = _counted(good, unknown), _timed(end, good, unknown)
            if all(found):
                break
        _tell(lab, found, good, unknown)
        for other in lab.contract.samples[1:]:
            await service.ask(other)
        known = {*good, *unknown, *usual.moved(end, await usual.scrape())}
        for standin in lab.standins.values():
            await _failing(lab, service, usual, standin, known)


class Usual:
    """Scrapes a service, and knows which of its series move by themselves."""

    def __init__(self, lab: Lab, service: Instance) -> None:
        self._lab, self._service = lab, service
        self._restless: set[Series] = set()

    async def learn(self) -> None:
        """Look at what moves while nobody sends anything but scrapes."""
        first = await self.scrape()
        self._lab.expect(
            bool(first.values), did=f"GET {self._lab.contract.metrics}",
            observed=counted(len(first.values), "time series", "time series"),
            expected="metrics in Prometheus' text format",
        )  # fmt: skip
        second = await self.scrape()
        third = await self.scrape()
        self._restless = set(second.since(first)) & set(third.since(second))  # a late count moves only once

    async def scrape(self) -> Exposition:
        """The metrics now; the check ends as failed if Prometheus would refuse them."""
        text = await self._service.metrics()
        try:
            return parsed(text)
        except MalformedMetrics as error:
            self._lab.require(
                False, did=f"GET {self._lab.contract.metrics}", observed=str(error),  # noqa: FBT003 (it does not hold)
                expected="metrics in Prometheus' text format", excerpt=text[:300],
            )  # fmt: skip
            raise

    async def after(self, before: Exposition, step: float) -> Exposition:
        """The metrics as soon as something has moved by so much, or soon after."""
        watch = self._service.stopwatch()
        while True:
            now = await self.scrape()
            if step in _totals(self.moved(before, now)).values() or watch.seconds > SOON:
                return now
            await asyncio.sleep(POLL)

    async def until_new(self, before: Exposition, known: set[Series]) -> set[str]:
        """The names of series that move now and did not before; none if that does not happen soon."""
        watch = self._service.stopwatch()
        while True:
            moved = self.moved(before, await self.scrape())
            new = {name for name, labels in moved if (name, labels) not in known}
            if new or watch.seconds > SOON:
                return new
            await asyncio.sleep(POLL)

    def moved(self, before: Exposition, now: Exposition) -> dict[Series, float]:
        """What requests have moved between two scrapes."""
        steps = now.since(before).items()
        return {series: step for series, step in steps if series not in self._restless and not RUNTIME.match(series[0])}


def _totals(steps: Steps) -> dict[str, float]:
    """How far each name has moved over all its labels; buckets, sums and creation times are no counts."""
    totals: dict[str, float] = defaultdict(float)
    for (name, _), step in steps.items():
        if not name.endswith(("_bucket", "_sum", "_created")):
            totals[name] += step
    return totals


def _counted(good: Steps, unknown: Steps) -> str:
    """The name of the metric that counts requests, and tells those that fail from others."""
    before, after = _totals(good), _totals(unknown)
    for name in sorted(before):
        apart = any(ERROR.search(value) for (each, labels), _ in unknown.items() if each == name for _, value in labels)
        if (before[name], after.get(name)) == (GOOD, UNKNOWN_PATHS) and apart:
            return name
    return ""


def _timed(exposition: Exposition, good: Steps, unknown: Steps) -> str:
    """The name of the histogram that measures requests."""
    before, after = _totals(good), _totals(unknown)
    for name in sorted(before):
        family = name.removesuffix("_count")
        if family == name or exposition.kind(name) != "histogram":
            continue
        full = sum(
            step for (each, labels), step in good.items() if each == f"{family}_bucket" and ("le", "+Inf") in labels
        )
        if (before[name], after.get(name), full) == (GOOD, UNKNOWN_PATHS, GOOD):
            return family
    return ""


def _tell(lab: Lab, found: tuple[str, str], good: Steps, unknown: Steps) -> None:
    counter, histogram = found
    did = f"{GOOD} times {lab.sample}, {UNKNOWN_PATHS} times {UNKNOWN}, and scraped before and after"
    totals = {
        name: (_totals(good).get(name, 0), _totals(unknown).get(name, 0))
        for name in {*_totals(good), *_totals(unknown)}
    }
    moved = "\n".join(f"{name}: +{first:g}, +{second:g}" for name, (first, second) in sorted(totals.items()))
    lab.expect(
        bool(counter), did=did, observed=f"{counter} counted them" if counter else "no counter moved by both numbers",
        expected="a counter of requests that moves by exactly that, and tells failures by a label such as the status",
        excerpt=moved[:800],
    )  # fmt: skip
    lab.expect(
        bool(histogram), did=did, observed=f"{histogram} measured them" if histogram else "no histogram moved by both",
        expected="a histogram of the latency of requests that moves by exactly that", excerpt=moved[:800],
    )  # fmt: skip


async def _failing(lab: Lab, service: Instance, usual: Usual, standin: StandIn, known: set[Series]) -> None:
    """Let one dependency answer 503, and look for a metric that moves only then."""
    before = await usual.scrape()
    standin.forget()
    await standin.behave(status(503))
    for sample in lab.contract.samples:
        await service.ask(sample)
    name = standin.dependency.name
    if standin.calls:
        new = await usual.until_new(before, known)
        lab.expect(
            bool(new), did=f"sent the samples while {name} answers 503",
            observed=f"{', '.join(sorted(new)[:5])} moved" if new else "nothing moved that does not move otherwise",
            expected=f"a metric that tells that {name} fails",
        )  # fmt: skip
    await standin.recover()
