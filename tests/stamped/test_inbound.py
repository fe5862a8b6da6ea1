"""What strangers send to a service, at the size and the number that takes one down: memory and slots are bounded.

The service is a real process with real sockets. Each limit on its own is tested in the service's test_protocol.py.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from paved_road.process.ports import free_port
from paved_road.testing import PATIENCE, ask_until, running
from tests.stamped.test_memory import resident
from tests.stamped.world import World

APP = """
import asyncio, time
from typing import Any
from fastapi import FastAPI
from starlette.responses import StreamingResponse
from orders import SERVICE
from orders.paved import RoadSettings, Runtime, run

def create_app(settings: RoadSettings) -> FastAPI:
    runtime = Runtime(SERVICE, settings)
    app = runtime.app()

    @app.post("/echo")
    async def echo(body: list[Any]) -> int:
        return len(body)

    @app.get("/sleep/{seconds}")
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)

    @app.get("/thread")
    def thread() -> None:
        time.sleep(3600)

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def body() -> Any:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)
        return StreamingResponse(body())

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass

    if settings.otel_exporter_otlp_endpoint:
        runtime.background("stubborn", stubborn)
    return app

run(SERVICE, RoadSettings, create_app)
"""
SLOTS = 20
GET = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

Serve = Callable[..., World]


@contextmanager
def serving(folder: Path, tmp_path: Path, **settings: str) -> Iterator[World]:
    program, log = tmp_path / "app.py", tmp_path / "log"
    program.write_text(APP)
    port, internal = free_port(), free_port()
    env = {
        "PORT": str(port),
        "INTERNAL_PORT": str(internal),
        "HOST": "127.0.0.1",
        "DRAIN_SECONDS": "0",
        "GRACE_SECONDS": "1",
        "REQUEST_TIMEOUT_SECONDS": "3600",
        "QUEUE_SECONDS": "60",  # a slow machine is no reason to refuse a request
        "CONCURRENCY_MAX": str(SLOTS * 10 // 9),  # of which normal requests may fill nine tenths
    }
    with running(folder / ".venv/bin/python", program, cwd=folder, env=env | settings, log=log) as process:
        assert ask_until(internal, "/readyz", 200, process=process).status == 200, log.read_text()
        yield World(folder=folder, port=port, internal_port=internal, inventory_port=0, process=process, log=log)


@pytest.fixture
def serve(installed: Path, tmp_path: Path) -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serving(installed, tmp_path, **settings))


@contextmanager
def clients(world: World, number: int, sent: bytes = b"", *, window: int = 0) -> Iterator[list[socket.socket]]:
    """So many connections that have sent this, and read nothing yet."""
    with ExitStack() as stack:
        opened = []
        for _ in range(number):
            client = stack.enter_context(socket.socket())
            client.settimeout(PATIENCE)
            if window:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            client.connect(("127.0.0.1", world.port))
            client.sendall(sent)
            opened.append(client)
        yield opened


def status(client: socket.socket) -> int:
    return int(client.recv(65_536).split(b" ", 2)[1])


def metric(world: World, name: str, **labels: str) -> float:
    """Of all series that have these labels, the sum."""
    lines = re.findall(rf"^{name}(?:{{(.*)}})? (\S+)$", world.get("/metrics").body, re.MULTILINE)
    return sum(
        float(value) for found, value in lines if all(f'{key}="{text}"' in found for key, text in labels.items())
    )


def eventually(world: World, name: str, value: float, **labels: str) -> None:
    until = time.monotonic() + PATIENCE
    while (found := metric(world, name, **labels)) != value:
        assert time.monotonic() < until, f"{name} is {found:g} and never {value:g}"
        time.sleep(0.05)


def test_forty_megabytes_of_json_are_refused_before_they_are_read(serve: Serve) -> None:
    world = serve()
    before = resident(world)
    body = json.dumps([{"a": number, "b": "x" * 20} for number in range(950_000)]).encode()
    assert len(body) > 40_000_000
    with clients(world, 1, POST + b"Content-Length: %d\r\n\r\n" % len(body)) as (client,):
        assert status(client) == 413
    with clients(world, 1, POST + b"Transfer-Encoding: chunked\r\n\r\n") as (client,):
        try:
            for start in range(0, len(body), 1_000_000):
                client.sendall(b"f4240\r\n" + body[start : start + 1_000_000].ljust(1_000_000) + b"\r\n")
        except OSError:
            pass  # it has hung up
        assert status(client) == 413
    assert resident(world) - before < 5


def test_three_hundred_megabytes_of_headers_are_refused_after_sixteen_kilobytes(serve: Serve) -> None:
    world = serve()
    before = resident(world)
    with clients(world, 1, b"GET /sleep/0 HTTP/1.1\r\nHost: a\r\nX-Long: ") as (client,):
        try:
            for _ in range(300):
                client.sendall(b"x" * 1_000_000)
        except OSError:
            pass
        assert status(client) == 431
    assert resident(world) - before < 5


def test_slow_uploads_take_no_slots(serve: Serve) -> None:
    world = serve()
    with clients(world, 2 * SLOTS, POST + b"Content-Length: 1000\r\n\r\n[1,") as slow:
        for _ in range(3):
            for client in slow:
                client.sendall(b"1, ")
            assert world.get("/sleep/0").status == 200
        assert metric(world, "http_server_active_requests") == 0


def test_who_hangs_up_frees_the_slot(serve: Serve) -> None:
    world = serve()
    with clients(world, SLOTS, GET % b"sleep/3600"):
        eventually(world, "http_server_active_requests", SLOTS)
        assert world.get("/sleep/0").status == 503
    eventually(world, "http_server_active_requests", 0)
    counted = "http_server_request_duration_seconds_count"
    eventually(world, counted, SLOTS, http_response_status_code="499", http_route="/sleep/{seconds}")
    assert metric(world, counted, http_response_status_code="200", http_route="/sleep/{seconds}") == 0
    assert world.get("/sleep/0").status == 200


def test_who_does_not_read_loses_the_slot(serve: Serve) -> None:
    world = serve(CLIENT_TIMEOUT_SECONDS="1")
    with clients(world, SLOTS, GET % b"endless", window=4096):
        eventually(world, "http_server_active_requests", 0)
        assert world.get("/sleep/0").status == 200


CROWDS = {
    "idle": b"",
    "slow heads": b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: a",
    "many headers": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"x%d:a\r\n" % number for number in range(90)),
    "large heads": b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"x" * 15_000,
    "slow bodies": POST + b"Content-Length: 100000\r\n\r\n[" + b"1," * 20_000,
    "pipelines": (GET % b"sleep/3600") * 1_000,
}


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize(
    ("number", "megabytes"),
    # 4 for MAX_BUFFERED_BYTES, what the kernel and Python add to it, and 7 KB for each connection.
    [pytest.param(400, 30, id="400"), pytest.param(9_900, 90, id="10000", marks=pytest.mark.soak)],
)
def test_memory_is_bounded_however_many_clients_there_are(
    serve: Serve, crowd: str, number: int, megabytes: float
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = number + 200
    assert hard == resource.RLIM_INFINITY or hard >= needed, f"the system allows {hard} open files, not {needed}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    world = serve(CLIENT_TIMEOUT_SECONDS="3600")
    try:
        before = resident(world)
        with clients(world, number, CROWDS[crowd]):
            if crowd != "pipelines":  # which take all slots
                assert world.get("/sleep/0").status == 200
            assert world.get("/readyz").status == 200
            grown = resident(world) - before
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert grown < megabytes, f"{number} clients, {crowd}: {grown:.0f} MB more"


def test_it_ends_in_time_even_if_everything_hangs(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as collector:  # takes traces, and never answers
        world = serve(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.getsockname()[1]}",
            OTEL_TRACES_SAMPLER_ARG="1",
        )
        assert world.get("/sleep/0").status == 200
        with clients(world, 1, GET % b"endless"), clients(world, 1, GET % b"thread"):
            eventually(world, "http_server_active_requests", 2)
            world.process.send_signal(signal.SIGTERM)
            world.process.wait(PATIENCE)
    assert world.process.returncode in (0, 1)  # it ended itself
    assert "background task does not end" in world.log.read_text()


@pytest.mark.parametrize("seconds", [30, 31])
def test_settings_that_need_more_time_than_there_is_are_refused(installed: Path, tmp_path: Path, seconds: int) -> None:
    program, log = tmp_path / "app.py", tmp_path / "log"
    program.write_text(APP)
    env = {
        "PORT": str(free_port()),
        "INTERNAL_PORT": str(free_port()),
        "DRAIN_SECONDS": "1",
        "GRACE_SECONDS": "20",
        "TERMINATION_SECONDS": str(seconds),
    }
    with running(installed / ".venv/bin/python", program, cwd=installed, env=env, log=log) as process:
        if seconds == 31:
            assert ask_until(int(env["INTERNAL_PORT"]), "/readyz", 200, process=process).status == 200
        else:
            assert process.wait(PATIENCE) == 2
            assert log.read_text() == (
                "orders: TERMINATION_SECONDS: must be at least DRAIN_SECONDS + GRACE_SECONDS + 10 (31)\n"
            )
