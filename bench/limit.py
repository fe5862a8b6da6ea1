"""Which limit sheds what a service can bear, and which saves it from overload: a simulation in virtual time.

A real asyncio loop runs here, with sockets and a clock of its own: what a handler computes moves the clock, and what
arrives meanwhile waits in the kernel until the loop looks at its sockets again. So the order of everything is the
order of a real service with one loop on one core, and an hour costs nothing.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import random
import selectors
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

PACKAGE = Path(__file__).parents[1] / "templates/service/template/src/{{ package }}/paved"
# `paved` without its __init__, which would import the web framework.
sys.modules.setdefault("paved", ModuleType("paved")).__path__ = [str(PACKAGE)]

from paved.limit import Admission, Priority  # noqa: E402
from paved.resilience.bulkhead import Bulkhead  # noqa: E402

OBJECTIVE = 0.5  # seconds, for 99 % of what is admitted
GOODPUT = 0.9  # of what the service can do, in overload
RECOVERY = 5.0  # seconds after the end of the load
DEADLINE = 10.0  # REQUEST_TIMEOUT_SECONDS
# CPU seconds until a request is admitted, around its handler, and for a refusal. A stamped service takes 200-210 us for
# a request whose handler does nothing, and 90-110 us for one that it refuses.
READ, SERVE, REFUSE = 0.00006, 0.00015, 0.00004


# -- the machine -------------------------------------------------------------------------------------------------------


class Sockets(selectors.DefaultSelector):
    """What has arrived is ready when the loop looks; where the loop would wait, it is that time already."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._serial = count()
        self._pending: list[tuple[float, int, Callable[[], object]]] = []

    def at(self, when: float, callback: Callable[[], object]) -> None:
        """It is ready at `when`."""
        heapq.heappush(self._pending, (when, next(self._serial), callback))

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready."""
        if self._pending and self._pending[0][0] > self.now:
            until = self._pending[0][0] - self.now
            self.now += until if timeout is None else min(timeout, until)
        elif timeout and not self._pending:
            self.now += timeout
        ready = []
        while self._pending and self._pending[0][0] <= self.now:
            ready.append(heapq.heappop(self._pending)[2])
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop on a machine with one core that is as fast as `spend` says."""

    def __init__(self) -> None:
        self._sockets = Sockets()
        super().__init__(self._sockets)
        self.cpu = 0.0  # seconds
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Seconds."""
        return self._sockets.now

    def at(self, when: float, callback: Callable[[], object]) -> None:
        """Call it when the loop looks at its sockets for the first time after `when`."""
        self._sockets.at(when, callback)

    def spend(self, seconds: float) -> None:
        """Compute: nothing else runs meanwhile."""
        self._sockets.now += seconds
        self.cpu += seconds

    def _process_events(self, event_list: list[Callable[[], object]]) -> None:
        for callback in event_list:
            self.call_soon(callback)


# -- requests ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Compute:
    """It takes the core for this long."""

    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """For a dependency; `bulkhead`: through the client's bulkhead, whose fallback is immediate."""

    seconds: float
    bulkhead: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a client sends, and how its handler will go."""

    at: float
    steps: tuple[Compute | Wait, ...]
    status: int = 200
    deadline: float = DEADLINE
    priority: Priority = Priority.NORMAL


@dataclass(kw_only=True, slots=True)
class Ended:
    """How a request ended, as its caller saw it."""

    request: Request
    status: int
    at: float

    @property
    def seconds(self) -> float:
        """Since it was sent."""
        return self.at - self.request.at


class Policy(Protocol):
    """Decides about requests, and may learn from how long they took."""

    async def acquire(self, priority: Priority, /) -> object:
        """What is true refuses the request."""

    def ended(self, seconds: float, status: int, /) -> None:
        """An admitted request has ended."""


@dataclass(kw_only=True)
class Service:
    """One instance."""

    loop: SimulatedLoop
    policy: Policy
    log: list[Ended] = field(default_factory=list)
    bulkhead: Bulkhead = field(default_factory=lambda: Bulkhead(50, 50))
    expected: int = 0
    all_ended: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def arrive(self, request: Request) -> None:
        """A request has been read from its socket."""
        task = self.loop.create_task(self.serve(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def note(self, request: Request, status: int) -> None:
        """It has ended."""
        self.log.append(Ended(request=request, status=status, at=self.loop.time()))
        if len(self.log) == self.expected:
            self.all_ended.set()

    async def serve(self, request: Request) -> None:
        """Admit and answer it, or refuse it."""
        deadline = self.loop.time() + request.deadline
        self.loop.spend(READ)
        if await self.policy.acquire(request.priority):
            self.loop.spend(REFUSE)
            self.note(request, 503)
            return
        began = self.loop.time()
        status = 504
        try:
            async with asyncio.timeout_at(deadline):
                if deadline > began:
                    await self.handle(request)
                    status = request.status
        except TimeoutError:
            pass
        self.note(request, status)
        self.policy.ended(self.loop.time() - began, status)

    async def handle(self, request: Request) -> None:
        """Take its steps."""
        self.loop.spend(SERVE)
        for step in request.steps:
            if isinstance(step, Compute):
                self.loop.spend(step.seconds)
            elif not step.bulkhead:
                await self._wait(step.seconds)
            elif await self.bulkhead.acquire(1.0):
                try:
                    await self._wait(step.seconds)
                finally:
                    self.bulkhead.release()

    async def _wait(self, seconds: float) -> None:
        answer: asyncio.Future[None] = self.loop.create_future()
        self.loop.at(self.loop.time() + seconds, partial(_resolve, answer))
        await answer


def _resolve(answer: asyncio.Future[None]) -> None:
    if not answer.done():  # its request was cancelled
        answer.set_result(None)


def simulate(make_policy: Callable[[SimulatedLoop], Policy], requests: Iterable[Request]) -> list[Ended]:
    """What became of each request, in the order in which they ended."""
    loop = SimulatedLoop()
    service = Service(loop=loop, policy=make_policy(loop))

    async def run() -> list[Ended]:
        service.expected = 0
        for request in requests:
            loop.at(request.at, partial(service.arrive, request))
            service.expected += 1
        await service.all_ended.wait()
        return service.log

    try:
        return loop.run_until_complete(run())
    finally:
        loop.close()


# -- policies ----------------------------------------------------------------------------------------------------------


class NoLimit:
    """Everything is admitted."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.loop = loop
        self.in_flight = 0

    async def acquire(self, _: Priority) -> object:
        """Admit it."""
        self.in_flight += 1
        return None

    def ended(self, _seconds: float, _status: int) -> None:
        """Count it."""
        self.in_flight -= 1


