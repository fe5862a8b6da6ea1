"""What a service does with answers that are no answers: a login page, garbage, another type, far too much."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from paved_road.check.live import standin as ways
from paved_road.check.live.dependencies import Trouble, calling, hurt
from paved_road.check.live.lab import POLL, Instance, Lab
from paved_road.check.live.standin import HUGE, Healthy, StandIn
from paved_road.check.live.steady import observe, shape_of
from paved_road.check.model import NotApplicable
from paved_road.check.registry import live_check

NOTICED_WITHIN = 1.0
"""Fair seconds after the answer in which a metric or a log line tells of it."""
RUNTIME_METRICS = ("process_", "python_", "go_", "jvm_", "nodejs_", "system_", "promhttp_", "scrape_")
DISTRIBUTIONS = ("_bucket", "_sum", "_created")
"""They change with how long something took, whatever it was."""
NOTHING_SAID = (b"", b"{}", b"[]", b"null", b"true")
SERIES = re.compile(r"^([A-Za-z_:][\w:]*)(\{.*\})?[ \t]+(\S+)", re.MULTILINE)


@live_check("wrong-answers")
async def wrong_answers(lab: Lab) -> None:
    """A wrong answer of a dependency that is not critical ends in no error, is noticed, and takes no memory.

    Raises `NotApplicable` if every dependency is critical, or no sample calls one that is not.
    """
    if not lab.optional:
        which = "that is not critical speaks HTTP" if lab.relays else "can be done without: all are critical"
        raise NotApplicable(f"no dependency of the run contract {which}")
    async with lab.service() as service:
        signs = Signs(service)
        await signs.mark()
        known = await observe(lab, service)
        await service.is_live()
        await signs.learn()
        reached = False
        for standin, callers in calling(lab.optional, known):
            usual = await standin.healthy_answer(callers[0].calls[standin.dependency.name][0])
            for trouble in wrong_answers_for(usual):
                await signs.mark()
                reached |= await hurt(lab, service, standin, callers, trouble, noticed=signs.found)
            memory = PeakMemory(service)
            trouble = Trouble(says=f"answers with {HUGE // 2**20} MB", behaviour=ways.huge)
            await signs.mark()
            noticed = signs.found if is_read(usual) else None
            reached |= await hurt(lab, service, standin, callers, trouble, noticed=noticed)
            _expect_little_memory(lab, standin, await memory.growth())
        if not reached:
            raise NotApplicable("the service answers from what it keeps, and asks no dependency again")


def is_read(usual: Healthy) -> bool:
    """Whether the service has a reason to read the body: it is JSON that says something."""
    return "json" in usual.content_type and usual.body.strip() not in NOTHING_SAID


def wrong_answers_for(usual: Healthy) -> list[Trouble]:
    """What a dependency with this healthy answer says wrongly; nobody has to look at a body that says nothing."""
    refusals = [
        Trouble(says="answers 401", behaviour=ways.status(401)),
        Trouble(says="answers 403", behaviour=ways.status(403)),
    ]
    if not is_read(usual):
        return refusals
    other: object = [] if usual.body.lstrip().startswith(b"{") else {"unexpected": True}
    return [
        *refusals,
        Trouble(says="answers 200 with a web page", behaviour=ways.html),
        Trouble(says="answers 200 with garbage", behaviour=ways.garbage),
        Trouble(says="answers 200 with nothing", behaviour=ways.empty),
        Trouble(says="answers 200 with JSON of another type", behaviour=ways.json_body(other)),
    ]


def _expect_little_memory(lab: Lab, standin: StandIn, growth: int) -> None:
    most = max((call.sent for call in standin.calls), default=0)
    lab.expect(
        growth < HUGE // 2 or most < HUGE // 2,
        did=f"read the memory of the service while {standin.dependency.name} answered with {HUGE // 2**20} MB",
        observed=f"{growth / 2**20:.0f} MB more, after {most / 2**20:.0f} MB of the answer were sent",
        expected=f"less than {HUGE // 2**21} MB more, or an answer that is not read to its end",
    )  # fmt: skip


class PeakMemory:
    """The highest memory of an instance since the creation of this."""

    def __init__(self, service: Instance) -> None:
        self._service = service
        self._before = self._most = service.process.memory()
        self._task = asyncio.ensure_future(self._watch())

    async def growth(self) -> int:
        """Stop watching. How many bytes more than at the beginning it had at most."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self._most - self._before

    async def _watch(self) -> None:
        while True:
            self._most = max(self._most, self._service.process.memory())
            await asyncio.sleep(0.01)


class Signs:
    """Tells whether metrics or log say more than they do about requests that go well."""

    def __init__(self, service: Instance) -> None:
        self._service = service
        self._usual: set[str] = set()
        """Series of metrics and shapes of log lines that change or come whenever the service is asked."""
        self._before: Mapping[str, str] = {}
        self._read = 0, 0

    async def mark(self) -> None:
        """Look from now on."""
        self._before = await self._series()
        self._read = len(self._service.process.output), len(self._service.process.errors)

    async def learn(self) -> None:
        """Take everything since the mark for usual."""
        self._usual.update(self._changed(await self._series()), (shape_of(line) for line in self._lines()))

    async def found(self) -> str:
        """The first unusual sign since the mark; "" if there is none after a while."""
        watch = self._service.stopwatch()
        while True:
            lines = [line for line in self._lines() if shape_of(line) not in self._usual]
            unusual = [series for series in self._changed(await self._series()) if series not in self._usual]
            if unusual or lines:
                return unusual[0] if unusual else lines[0][:200]
            if watch.seconds > NOTICED_WITHIN:
                return ""
            await asyncio.sleep(POLL)

    def _changed(self, now: Mapping[str, str]) -> list[str]:
        return sorted(series for series, value in now.items() if self._before.get(series, "0") != value)

    def _lines(self) -> list[str]:
        process = self._service.process
        new = process.output[self._read[0] :] + "\n" + process.errors[self._read[1] :]
        return [line for line in new.splitlines() if line.strip()]

    async def _series(self) -> dict[str, str]:
        if self._service.contract.metrics is None:
            return {}
        found = SERIES.finditer(await self._service.metrics())
        return {
            name + labels: value
            for name, labels, value in ((each[1], each[2] or "", each[3]) for each in found)
            if not name.startswith(RUNTIME_METRICS) and not name.endswith(DISTRIBUTIONS)
        }
