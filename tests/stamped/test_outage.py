"""A real outage, seen by a real Prometheus: nobody asks for readiness, and nobody calls. And a blocked event loop."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from paved_road.process.ports import free_port
from paved_road.testing import ask_until, running
from tests.stamped.delivered import stamped
from tests.stamped.prometheus import prometheus
from tests.stamped.world import World

MINUTES = 300  # seconds; a busy machine takes its time

SERVICE = """
import time
from orders import SERVICE
from orders.api import orders
from orders.paved import Dependency, Runtime, run
from orders.settings import Settings

# Compiled as if it were a line of the team's.
exec(compile("async def block(): time.sleep(0.4)", orders.__file__, "exec"))

def create_app(settings):
    runtime = Runtime(SERVICE, settings)
    runtime.client(Dependency(name="inventory", base_url=str(settings.inventory_url), critical=True))
    app = runtime.app()
    app.get("/block")(block)
    return app

run(SERVICE, Settings, create_app)
"""


@pytest.fixture
def dependent(installed: Path, tmp_path: Path) -> Iterator[World]:
    """The service as it would be if the inventory were critical for it."""
    world = {"port": free_port(), "internal_port": free_port(), "inventory_port": free_port()}
    env = {
        "PORT": str(world["port"]),
        "INTERNAL_PORT": str(world["internal_port"]),
        "INVENTORY_URL": f"http://127.0.0.1:{world['inventory_port']}",
        "DRAIN_SECONDS": "0",
        "HOST": "127.0.0.1",
    }
    log = tmp_path / "log"
    with running(installed / ".venv/bin/python", "-c", SERVICE, cwd=installed, env=env, log=log) as process:
        assert ask_until(world["internal_port"], "/livez", 200, process=process).status == 200, log.read_text()
        yield World(folder=installed, process=process, log=log, **world)


def test_a_critical_dependency_that_refuses_pages_though_nobody_asks(dependent: World, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(re.sub(r"for: \d+m", "for: 2s", stamped(deploy="none")["deploy/observability/rules.yaml"]))
    labels = {"namespace": "orders-prod"}
    firing = 'ALERTS{alertname="NoInstance",alertstate="firing"}'
    with prometheus(tmp_path, {"orders": dependent.internal_port}, labels=labels, rules=[rules]) as server:
        with dependent.inventory():
            server.eventually("service_ready == 1", within=MINUTES)
            server.eventually(f"absent({firing})", within=MINUTES)
        (alert,) = server.eventually(firing, within=MINUTES)
        assert alert.labels["severity"] == "page"
        assert server.value('service_check_up{check="inventory",critical="true"}') == 0
        assert server.value("up") == 1, "it is scraped all the time, which is why this alert was silent"
        assert server.value('dependency_breaker_state{state="open"}') == 0, "probes are too few for the breaker"
        with dependent.inventory():
            server.eventually("service_ready == 1", within=MINUTES)
            server.eventually(f"absent({firing})", within=MINUTES)


def test_the_code_that_blocks_the_loop_is_named_and_a_process_that_was_stopped_blames_none(dependent: World) -> None:
    for _ in range(3):
        dependent.process.send_signal(signal.SIGSTOP)
        time.sleep(0.6)
        dependent.process.send_signal(signal.SIGCONT)
        ask_until(dependent.internal_port, "/livez", 200)
    assert [line for line in dependent.lines() if line["event"] == "event loop blocked"] == []
    until = time.monotonic() + MINUTES
    while not (told := [line for line in dependent.lines() if line["event"] == "event loop blocked"]):
        assert time.monotonic() < until, dependent.log.read_text()
        dependent.get("/block")
    package = dependent.folder / "src/orders"
    assert str(told[0]["code"]) == f"{package}/api/orders.py:1 block"