class Fixed(NoLimit):
    """A fixed limit of 200 requests in flight."""

    limit: float = 200

    async def acquire(self, priority: Priority) -> object:
        """Admit it below the limit."""
        return self.in_flight >= self.limit or await super().acquire(priority)


class FixedWithQueue:
    """The same, and a queue in which a request may wait 0.4 s for a slot."""

    def __init__(self, _: SimulatedLoop) -> None:
        self._slots = Bulkhead(200, 100_000)

    async def acquire(self, _: Priority) -> object:
        """Wait for a slot."""
        return not await self._slots.acquire(0.4)

    def ended(self, _seconds: float, _status: int) -> None:
        """Give the slot to the next."""
        self._slots.release()


class Windowed(Fixed, ABC):
    """Netflix's limits change by the mean duration in a window of time (WindowedLimit)."""

    limit = 20.0
    window = 1.0  # seconds
    samples = 10  # at least

    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__(loop)
        self._closes = 0.0
        self._durations: list[float] = []
        self._peak, self._dropped = 0, False

    def ended(self, seconds: float, status: int) -> None:
        """Learn from it."""
        self._peak = max(self._peak, self.in_flight)
        super().ended(seconds, status)
        if seconds >= 0.0001:
            self._durations.append(seconds)
        self._dropped = self._dropped or status == 504
        if self.loop.time() < self._closes:
            return
        if len(self._durations) >= self.samples:
            self.update(sum(self._durations) / len(self._durations), self._peak, self._dropped)
        self._closes = self.loop.time() + self.window
        self._durations, self._peak, self._dropped = [], 0, False

    @abstractmethod
    def update(self, seconds: float, in_flight: int, dropped: bool) -> None:
        """A window has closed."""


