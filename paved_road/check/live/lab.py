"""The lab of a live check: instances of the service, stand-ins for its dependencies, and the evidence.

Each check gets a lab of its own, so that no check sees what another one did:

    @live_check("hanging-dependencies")
    async def hanging_dependencies(lab: Lab) -> None:
        async with lab.service() as service:
            for standin in lab.standins.values():
                await standin.behave(hang)
                answer = await service.ask(lab.sample)
                lab.expect(
                    0 < answer.status < 500, did=f"{lab.sample} while {standin.dependency.name} hangs",
                    observed=str(answer), expected="an answer below 500",
                )
                await standin.recover()
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from paved_road.check.contract.model import RunContract, Sample
from paved_road.check.live.relay import Relay
from paved_road.check.live.standin import HealthyAnswers, StandIn
from paved_road.check.model import Evidence, NotApplicable
from paved_road.process import ask, ports, running
from paved_road.process.ask import Reply
from paved_road.process.fair import Stopwatch
from paved_road.process.running import RunningProgram

PATIENCE = 60.0
"""Seconds that a check waits for something that must come, before it says that it does not."""
NO_PROXY = "127.0.0.1,localhost,.invalid"
"""What a service under a check must reach itself, whatever proxy this machine uses."""
POLL = 0.02
"""Seconds between two questions of the same kind."""
BUSY = 0.05
"""Seconds of waiting for a core that can break what a service would otherwise have kept."""


class NoSteadyState(Exception):
    """The service does not run as its contract says even when nothing hurts it, so nothing can be learned from it."""


class PromiseBroken(Exception):
    """A promise is broken, and the rest of the check would say nothing more."""


class Instance:
    """One running copy of the service."""

    def __init__(self, process: RunningProgram, contract: RunContract, port: int, probe_port: int) -> None:
        self.process, self.contract, self.port, self.probe_port = process, contract, port, probe_port

    async def ask(
        self, sample: Sample, *, headers: Mapping[str, str] | None = None, body: bytes | None = None,
        within: float = PATIENCE,
    ) -> Reply:  # fmt: skip
        """Send one request on a connection of its own. The answer's seconds are fair ones (`process.fair`)."""
        watch = self.stopwatch()
        answer = await ask.ask(
            self.port, sample.method, sample.target, within=within,
            headers={**self.contract.headers, **sample.headers, **(headers or {})},
            body=sample.body if body is None else body,
        )  # fmt: skip
        return replace(answer, seconds=min(answer.seconds, watch.seconds))

    async def ask_fairly(self, sample: Sample, *, within: float) -> Reply:
        """`ask`, and wait for so many fair seconds at most: a busy machine gives the service more time."""
        watch = self.stopwatch()
        asking = asyncio.ensure_future(self.ask(sample))
        try:
            while watch.seconds <= within:
                if (await asyncio.wait((asking,), timeout=0.1))[0]:
                    return await asking
        finally:
            asking.cancel()
        return Reply(error="no answer", seconds=watch.seconds)

    async def probe(self, path: str, *, within: float = PATIENCE) -> Reply:
        """Ask a probe's path, as a platform does."""
        watch = self.stopwatch()
        answer = await ask.ask(self.probe_port, "GET", path, within=within)
        return replace(answer, seconds=min(answer.seconds, watch.seconds))

    async def is_ready(self) -> bool:
        """Whether it says that it can take requests."""
        return (await self.probe(self.contract.ready)).status == 200

    async def is_live(self) -> bool:
        """Whether it says that its process works."""
        return (await self.probe(self.contract.live)).status == 200

    async def until(self, *, ready: bool, within: float) -> float | None:
        """Wait until its readiness is this. The fair seconds that it took; None if it took longer than `within`."""
        watch = self.stopwatch()
        while await self.is_ready() is not ready:
            if watch.seconds > within or self.process.code is not None:
                return None
            await asyncio.sleep(POLL)
        return watch.seconds

    async def metrics(self) -> str:
        """Its metrics in Prometheus' text format. Raises `NotApplicable` if the contract names no path for them."""
        if self.contract.metrics is None:
            raise NotApplicable("the run contract names no path of metrics (probes.metrics)")
        return (await self.probe(self.contract.metrics)).text

    def stopwatch(self) -> Stopwatch:
        """Measure, from now on, the time that the service could use."""
        return Stopwatch(self.process.pids)

    async def stop(self, number: int = signal.SIGTERM, *, within: float | None = None) -> tuple[int | None, float]:
        """Send a signal and wait for the end. The exit code (None: it still runs) and the fair seconds it took."""
        watch = self.stopwatch()
        self.process.signal(number)
        return await self.ended(watch, within=within)

    async def ended(self, watch: Stopwatch, *, within: float | None = None) -> tuple[int | None, float]:
        """Wait for its end until so many fair seconds of a stopwatch are over; without a number, the contract's.

        The exit code (None: it still runs) and the fair seconds it took.
        """
        limit = self.contract.stop_within if within is None else within
        while (seconds := watch.seconds) <= limit:
            if await self.process.wait(min(0.05, limit)) is not None:
                return self.process.code, seconds
        return self.process.code, seconds


