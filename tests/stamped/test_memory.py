"""Memory, connections and threads stay what they are, however many requests there were and however they ended."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.stamped.world import Start, World, hammer

ROUNDS = 6


def resident(world: World) -> float:
    """Megabytes."""
    (line,) = [
        line for line in Path(f"/proc/{world.process.pid}/status").read_text().splitlines() if line.startswith("VmRSS")
    ]
    return int(line.split()[1]) / 1024


def flattest(world: World, requests: int, megabytes: float, callers: int = 8) -> float:
    """How much the memory grows in the flattest of some rounds of requests.

    A leak grows in every round, however busy the machine is. What is allocated once, late on a busy machine, is in
    one or two of them; the first flat one ends it.
    """
    grown: list[float] = []
    while len(grown) < ROUNDS and min(grown, default=megabytes) >= megabytes:
        before = resident(world)
        assert hammer(world.port, "/orders/1", requests=requests, callers=callers) == {200: requests}
        grown.append(resident(world) - before)
    return min(grown)


def files(world: World) -> int:
    return len(list(Path(f"/proc/{world.process.pid}/fd").iterdir()))


def threads(world: World) -> int:
    return len(list(Path(f"/proc/{world.process.pid}/task").iterdir()))


@pytest.mark.parametrize(
    ("requests", "megabytes"),
    [pytest.param(4_000, 3, id="short"), pytest.param(100_000, 5, id="long", marks=pytest.mark.soak)],
)
def test_it_is_flat_over_many_requests(start: Start, patience: dict[str, str], requests: int, megabytes: float) -> None:
    # Traces that nobody takes must not pile up either.
    world = start(**patience, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    with world.inventory():
        hammer(world.port, "/orders/1", requests=2_000)
        grown = flattest(world, requests, megabytes)
    assert grown < megabytes, f"{grown:.1f} MB more each time after {requests} requests"


@pytest.mark.parametrize(
    "requests", [pytest.param(1_000, id="short"), pytest.param(20_000, id="long", marks=pytest.mark.soak)]
)
def test_it_is_flat_while_a_dependency_hangs(start: Start, requests: int) -> None:
    world = start()
    with world.inventory() as inventory:
        hammer(world.port, "/orders/1", requests=1_000, callers=50)
        open_before, threads_before = files(world), threads(world)
        inventory.send_signal(signal.SIGSTOP)
        grown = flattest(world, requests, 8, callers=50)
        inventory.send_signal(signal.SIGCONT)
    assert grown < 8, f"{grown:.1f} MB more each time after {requests} requests into a dependency that hangs"
    assert files(world) <= open_before + 5
    assert threads(world) <= threads_before, "requests are served without threads"
    assert threads_before < 10