class Gradient2(Windowed):
    """Gradient2Limit of Netflix's concurrency-limits with its defaults and windows of 1 s."""

    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__(loop)
        self._usual, self._updates = 0.0, 0

    def update(self, seconds: float, in_flight: int, _dropped: bool) -> None:
        """Shrink while the window is slower than one and a half times the long average."""
        self._updates += 1
        self._usual += (1 / self._updates if self._updates <= 10 else 2 / 601) * (seconds - self._usual)
        usual = self._usual
        if usual > 2 * seconds:
            self._usual *= 0.95
        if in_flight >= self.limit / 2:
            gradient = max(0.5, min(1.0, 1.5 * usual / seconds))
            self.limit = max(20.0, min(200.0, 0.8 * self.limit + 0.2 * (self.limit * gradient + 4)))


class ShortGradient2(Gradient2):
    """What version 1.1.0 of the template has: Gradient2 with windows of 0.1 s."""

    window = 0.1


class Vegas(Windowed):
    """VegasLimit of the same library, likewise."""

    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__(loop)
        self._random = random.Random(1)
        self._shortest = math.inf
        self._windows, self._jitter = 0, self._random.uniform(0.5, 1)

    def update(self, seconds: float, in_flight: int, dropped: bool) -> None:
        """Estimate the queue by the shortest mean duration, which is forgotten now and then."""
        self._windows += 1
        if self._windows >= self._jitter * 30 * self.limit:
            self._windows, self._jitter = 0, self._random.uniform(0.5, 1)
            self._shortest = seconds
        elif seconds < self._shortest:
            self._shortest = seconds
        else:
            self.limit = max(1.0, min(1000.0, self.limit + self._step(seconds, in_flight, dropped)))

    def _step(self, seconds: float, in_flight: int, dropped: bool) -> int:
        step = max(1, int(math.log10(self.limit)))
        queue = math.ceil(self.limit * (1 - self._shortest / seconds))
        if dropped:
            return -step
        if in_flight * 2 < self.limit:
            return 0
        if queue <= step:
            return 6 * step
        if queue < 3 * step:
            return step
        return -step if queue > 6 * step else 0


class Turn(NoLimit):
    """A request lets the loop turn once, and is refused if that took over 0.2 s."""

    async def acquire(self, priority: Priority) -> object:
        """Measure one turn."""
        came = self.loop.time()
        await asyncio.sleep(0)
        return self.loop.time() - came > self.patience() or await super().acquire(priority)

    def patience(self) -> float:
        """Seconds."""
        return 0.2


class CoDel(Turn):
    """The same, judged as in "Fail at Scale": at most 0.1 s, and 5 ms if the queue has not been empty for 0.1 s."""

    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__(loop)
        self._last_empty, self._watching, self._came = 0.0, False, False

    async def acquire(self, priority: Priority) -> object:
        """Measure one turn, and watch whether requests come in the next one."""
        self._came = True
        if not self._watching:
            self._watching, self._last_empty = True, self.loop.time()
            self.loop.call_soon(self._turn)
        return await super().acquire(priority)

    def patience(self) -> float:
        """Seconds."""
        return 0.1 if self.loop.time() - self._last_empty < 0.1 else 0.005

    def _turn(self) -> None:
        self._watching, self._came = self._came, False
        if self._watching:
            self.loop.call_soon(self._turn)


class Road:
    """What the template has: paved/limit.py itself."""

    def __init__(self, loop: SimulatedLoop) -> None:
        admission = Admission(clock=loop.time, cpu=lambda: loop.cpu)
        self.acquire: Callable[[Priority], Coroutine[None, None, object]] = admission.acquire
        self._release = admission.release

    def ended(self, _seconds: float, _status: int) -> None:
        """Durations are not looked at."""
        self._release()


POLICIES: dict[str, Callable[[SimulatedLoop], Policy]] = {
    "no limit": NoLimit,
    "fixed": Fixed,
    "fixed, queue": FixedWithQueue,
    "1.1.0": ShortGradient2,
    "Gradient2": Gradient2,
    "Vegas": Vegas,
    "one turn": Turn,
    "CoDel": CoDel,
    "**1.2.0**": Road,
}


# -- scenarios ---------------------------------------------------------------------------------------------------------


def route(*steps: float, **options: Any) -> Callable[[float], Request]:
    """A maker of requests that compute, wait, compute, ... for these seconds."""
    made = tuple(
        Wait(seconds=seconds) if index % 2 else Compute(seconds=seconds) for index, seconds in enumerate(steps)
    )
    return lambda at: Request(at=at, steps=made, **options)


