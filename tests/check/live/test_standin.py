"""Stand-ins: each behaviour as a client sees it, and as the stand-in counts it; and stubs that do not work."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from paved_road.check.contract.model import ContractDependency, Sample
from paved_road.check.live import standin as ways
from paved_road.check.live.healthy import HealthyDependencies
from paved_road.check.live.running_checks import run_live
from paved_road.check.live.standin import Behaviour, NoHealthyAnswer, StandIn
from paved_road.check.model import Verdict
from paved_road.check.registry import LiveCheck, built_in_checks
from paved_road.findings import Outcome
from paved_road.process.ask import Reply, ask
from tests.check.twin import INVENTORY, contract

ITEMS = ContractDependency(name="items", env="ITEMS_URL", critical=False, answer=b'{"stock": 17}', suffix="/api")


@contextlib.asynccontextmanager
async def standing_in(dependency: ContractDependency = ITEMS, path: Path = Path()) -> AsyncIterator[StandIn]:
    answers = HealthyDependencies(path)
    standin = StandIn(dependency, answers)
    try:
        await answers.start([dependency])
        await standin.start()
        async with asyncio.timeout(60):
            yield standin
    finally:
        await standin.stop()
        await answers.stop()


def run(test: Callable[[StandIn], Awaitable[None]], **given: Any) -> None:
    async def within() -> None:
        async with standing_in(**given) as standin:
            await test(standin)

    asyncio.run(within())


def seen(behaviour: Behaviour, within: float = 20.0) -> Reply:
    """What a caller gets, and that the next healthy answer is right."""
    replies = []

    async def test(standin: StandIn) -> None:
        await standin.behave(behaviour)
        replies.append(await ask(standin.port, "GET", "/api/items/1", within=within))
        await standin.recover()
        again = await ask(standin.port, "GET", "/api/items/1")
        assert (again.status, again.body) == (200, b'{"stock": 17}')
        assert await standin.idle()

    run(test)
    return replies[0]


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [(ways.refuse, "refused"), (ways.hang_up, "reset"), (ways.reset, "reset"), (ways.hang, "timed out")],
)
def test_no_answer_comes(behaviour: Behaviour, error: str) -> None:
    assert seen(behaviour, within=0.1 if error == "timed out" else 20.0).error == error


@pytest.mark.parametrize(
    ("behaviour", "status", "content_type", "body"),
    [
        (ways.healthy, 200, "application/json", b'{"stock": 17}'), (ways.status(401), 401, "application/json", b"{"),
        (ways.html, 200, "text/html", b"<!doctype html>"), (ways.garbage, 200, "application/json", b"\x00\xff"),
        (ways.empty, 200, "application/json", b""), (ways.json_body([1]), 200, "application/json", b"[1]"),
    ],
)  # fmt: skip
def test_an_answer_comes(behaviour: Behaviour, status: int, content_type: str, body: bytes) -> None:
    reply = seen(behaviour)
    assert (reply.status, reply.headers["content-type"]) == (status, content_type)
    assert reply.body.startswith(body)
    assert bool(body) == bool(reply.body)


def test_a_status_comes_with_its_headers() -> None:
    assert seen(ways.status(429, retry_after="30")).headers["retry-after"] == "30"


def test_a_slow_answer_is_right_and_not_early() -> None:
    reply = seen(ways.slow(0.05))
    assert (reply.body, reply.seconds >= 0.05) == (b'{"stock": 17}', True)


def test_an_answer_that_drips_is_right_and_lasts() -> None:
    reply = seen(ways.drip(0.002, lasting=0.06))
    assert reply.json() == {"stock": 17}
    assert reply.seconds >= 0.05


def test_a_huge_answer_is_huge() -> None:
    reply = seen(ways.huge)
    assert int(reply.headers["content-length"]) > ways.HUGE
    assert not reply.error


def test_the_first_requests_are_answered_in_another_way() -> None:
    async def test(standin: StandIn) -> None:
        await standin.behave(ways.first(2, ways.status(503)))
        assert [(await ask(standin.port, "GET", "/")).status for _ in range(4)] == [503, 503, 200, 200]

    run(test)


def test_it_counts_what_it_sees() -> None:
    async def test(standin: StandIn) -> None:
        await standin.behave(ways.hang)
        assert not await standin.called(within=0.01)
        asking = [asyncio.ensure_future(ask(standin.port, "GET", f"/api/{number}")) for number in range(20)]
        assert await standin.called(20)
        assert (standin.in_flight, standin.most_in_flight) == (20, 20)
        assert not await standin.idle(within=0.01)
        for one in asking:
            one.cancel()
        assert await standin.idle()
        assert all(call.left for call in standin.calls)
        standin.forget()
        assert (standin.calls, standin.most_in_flight) == ([], 0)

    run(test)


def test_requests_that_are_here_end_as_they_began() -> None:
    async def test(standin: StandIn) -> None:
        await standin.behave(ways.slow(0.05))
        asking = asyncio.ensure_future(ask(standin.port, "GET", "/"))
        assert await standin.called()
        await standin.behave(ways.status(500))
        assert (await asking).status == 200

    run(test)


def test_a_thousand_calls_from_a_client_library_are_counted_one_by_one() -> None:
    async def test(standin: StandIn) -> None:
        limits = httpx2.Limits(max_connections=50)
        async with httpx2.AsyncClient(base_url=standin.address, limits=limits, timeout=30) as client:
            answers = await asyncio.gather(*(client.get(f"/items/{number}") for number in range(1000)))
        assert {answer.json()["stock"] for answer in answers} == {17}
        assert {call.target for call in standin.calls} == {f"/api/items/{number}" for number in range(1000)}
        assert not any(call.left for call in standin.calls)
        assert standin.connections <= 50

    run(test)


def test_an_answer_of_the_contract_is_found_below_the_suffix() -> None:
    dependency = ContractDependency(name="a", env="A", critical=False, suffix="/api", answers={"GET /items/2": b"2"})

    async def test(standin: StandIn) -> None:
        assert [(await ask(standin.port, "GET", f"/api/items/{one}")).body for one in (1, 2)] == [b"{}", b"2"]

    run(test, dependency=dependency)


# -- stubs -------------------------------------------------------------------------------------------------------------

SERVER = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"at": %f}' % time.time()
        self.send_response(404 if "none" in self.path else 200)
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if "crash" in self.path:
            sys.stderr.write("no such item\\n")
            sys.stderr.flush()
            import os; os._exit(7)
    do_POST = do_GET
    def log_message(self, *_): pass
PORT = int(sys.argv[2])
"""
RUN = 'http.server.HTTPServer(("127.0.0.1", PORT), Handler).serve_forever()\n'


