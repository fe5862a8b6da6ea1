"""A dependency that is up and answers wrong: users are served, and it is seen."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from paved_road.testing import PATIENCE
from tests.stamped.world import Start, World

HTML = (200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")


@contextmanager
def inventory(world: World, answer: tuple[int, dict[str, str], bytes]) -> Iterator[None]:
    """In place of the stub, a server that always answers so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            agents.add(self.headers["User-Agent"])
            status, headers, body = answer
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    agents: set[str] = set()
    with ThreadingHTTPServer(("127.0.0.1", world.inventory_port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()
    assert agents == {"orders/0.1.0"}


def readiness(world: World, expected: object) -> object:
    """What readiness says, once it says what is expected; its results hold for a second, and a call may be slow."""
    until = time.monotonic() + PATIENCE
    while (ready := json.loads(world.get("/readyz").body)) != expected and time.monotonic() < until:
        world.order()
        time.sleep(0.05)
    return ready


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        ((302, {"Location": "http://127.0.0.1:9/login"}, b""), "contract_failure", "status 302"),
        (HTML, "contract_failure", "content type: text/html"),
        ((200, {"Content-Type": "application/json"}, b'{"stock": "ma'), "contract_failure", "body: json_invalid"),
        ((401, {}, b""), "unauthorized", "status 401"),
        ((403, {}, b""), "unauthorized", "status 403"),
        ((429, {}, b""), "rate_limited", "status 429"),
    ],
    ids=["redirect", "page", "truncated", "401", "403", "429"],
)
def test_fifty_wrong_answers_are_fifty_fallbacks_one_line_and_degraded(
    start: Start, answer: tuple[int, dict[str, str], bytes], reason: str, detail: str
) -> None:
    world = start()
    check = {"status": "down", "critical": False, "reason": reason}
    degraded = {"status": "degraded", "checks": {"inventory": check}}
    with inventory(world, answer):
        orders = [world.order() for _ in range(50)]
        assert readiness(world, degraded) == degraded
    assert all(order["degraded"] and order["stock"] == "unknown" for order in orders)
    outcomes = re.findall(
        r'^dependency_call_duration_seconds_count\{dependency="inventory",outcome="(\w+)"\} [1-9]',
        world.get("/metrics").body,
        re.MULTILINE,
    )
    assert reason in outcomes
    assert "success" not in outcomes
    (line,) = [line for line in world.lines() if line["event"] == "unexpected answer"]
    assert (line["reason"], line["detail"]) == (reason, detail)
