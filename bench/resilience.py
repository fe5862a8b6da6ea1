"""What calling a dependency through the stamped resilience client costs, beside public libraries: CPU per call.

`main` runs this file as a program in .venv-bench, where the peers and what a stamped service needs are installed.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paved.resilience.client import Client
    from paved.resilience.model import Observer, Request, Response

HERE = Path(__file__)
PYTHON = HERE.parent.parent / ".venv-bench" / "bin" / "python"
RUNTIME = HERE.parent.parent / "templates" / "service" / "template" / "src" / "{{ package }}"
BARE = "the bare await"
OURS = "**ours**: deadline, attempt timeout, retry, budget, breaker, bulkhead, fallback"

Call = Callable[[], Awaitable[object]]


def main(rounds: int = 60) -> str:
    """The section of bench/RESULTS.md."""
    done = subprocess.run([PYTHON, HERE, str(rounds)], check=True, capture_output=True, text=True)
    result = json.loads(done.stdout)
    timings: dict[str, list[float]] = result["microseconds"]
    bare = timings.pop(BARE)
    over = {
        name: [each - base for each, base in zip(each_run, bare, strict=True)] for name, each_run in timings.items()
    }
    ours = over[OURS]
    lines = ["| stack | us over the bare await, least | median | against ours |", "|---|---|---|---|"]
    for name, cost in over.items():
        ratio = statistics.median(mine / base for mine, base in zip(cost, ours, strict=True))
        lines.append(f"| {name} | {min(cost):.1f} | {statistics.median(cost):.1f} | {ratio:.2f} |")
    return (
        f"Bar: ours at most 10 us over the bare await. CPU of one call that succeeds at once; {rounds} interleaved "
        f"rounds of 500 calls each. {result['versions']}.\n\n" + "\n".join(lines)
    )


async def measure(rounds: int, calls: int = 500) -> dict[str, list[float]]:
    """Microseconds of CPU per call, by stack and round."""
    stacks: dict[str, Call] = {BARE: bare()}
    for make in (
        timeout_alone,
        ours,
        ours_with_metrics,
        ours_with_a_model,
        httpware_four,
        pyresilience_five,
        hyx_five,
        stamina_and_purgatory,
    ):
        name, call = make()
        stacks[name] = call
    timings: dict[str, list[float]] = {name: [] for name in stacks}
    for number in range(-2, rounds):
        for name, call in stacks.items():
            begun = time.process_time_ns()
            for _ in range(calls):
                await call()
            if number >= 0:
                timings[name].append((time.process_time_ns() - begun) / calls / 1000)
    return timings


def bare() -> Callable[[], Coroutine[object, object, Response]]:
    """What each of the others wraps."""
    from paved.resilience.model import Response

    response = Response(status=200, body=b"{}")

    async def send() -> Response:
        return response

    return send


def timeout_alone() -> tuple[str, Call]:
    """The least that anything with a time limit costs."""
    send = bare()

    async def call() -> object:
        async with asyncio.timeout(1):
            return await send()

    return "`asyncio.timeout` alone", call


def ours() -> tuple[str, Call]:
    """The stamped client without metrics, as the peers are."""
    client = _client(None)
    return OURS, lambda: client.get("/items/42")


def ours_with_metrics() -> tuple[str, Call]:
    """The stamped client as a service has it: Prometheus metrics of each call and each attempt."""
    from paved.dependencies import DependencyMetrics, DependencyObserver
    from prometheus_client import CollectorRegistry

    observer = DependencyObserver(DependencyMetrics(CollectorRegistry()), "inventory")
    client = _client(observer)
    return "**ours**, with its Prometheus metrics", lambda: client.get("/items/42")


def ours_with_a_model() -> tuple[str, Call]:
    """The stamped client that also validates the answer."""
    client = _client(None)
    return "**ours**, with the answer validated by pydantic", lambda: client.get("/items/42", dict[str, int])


def _client(observer: Observer | None) -> Client:
    from paved.resilience.client import Client
    from paved.resilience.model import Dependency

    send = bare()

    class Transport:
        async def send(self, request: Request, left: float) -> Response:  # noqa: ARG002
            return await send()

    return Client(Dependency(name="inventory", base_url="", fallback={}), Transport(), observer=observer)


def httpware_four() -> tuple[str, Call]:
    """The one whose semantics are ours (tests/stamped/runtime/test_against_httpware.py)."""
    import httpx2
    from httpware import AsyncBulkhead, AsyncCircuitBreaker, AsyncRetry, AsyncTimeout, RetryBudget
    from httpware.middleware.chain import compose_async

    request, response = httpx2.Request("GET", "http://inventory.test/items/42"), httpx2.Response(200)

    async def send(_: httpx2.Request) -> httpx2.Response:
        return response

    chain = compose_async(
        [
            AsyncTimeout(timeout=2),
            AsyncBulkhead(max_concurrent=50),
            AsyncRetry(max_attempts=2, budget=RetryBudget()),
            AsyncCircuitBreaker(failure_rate_threshold=0.5, window_seconds=10),
        ],
        send,
    )
    return "httpware: total timeout, bulkhead, retry, budget, breaker", lambda: chain(request)


def pyresilience_five() -> tuple[str, Call]:
    """One decorator."""
    import pyresilience

    call = pyresilience.resilient(
        retry=pyresilience.RetryConfig(max_attempts=2),
        timeout=pyresilience.TimeoutConfig(seconds=1),
        circuit_breaker=pyresilience.CircuitBreakerConfig(sliding_window_size=100, minimum_calls=20),
        fallback=pyresilience.FallbackConfig(handler=lambda _: {}),
        bulkhead=pyresilience.BulkheadConfig(max_concurrent=50),
    )(bare())
    return "pyresilience: timeout, retry, breaker, bulkhead, fallback", call


def hyx_five() -> tuple[str, Call]:
    """Five decorators."""
    from hyx.bulkhead import bulkhead
    from hyx.circuitbreaker import consecutive_breaker
    from hyx.fallback import fallback
    from hyx.retry import retry
    from hyx.timeout import timeout

    async def degraded(*_: object) -> object:
        return {}

    call: Call = bare()
    for decorate in (
        timeout(1),
        consecutive_breaker(),
        retry(attempts=2),
        bulkhead(max_concurrency=50, max_capacity=100),
        fallback(degraded),
    ):
        call = decorate(call)
    return "hyx: timeout, retry, breaker, bulkhead, fallback", call


def stamina_and_purgatory() -> tuple[str, Call]:
    """A retry library and a breaker library, with asyncio's own timeout and semaphore."""
    import stamina
    from purgatory import AsyncCircuitBreakerFactory

    send, breakers, slots = bare(), AsyncCircuitBreakerFactory(), asyncio.Semaphore(50)

    async def once() -> object:
        async with slots, await breakers.get_breaker("inventory"), asyncio.timeout(1):
            return await send()

    call: Call = stamina.retry(on=OSError, attempts=2, timeout=2)(once)
    return "stamina and purgatory, with `asyncio.timeout` and `asyncio.Semaphore`", call


if __name__ == "__main__":
    sys.path.insert(0, str(RUNTIME))
    peers = ("httpware", "pyresilience", "hyx", "stamina", "purgatory")
    versions = ", ".join(f"{name} {version(name)}" for name in peers)
    print(
        json.dumps(
            {
                "microseconds": asyncio.run(measure(int(sys.argv[1]))),
                "versions": f"Python {sys.version.split()[0]}, {versions}",
            }
        )
    )
