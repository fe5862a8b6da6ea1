"""What a stamped service admits and refuses, as a process under a real load, beside the simulation of it."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import statistics
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import limit
from bench.service import PROJECT, PYTHON, stamp
from paved_road.process.ports import free_port
from paved_road.testing import ask_until, running

SECONDS = 15.0  # of each load
AFTER = 8.0  # seconds at half the capacity, after an overload
COMPUTES = "/compute/0.02"
Load = Iterable[tuple[float, str]]  # when a request is sent, in seconds, and its path


def main() -> str:
    """The section of bench/RESULTS.md."""
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as port:
        live = asyncio.run(measure(port))
    return f"{limit.table()}\n\n{live}"


@contextmanager
def service(folder: Path) -> Iterator[int]:
    """The port of a stamped service whose routes wait or compute."""
    port = free_port()
    env = {
        "PYTHONPATH": str(stamp(folder)),
        "PORT": str(port),
        "INTERNAL_PORT": str(free_port()),
        "HOST": "127.0.0.1",
        "DRAIN_SECONDS": "0",
        "INVENTORY_URL": "http://127.0.0.1:9",
    }
    script = Path(__file__).with_name("service_worker.py")
    with running(PYTHON, script, "loaded", cwd=PROJECT, env=env):
        if ask_until(port, "/sleep/0", 200).status != 200:
            raise SystemExit("the service does not answer")
        yield port


async def measure(port: int) -> str:
    """Bearable traffic first, then twice and ten times what the service can do."""
    busy, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    callers = Callers(port)
    mixed = await callers.send(bimodal())
    capacities = [await callers.capacity(3)]
    lines = [
        "| live: a stamped service under uvicorn | rate | refused | goodput | p99 of admitted | recovery |",
        "|---|---|---|---|---|---|",
        f"| half wait 1 s, half 5 ms | {len(mixed) / (2 * SECONDS):.0f}/s | {refused(mixed)} | | | |",
    ]
    good = refused(mixed) == 0
    for factor, title in ((2, "twice the capacity, computes 20 ms"), (10, "ten times the capacity")):
        rate = factor * capacities[-1]
        log = await callers.send(overload(rate, capacities[-1] / 2))
        capacities.append(await callers.capacity(3))  # before and after, since the machine is not always as fast
        verdict = judge(log, statistics.mean(capacities[-2:]))
        good = good and verdict.good
        goodput, p99, recovery = str(verdict).split(", ")
        lines.append(f"| {title} | {rate:.0f}/s | {refused(log) / len(log):.0%} | {goodput} | {p99} | {recovery} |")
    judgement = "met" if good else "MISSED"
    if busy > cores:
        judgement = "not judged, because other processes kept the machine busy"
    return "\n".join(lines) + (
        f"\n\nLive, the bar is {judgement}. Load of the machine before:\n{busy:.1f} on {cores} cores. Capacity, with"
        f" one request after the other: {', '.join(f'{each:.0f}/s' for each in capacities)}."
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """When a request should have been sent, its status, and the seconds until its answer was there."""

    at: float
    status: int
    seconds: float


class Callers:
    """As many connections as it takes, each kept for the next request."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, load: Load) -> list[Answer]:
        """Send each request at its time, whether or not the others have been answered."""
        loop = asyncio.get_running_loop()
        start = loop.time()

        async def one(at: float, path: str) -> Answer:
            await asyncio.sleep(start + at - loop.time())
            status = await self._ask(path)
            return Answer(at=at, status=status, seconds=loop.time() - start - at)

        return await asyncio.gather(*(one(at, path) for at, path in load))

    async def capacity(self, seconds: float) -> float:
        """Requests that compute and are served per second, one after the other."""
        loop = asyncio.get_running_loop()
        start, served = loop.time(), 0
        while loop.time() < start + seconds:
            served += await self._ask(COMPUTES) == 200
        return served / (loop.time() - start)

    async def _ask(self, path: str) -> int:
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: orders\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
        self._idle.append((reader, writer))
        return int(head.split()[1])


def poisson(path: str, rate: float, begin: float, end: float) -> Iterator[tuple[float, str]]:
    """Requests that come independently of each other, `rate` per second."""
    chance = random.Random(f"{path} {begin}")
    at = begin + chance.expovariate(rate)
    while at < end:
        yield at, path
        at += chance.expovariate(rate)


def bimodal() -> Load:
    """What one core bears easily."""
    return itertools.chain(poisson("/sleep/1", 50, 0, 2 * SECONDS), poisson("/sleep/0.005", 50, 0, 2 * SECONDS))


def overload(rate: float, after: float) -> Load:
    """Requests that compute, too many at first."""
    return itertools.chain(poisson(COMPUTES, rate, 0, SECONDS), poisson(COMPUTES, after, SECONDS, SECONDS + AFTER))


def refused(log: list[Answer]) -> int:
    """How many were."""
    return sum(each.status == 503 for each in log)


def judge(log: list[Answer], capacity: float) -> limit.Verdict:
    """As in the simulation."""
    admitted = sorted(each.seconds for each in log if each.at < SECONDS and each.status != 503)
    in_time = [each for each in log if each.status == 200 and each.seconds <= limit.OBJECTIVE]
    bad = (each.at for each in log if each.status != 200 or each.seconds > limit.OBJECTIVE)
    return limit.Verdict(
        goodput=sum(each.at + each.seconds < SECONDS for each in in_time) / (SECONDS * capacity),
        p99=admitted[int(0.99 * len(admitted))],
        recovery=max((at for at in bad if at >= SECONDS), default=SECONDS) - SECONDS,
    )
