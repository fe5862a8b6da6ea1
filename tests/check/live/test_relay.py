"""What stands before a dependency that speaks no HTTP, and the checks of a service that has one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from paved_road.check.contract.model import ContractDependency, RunContract, Sample
from paved_road.check.contract.resolve import resolve_contract
from paved_road.check.live import standin as ways
from paved_road.check.live.relay import Relay
from paved_road.check.live.running_checks import run_live
from paved_road.check.live.standin import NoHealthyAnswer
from paved_road.check.model import Verdict
from paved_road.check.registry import LiveCheck, built_in_checks
from paved_road.errors import ContractError
from paved_road.findings import Outcome
from paved_road.process import ports


@pytest.fixture
def database() -> Iterator[int]:
    """The port of a server that answers each line with the line in capitals."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(1000):
                connection.sendall(data.upper())

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    accepting.join()


def ledger(port: int, **given: Any) -> ContractDependency:
    url = f"postgres://me:secret@127.0.0.1:{port}/ledger?x=1"
    return ContractDependency(**{"name": "ledger", "env": "LEDGER_URL", "critical": True, "url": url, **given})


@contextlib.asynccontextmanager
async def relaying(port: int) -> AsyncIterator[Relay]:
    relay = Relay(ledger(port))
    try:
        await relay.start()
        async with asyncio.timeout(30):
            yield relay
    finally:
        await relay.stop()


def run(port: int, test: Callable[[Relay], Awaitable[None]]) -> None:
    async def within() -> None:
        async with relaying(port) as relay:
            await test(relay)

    asyncio.run(within())


async def said(relay: Relay, text: bytes, within: float = 10.0) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    try:
        writer.write(text)
        return await asyncio.wait_for(reader.read(1000), within)
    finally:
        writer.close()


def test_the_address_keeps_all_but_the_place(database: int) -> None:
    async def test(relay: Relay) -> None:
        assert relay.address == f"postgres://me:secret@127.0.0.1:{relay.port}/ledger?x=1"

    run(database, test)


def test_it_passes_bytes_on_and_counts(database: int) -> None:
    async def test(relay: Relay) -> None:
        assert await said(relay, b"select") == b"SELECT"
        assert [call.body for call in relay.calls] == [b"select"]
        relay.forget()
        assert relay.calls == []

    run(database, test)


def test_it_refuses_hangs_resets_and_recovers(database: int) -> None:
    async def test(relay: Relay) -> None:
        for _ in range(2):
            await relay.behave(ways.refuse)
            await relay.behave(ways.refuse)
            with pytest.raises(ConnectionRefusedError):
                await said(relay, b"a")
            await relay.behave(ways.hang)
            with pytest.raises(TimeoutError):
                await said(relay, b"a", within=0.05)
            await relay.behave(ways.reset)
            with pytest.raises(ConnectionResetError):
                await said(relay, b"a")
            await relay.recover()
            assert await said(relay, b"a") == b"A"

    run(database, test)


def test_a_connection_that_is_open_already_hangs_too_and_goes_on(database: int) -> None:
    async def test(relay: Relay) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(b"a")
        assert await reader.read(10) == b"A"
        await relay.behave(ways.hang)
        writer.write(b"b")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(10), 0.05)
        await relay.recover()
        assert await reader.read(10) == b"B"
        writer.close()

    run(database, test)


def test_it_cannot_answer_in_a_language_that_it_does_not_know(database: int) -> None:
    async def test(relay: Relay) -> None:
        with pytest.raises(ValueError, match="does not know the language"):
            await relay.behave(ways.status(500))

    run(database, test)


def test_the_real_one_has_to_run() -> None:
    with pytest.raises(NoHealthyAnswer, match=r"ledger speaks no HTTP, so it has to run, and nothing listens on 127"):
        run(ports.free_port(), lambda _: asyncio.sleep(0))


# -- checks ------------------------------------------------------------------------------------------------------------