def stubbed(tmp_path: Path, script: str, **given: Any) -> ContractDependency:
    (tmp_path / "stub.py").write_text(script)
    return ContractDependency(name="items", env="ITEMS_URL", critical=False, stub="stub.py", **given)


def test_a_stub_answers_and_its_answer_is_kept(tmp_path: Path) -> None:
    async def test(standin: StandIn) -> None:
        first, second = [await ask(standin.port, "GET", "/items/1") for _ in range(2)]
        assert first.status == 200
        assert first.body == second.body
        assert first.headers["content-type"] == "application/json; charset=utf-8"
        assert (await ask(standin.port, "GET", "/none")).status == 404

    run(test, dependency=stubbed(tmp_path, SERVER + RUN), path=tmp_path)


def test_what_changes_something_is_asked_each_time(tmp_path: Path) -> None:
    async def test(standin: StandIn) -> None:
        first, second = [await ask(standin.port, "POST", "/items") for _ in range(2)]
        assert first.body != second.body

    run(test, dependency=stubbed(tmp_path, SERVER + RUN), path=tmp_path)


def test_a_stub_that_is_slow_to_start_is_waited_for(tmp_path: Path) -> None:
    async def test(standin: StandIn) -> None:
        began = time.monotonic()
        assert (await ask(standin.port, "GET", "/items/1")).status == 200
        assert time.monotonic() - began < 20

    run(test, dependency=stubbed(tmp_path, SERVER + "time.sleep(0.3)\n" + RUN), path=tmp_path)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("import sys; sys.exit('no module named items')", "ended with exit code 1: no module named items"),
        ("raise RuntimeError('broken')", "ended with exit code 1: "),
        (
            SERVER + "import socket; s = socket.create_server(('127.0.0.1', PORT))\n"
            "while True: c, _ = s.accept(); c.recv(999); c.sendall(b'garbage\\r\\n\\r\\n'); c.close()\n",
            "gives no answer to GET / (malformed",
        ),
    ],
)
def test_a_stub_that_does_not_work_is_told_before_anything_else(tmp_path: Path, script: str, told: str) -> None:
    with pytest.raises(NoHealthyAnswer) as error:
        run(lambda _: asyncio.sleep(0), dependency=stubbed(tmp_path, script), path=tmp_path)
    assert f"the stub stub.py of items {told}" in str(error.value)


def test_a_sample_that_the_stub_cannot_answer_is_told(tmp_path: Path) -> None:
    script = SERVER.replace("404", "500") + RUN
    dependency = stubbed(tmp_path, script, sample=Sample(method="GET", target="/none"))
    with pytest.raises(NoHealthyAnswer, match=r"the stub stub.py of items answers GET /none with 500"):
        run(lambda _: asyncio.sleep(0), dependency=dependency, path=tmp_path)


def test_a_stub_that_crashes_later_is_told_by_the_stand_in(tmp_path: Path) -> None:
    async def test(standin: StandIn) -> None:
        await ask(standin.port, "GET", "/crash")  # it answers, and then it is gone
        for _ in range(100):
            if (await ask(standin.port, "POST", "/items")).error:
                break
        assert "the stub stub.py of items" in str(standin.broken)

    run(test, dependency=stubbed(tmp_path, SERVER + RUN), path=tmp_path)


def verdict(tmp_path: Path, script: str, slug: str = "ready-in-time") -> Verdict:
    (tmp_path / "stub.py").write_text(script)
    inventory = ContractDependency(name="inventory", env=INVENTORY.env, critical=False, stub="stub.py")
    check = built_in_checks()[slug]
    assert isinstance(check, LiveCheck)
    others = tuple(each for each in contract().dependencies if each.name != "inventory")
    (decided,) = run_live([check], tmp_path, contract(dependencies=(inventory, *others)), seed=1)
    return decided


def test_a_stub_that_does_not_start_is_the_error_of_every_check(tmp_path: Path) -> None:
    decided = verdict(tmp_path, "raise SystemExit('no such file: items.json')")
    assert decided.outcome is Outcome.ERROR
    assert decided.message.startswith("the stub stub.py of inventory ended with exit code 1: no such file")


def test_a_stub_that_crashes_in_a_check_is_its_error_and_no_verdict_on_the_service(tmp_path: Path) -> None:
    script = SERVER + RUN.replace("serve_forever()", "handle_request()")  # the one that asks whether it is there
    decided = verdict(tmp_path, script)
    assert decided.outcome is Outcome.ERROR, decided
    assert "the stub stub.py of inventory ended with exit code 0" in decided.message