def poisson(
    make: Callable[[float], Request], rate: float, begin: float, end: float, seed: int = 0
) -> Iterator[Request]:
    """Requests that come independently of each other, `rate` per second."""
    chance = random.Random(f"{rate} {begin} {seed}")
    at = begin + chance.expovariate(rate)
    while at < end:
        yield make(at)
        at += chance.expovariate(rate)


def at_once(make: Callable[[float], Request], number: int, at: float) -> Iterator[Request]:
    """Requests of one moment."""
    return (make(at) for _ in range(number))


FAST = route(0.001, 0.005, 0.0005)
SLOW = route(0.001, 1.0, 0.0005)
LATER = route(0.001, 0.5, 0.019)
TURNS = route(0.001, 0.02, 0.006, 0.02, 0.006, 0.02, 0.006)
USUAL = route(0.001, 0.05, 0.0005)
HEAVY = route(0.02)  # computes
LATE = route(0.001, 0.05, 0.019)  # computes when its dependency has answered
UNMATCHED = route(0.0001, status=404)
INVALID = route(0.0003, status=422)
HASTY = route(0.001, 0.1, 0.0005, deadline=0.01)


def bimodal() -> Iterator[Request]:
    """Half of the requests wait 1 s, half 5 ms."""
    yield from poisson(SLOW, 50, 0, 150)
    yield from poisson(FAST, 50, 0, 150, seed=1)


def many() -> Iterator[Request]:
    """300 requests a second that wait 1 s."""
    return poisson(SLOW, 300, 0, 40)


def drifting() -> Iterator[Request]:
    """The mix of two routes drifts from one to the other."""
    chance = random.Random(2)
    for request in poisson(FAST, 120, 0, 150):
        yield route(0.001, 0.3, 0.0005)(request.at) if chance.random() < request.at / 150 else request


def unmatched() -> Iterator[Request]:
    """805 requests for unknown paths in 5 s."""
    yield from poisson(route(0.001, 0.2, 0.0005), 100, 0, 120)
    yield from poisson(UNMATCHED, 161, 30, 35)


def invalid() -> Iterator[Request]:
    """200 invalid requests (422) a second."""
    yield from poisson(route(0.001, 0.2, 0.0005), 100, 0, 120)
    yield from poisson(INVALID, 200, 30, 50)


def hasty() -> Iterator[Request]:
    """Half of the callers set a deadline of 10 ms."""
    yield from poisson(route(0.001, 0.2, 0.0005), 100, 0, 120)
    yield from poisson(HASTY, 100, 30, 60)


def idle() -> Iterator[Request]:
    """An hour idle, then a burst."""
    yield from poisson(USUAL, 50, 0, 60)
    yield from at_once(USUAL, 150, 3660)
    yield from poisson(USUAL, 200, 3660, 3690)


def cold() -> Iterator[Request]:
    """A cold start with 40 requests at once."""
    yield from at_once(route(0.001, 0.4, 0.0005), 40, 0)
    yield from poisson(route(0.001, 0.4, 0.0005), 100, 0, 60)


def cold_full() -> Iterator[Request]:
    """A cold start with 170 requests at once."""
    yield from at_once(USUAL, 170, 0)
    yield from poisson(USUAL, 400, 0.1, 30)


def fallback() -> Iterator[Request]:
    """A dependency takes 1 s and has a fallback."""
    for request in poisson(USUAL, 150, 0, 90):
        seconds = 1.0 if 30 <= request.at < 60 else 0.05
        yield Request(
            at=request.at,
            steps=(Compute(seconds=0.001), Wait(seconds=seconds, bulkhead=True), Compute(seconds=0.0005)),
        )


def heavy() -> Iterator[Request]:
    """70 % of a core in pieces of 20 ms."""
    return poisson(HEAVY, 0.7 / (READ + SERVE + 0.02), 0, 300)


def busy() -> Iterator[Request]:
    """85 % of a core in pieces of 2 ms."""
    return poisson(route(0.002, 0.02, 0.0018), 0.85 / (READ + SERVE + 0.0038), 0, 120)


def blocked() -> Iterator[Request]:
    """A handler blocks the loop for 0.3 s."""
    yield from poisson(USUAL, 300, 0, 60)
    yield from (route(0.3)(at) for at in (10, 20, 30, 40))