SERVICE = """
import http.server, os, socket
from urllib.parse import urlsplit
URL = urlsplit(os.environ["LEDGER_URL"])
CAREFUL = os.environ["CAREFUL"] == "yes"

def asked():
    with socket.create_connection((URL.hostname, URL.port), 0.3 if CAREFUL else None) as connection:
        connection.settimeout(0.3 if CAREFUL else None)
        connection.sendall(b"total")
        return connection.recv(100).decode() or None

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, text = 200, "live" if self.path == "/livez" else asked()
        except OSError:
            status, text = 503, "no ledger"
        if text is None:
            status, text = 503, "no ledger"
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *_): pass

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def judged(tmp_path: Path, slug: str, dependency: ContractDependency, *, careful: bool = True) -> Verdict:
    (tmp_path / "service.py").write_text(SERVICE)
    check = built_in_checks()[slug]
    assert isinstance(check, LiveCheck)
    contract = RunContract(
        start=(sys.executable, "service.py"), port_env="PORT", port=None, live="/livez", ready="/readyz", deadline=1.0,
        dependencies=(dependency,), samples=(Sample(method="GET", target="/total"),), ready_within=10.0,
        settings={"CAREFUL": "yes" if careful else "no"},
    )  # fmt: skip
    (verdict,) = run_live([check], tmp_path, contract, seed=1)
    return verdict


def test_a_service_that_survives_its_database_passes(tmp_path: Path, database: int) -> None:
    verdict = judged(tmp_path, "critical-dependency-down", ledger(database))
    assert verdict.outcome is Outcome.PASSED, verdict
    assert "GET /total while ledger hangs" in [one.did for one in verdict.evidence]


def test_one_that_waits_for_its_database_fails(tmp_path: Path, database: int) -> None:
    verdict = judged(tmp_path, "critical-dependency-down", ledger(database), careful=False)
    assert verdict.outcome is Outcome.FAILED, verdict
    assert "GET /total while ledger hangs: no answer" in verdict.message


def test_one_that_needs_its_database_and_says_that_it_does_not_fails(tmp_path: Path, database: int) -> None:
    verdict = judged(tmp_path, "fallbacks", ledger(database, critical=False))
    assert verdict.outcome is Outcome.FAILED, verdict
    assert verdict.message.startswith("GET /total while ledger refuses connections: 503")
    assert "GET /total while ledger resets the connection" in [one.did for one in verdict.evidence]


def test_a_check_without_the_real_one_is_an_error(tmp_path: Path) -> None:
    verdict = judged(tmp_path, "critical-dependency-down", ledger(ports.free_port()))
    assert verdict.outcome is Outcome.ERROR
    assert verdict.message.startswith("ledger speaks no HTTP, so it has to run")


# -- the contract ------------------------------------------------------------------------------------------------------

RUN = """\
start: ./serve
port: {env: PORT}
probes: {live: /livez, ready: /readyz}
sample: GET /
dependencies:
  ledger: {env: LEDGER_URL, critical: true, url: "%s"}
"""


def resolved(tmp_path: Path, url: str) -> RunContract:
    (tmp_path / "run.yml").write_text(RUN % url)
    return resolve_contract(tmp_path)


@pytest.mark.parametrize("url", ["postgres://me@127.0.0.1/db", "redis://localhost:6380/0", "postgresql+asyncpg://h/x"])
def test_an_address_is_taken_as_it_is(tmp_path: Path, url: str) -> None:
    assert resolved(tmp_path, url).dependencies[0].url == url


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://127.0.0.1:80", "is for what speaks no HTTP"), ("127.0.0.1:5432", "must be an address with a host"),
        ("other://127.0.0.1/x", "must be an address with a host and a port"), ("redis://a:b:c", "is not an address"),
    ],
)  # fmt: skip
def test_what_is_no_such_address_is_a_fault_with_its_line(tmp_path: Path, url: str, wrong: str) -> None:
    with pytest.raises(ContractError) as error:
        resolved(tmp_path, url)
    assert f"dependencies.ledger.url {wrong}" in f"{error.value} {error.value.cause}"