@dataclass(kw_only=True)
class Lab:
    """What a live check has."""

    path: Path
    """The service's folder."""
    contract: RunContract
    seed: int
    answers: HealthyAnswers
    evidence: list[Evidence] = field(default_factory=list)
    standins: dict[str, StandIn] = field(default_factory=dict)
    """By the name of the dependency; all of them listen while the lab is open."""
    relays: dict[str, Relay] = field(default_factory=dict)
    """What stands before the dependencies that speak no HTTP, by their names."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 (repeatable on purpose)
        self._started: list[RunningProgram] = []

    async def __aenter__(self) -> Lab:
        try:
            for dependency in self.contract.dependencies:
                if dependency.url is not None:
                    self.relays[dependency.name] = Relay(dependency)
                    await self.relays[dependency.name].start()
                else:
                    self.standins[dependency.name] = StandIn(dependency, self.answers)
                    await self.standins[dependency.name].start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the stand-ins. Raises what kept one of them from behaving as it should: then nothing counts."""
        for process in self._started:
            await process.stop()
        for one in [*self.victims(critical=True), *self.victims(critical=False)]:
            await one.stop()
        for standin in self.standins.values():
            if standin.broken is not None:
                raise standin.broken

    @property
    def sample(self) -> Sample:
        """The request that users send most. Raises `NotApplicable` if the contract has none."""
        if not self.contract.samples:
            raise NotApplicable("the run contract has no sample request (sample)")
        return self.contract.samples[0]

    @property
    def critical(self) -> list[StandIn]:
        """The stand-ins of the dependencies that the service needs."""
        return [each for each in self.standins.values() if each.dependency.critical]

    @property
    def optional(self) -> list[StandIn]:
        """The stand-ins of the dependencies that it can do without."""
        return [each for each in self.standins.values() if not each.dependency.critical]

    def victims(self, *, critical: bool) -> list[StandIn | Relay]:
        """What can be made to refuse, to hang and to reset: stand-ins and relays."""
        every: list[StandIn | Relay] = [*self.standins.values(), *self.relays.values()]
        return [each for each in every if each.dependency.critical is critical]

    # -- evidence ------------------------------------------------------------------------------------------------------

    def expect(
        self, holds: bool, *, did: str, observed: str, expected: str, excerpt: str = "", seconds: float = 0.0
    ) -> bool:
        """Write down what was seen; the check fails at its end if it is not what was expected. Returns `holds`."""
        self.evidence.append(
            Evidence(did=did, observed=observed, expected=expected, excerpt=excerpt, seconds=seconds, held=holds)
        )
        return holds

    def require(
        self, holds: bool, *, did: str, observed: str, expected: str, excerpt: str = "", seconds: float = 0.0
    ) -> None:
        """`expect`, and end the check as failed if it is not so. Raises `PromiseBroken` for that."""
        if not self.expect(holds, did=did, observed=observed, expected=expected, excerpt=excerpt, seconds=seconds):
            raise PromiseBroken

    async def again_if_busy(self, trial: Callable[[], Awaitable[float]]) -> None:
        """Run a trial, which returns how many seconds the service waited for a core in it.

        If it finds a fault, and the machine was too busy to be sure that it is one, run it again, and also if the
        service does not even get to its steady state under the trial's load; the third trial counts in any case.
        """
        for left in (2, 1, 0):
            before = len(self.evidence)
            try:
                waited = await trial()
            except NoSteadyState:
                if not left:
                    raise
                continue
            if waited < BUSY or not left or all(one.held for one in self.evidence[before:]):
                return
            del self.evidence[before:]

    # -- instances -----------------------------------------------------------------------------------------------------

    def environment(
        self, port: int, probe_port: int, settings: Mapping[str, str] | None = None, without: Collection[str] = ()
    ) -> dict[str, str]:
        """The environment of an instance: this process's own, the contract's settings, ports and stand-ins."""
        direct = {name: ",".join(filter(None, (os.environ.get(name), NO_PROXY))) for name in ("NO_PROXY", "no_proxy")}
        env = {**os.environ, **direct, **self.contract.settings}
        env |= {each.dependency.env: each.address for each in self.standins.values()}
        env |= {each.dependency.env: each.address for each in self.relays.values()}
        if self.contract.port_env:
            env[self.contract.port_env] = str(port)
        if self.contract.probe_port_env:
            env[self.contract.probe_port_env] = str(probe_port)
        env |= settings or {}
        return {name: value for name, value in env.items() if name not in without}

    async def start(
        self, *, settings: Mapping[str, str] | None = None, without: Collection[str] = (), port: int | None = None,
        probe_port: int | None = None, stdout: int | None = None, stderr: int | None = None,
    ) -> Instance:  # fmt: skip
        """Start an instance, and do not wait for anything. The caller stops its process, at the latest the lab does.

        `settings` override the environment; variables in `without` are not set. Raises `NoSteadyState` if the command
        cannot be started.
        """
        contract = self.contract
        port = port or (contract.port if contract.port_env is None else None) or ports.free_port()
        probe_port = (probe_port or ports.free_port()) if contract.probe_port_env else port
        env = self.environment(port, probe_port, settings, without)
        try:
            process = await running.start(contract.start, cwd=self.path, env=env, stdout=stdout, stderr=stderr)
        except OSError as error:
            raise NoSteadyState(f"{contract.start[0]} cannot be started: {error.strerror}") from error
        self._started.append(process)
        return Instance(process, contract, port, probe_port)

    @contextlib.asynccontextmanager
    async def service(
        self, *, settings: Mapping[str, str] | None = None, without: Collection[str] = (), port: int | None = None
    ) -> AsyncIterator[Instance]:
        """An instance in its steady state: it is ready, and answers the sample. It is gone after the block.

        Raises `NoSteadyState` if it does not get there.
        """
        instance = await self.start(settings=settings, without=without, port=port)
        try:
            await self.steady(instance)
            yield instance
        finally:
            await instance.process.stop()

    async def steady(self, instance: Instance) -> None:
        """Wait until an instance is ready and answers the sample well. Raises `NoSteadyState` if it does not."""
        await self.ready(instance)
        if not self.contract.samples:
            return
        answer = await instance.ask(self.sample)
        if not 200 <= answer.status < 300:
            raise NoSteadyState(f"{self.sample}: {answer}: {answer.text[:200]}{self._not_http()}")

    async def ready(self, instance: Instance) -> None:
        """Wait until an instance is ready, and send it nothing else. Raises `NoSteadyState` if it does not get so."""
        if await instance.until(ready=True, within=max(PATIENCE, self.contract.ready_within)) is None:
            code = instance.process.code
            how = "it does not get ready" if code is None else f"it ended with exit code {code}"
            raise NoSteadyState(f"{how}: {_last(instance.process.said)}")

    def _not_http(self) -> str:
        """What came to the stand-ins and is no HTTP/1.1, for the reason why nothing works."""
        came = {each.dependency.name: each.not_http[-1] for each in self.standins.values() if each.not_http}
        return "".join(f"; {name} got {what} instead of HTTP/1.1" for name, what in came.items())


def _last(text: str, lines: int = 3) -> str:
    """The last lines of a text, on one line."""
    return " | ".join([line for line in text.splitlines() if line.strip()][-lines:]) or "it wrote nothing"