BEARABLE = (
    bimodal,
    many,
    drifting,
    unmatched,
    invalid,
    hasty,
    idle,
    cold,
    cold_full,
    fallback,
    heavy,
    busy,
    blocked,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Overload:
    """`factor` times what one core can do of a route, between seconds 10 and 40; half of it before and after."""

    make: Callable[[float], Request]
    factor: float

    @property
    def capacity(self) -> float:
        """Requests per second that a core can serve if it does nothing else."""
        steps = self.make(0).steps
        return 1 / (READ + SERVE + sum(step.seconds for step in steps if isinstance(step, Compute)))

    def requests(self) -> Iterator[Request]:
        """All of them."""
        yield from poisson(self.make, self.capacity / 2, 0, 10)
        yield from poisson(self.make, self.capacity * self.factor, 10, 40)
        yield from poisson(self.make, self.capacity / 2, 40, 60)


OVERLOADS = {
    "twice the capacity, computes 20 ms": Overload(make=HEAVY, factor=2),
    "ten times the capacity": Overload(make=HEAVY, factor=10),
    "twice, waits 50 ms before it computes": Overload(make=LATE, factor=2),
    "ten times": Overload(make=LATE, factor=10),
    "twice, computes and waits in turns": Overload(make=TURNS, factor=2),
    "twice, waits 0.5 s before it computes": Overload(make=LATER, factor=2),
}
BAR = tuple(OVERLOADS)[:2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How a service did in overload. The time that a route waits for its dependency does not count as late."""

    goodput: float  # answered within the objective, as a share of the capacity
    p99: float  # seconds, of what was admitted
    recovery: float  # seconds from the end of the load until nothing was refused or late any more

    @property
    def good(self) -> bool:
        """Whether it meets the bar."""
        return self.goodput >= GOODPUT and self.p99 <= OBJECTIVE and self.recovery <= RECOVERY

    def __str__(self) -> str:
        return f"{self.goodput:.0%}, {_seconds(self.p99)}, {_seconds(self.recovery)}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.0f} s"


def shed(log: list[Ended]) -> float:
    """The share of requests that were refused."""
    return sum(each.status == 503 for each in log) / len(log)


def judge(overload: Overload, log: list[Ended]) -> Verdict:
    """What became of the load, and of what came after it."""
    own = sum(step.seconds for step in overload.make(0).steps if isinstance(step, Wait))
    admitted = sorted(each.seconds - own for each in log if 10 <= each.request.at < 40 and each.status != 503)
    good = sum(10 <= each.at < 40 and each.status == 200 and each.seconds - own <= OBJECTIVE for each in log)
    bad = (each.request.at for each in log if each.status != 200 or each.seconds - own > OBJECTIVE)
    return Verdict(
        goodput=good / (30 * overload.capacity),
        p99=admitted[int(0.99 * len(admitted))],
        recovery=max((at for at in bad if at >= 40), default=40) - 40,
    )


# -- the section of bench/RESULTS.md -----------------------------------------------------------------------------------


def table() -> str:
    """The simulation's part of the section in bench/RESULTS.md."""
    rows = [["with capacity to spare: refused", *POLICIES]]
    for scenario in BEARABLE:
        shares = [shed(simulate(policy, scenario())) for policy in POLICIES.values()]
        rows.append([_title(scenario), *(f"{share:.1%}" if share else "0" for share in shares)])
    rows.append(["**in overload: goodput, p99, recovery**", *[""] * len(POLICIES)])
    for title, overload in OVERLOADS.items():
        verdicts = [judge(overload, simulate(policy, overload.requests())) for policy in POLICIES.values()]
        rows.append([title, *map(str, verdicts)])
    rows.insert(1, ["---"] * len(rows[0]))
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    explained = "\n".join(f"- {name}: {_title(policy)}." for name, policy in POLICIES.items())
    return f"""\
Bar: nothing refused with capacity to spare; in overload a goodput of {GOODPUT:.0%} of the capacity, a p99 of admitted
requests within {OBJECTIVE} s (without what the route waits for its dependency), and recovery within {RECOVERY:.0f} s,
where a handler computes without waiting. With the other routes, a load becomes visible late. A simulation in virtual
time: an asyncio loop on one core whose clock moves when a handler computes. Refusing takes CPU, too:
{1e6 * (READ + REFUSE):.0f} us for each request, {9 * (READ + REFUSE) / 0.02:.0%} of the core at ten times the capacity.

{table}

{explained}"""


def _title(described: object) -> str:
    return (described.__doc__ or "").rstrip(".")
