"""A stamped service as a stranger gets it: stamped, installed, running, with its dependency under our control."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess, Popen

import pytest

from paved_road.cli import main
from paved_road.process.ports import free_port
from paved_road.testing import PATIENCE, Answer, ask, ask_until, run, running


def stamp(destination: Path, *answers: str) -> Path:
    """A service of the template as it lies in this checkout, uncommitted changes included."""
    words = ["new", str(destination), "--ref", "HEAD", "--defaults"]
    assert main([*words, *(word for answer in answers for word in ("--data", answer))]) == 0
    return destination


def stamp_apart(scratch: Path) -> Path:
    """The same with a cache and settings of its own, for fixtures that outlive a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAVED_CACHE", str(scratch / "cache"))
        patch.setenv("PAVED_CONFIG", str(scratch / "config.toml"))
        return stamp(scratch / "orders")


PROCESS_TESTS = ("tests/paved/test_log_lines.py", "tests/paved/test_ports.py", "tests/test_drain.py")
"""The stamped tests that start the service as a process: 21 of 428 tests, and four fifths of their CPU time."""

QUICK = {"PYTEST_ADDOPTS": " ".join(f"--ignore={path}" for path in PROCESS_TESTS)}
"""The environment in which a service's own gate leaves them out; what is left covers enough to pass."""

quick_and_whole = pytest.mark.parametrize(
    "whole", [pytest.param(False, id="quick"), pytest.param(True, id="whole", marks=pytest.mark.soak)]
)
"""Run a test with the quick gate, and in `make soak` with the whole one."""


def gate(service: Path, *, whole: bool, **env: str) -> CompletedProcess[str]:
    """Run `make check`; unless `whole`, without the tests that start the service."""
    return run("make", "--no-print-directory", "check", cwd=service, env=env if whole else QUICK | env)


PROBES = ("/livez", "/readyz", "/startupz", "/metrics")


@dataclass(frozen=True, kw_only=True)
class World:
    """A running service and the folder it was stamped in."""

    folder: Path
    port: int
    internal_port: int
    inventory_port: int
    process: Popen[bytes]
    log: Path

    @contextmanager
    def inventory(self) -> Iterator[Popen[bytes]]:
        """The dependency, up."""
        log = self.log.with_name("inventory.log")
        with running(
            self.folder / ".venv/bin/python", "dev/stubs/inventory.py", "--port", str(self.inventory_port),
            cwd=self.folder, env={}, log=log,
        ) as process:  # fmt: skip
            assert ask_until(self.inventory_port, "/livez", 200, process=process).status == 200, log.read_text()
            yield process

    def get(self, path: str, **headers: str) -> Answer:
        """The answer of the port that serves this path: the internal one, if it is a probe."""
        port = self.internal_port if path in PROBES else self.port
        return ask(port, path, headers={key.replace("_", "-"): value for key, value in headers.items()})

    def order(self, number: int = 1, priority: str = "normal") -> dict[str, object]:
        answer = self.get(f"/orders/{number}", X_Request_Priority=priority)
        assert answer.status == 200, answer
        found = json.loads(answer.body)
        assert isinstance(found, dict)
        return found

    def good_order(self) -> dict[str, object]:
        """The first one that is not degraded: a breaker that was open closes after a while."""
        until = time.monotonic() + PATIENCE
        while (order := self.order())["degraded"]:
            assert time.monotonic() < until, "the order is degraded, whoever is asked"
            time.sleep(0.1)
        return order

    def until(self, path: str, text: str) -> Answer:
        """The first answer that has this text."""
        until = time.monotonic() + PATIENCE
        while text not in (answer := self.get(path)).body:
            assert time.monotonic() < until, f"{path} never says {text}: {answer}"
            time.sleep(0.02)
        return answer

    def logged(self, **expected: object) -> dict[str, object]:
        """The one line with these values, once it is there."""
        until = time.monotonic() + PATIENCE
        while not (found := [line for line in self.lines() if expected.items() <= line.items()]):
            assert time.monotonic() < until, f"no line with {expected}: {self.log.read_text()}"
            time.sleep(0.02)
        (line,) = found
        return line

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def hammer(port: int, path: str, *, requests: int, callers: int = 8) -> Counter[int]:
    """So many requests over kept connections, one of each caller; how often each status was the answer."""

    def call(times: int) -> Counter[int]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        seen: Counter[int] = Counter()
        for _ in range(times):
            connection.request("GET", path)
            response = connection.getresponse()
            response.read()
            seen[response.status] += 1
        connection.close()
        return seen

    with ThreadPoolExecutor(callers) as pool:
        return sum(pool.map(call, [requests // callers] * callers), Counter())


def patient(source: Path) -> Path:
    """Change the client of the inventory so that it waits for minutes: good answers are late on a slow machine."""
    client = source / "orders/clients/inventory.py"
    text, policy = client.read_text(), "Policy(deadline=1.0, attempt_timeout=0.4)"
    assert policy in text
    client.write_text(text.replace(policy, f"Policy(deadline={2 * PATIENCE}, attempt_timeout={PATIENCE})"))
    return source


Start = Callable[..., World]
"""Start the service with these settings, by their environment variables; it ends with the test."""


@contextmanager
def started(folder: Path, log: Path, **settings: str) -> Iterator[World]:
    """The service, installed in `folder`, running and ready."""
    port, internal_port, inventory_port = free_port(), free_port(), free_port()
    env = {
        "PORT": str(port),
        "INTERNAL_PORT": str(internal_port),
        "INVENTORY_URL": f"http://127.0.0.1:{inventory_port}",
        "DRAIN_SECONDS": "1",
        "HOST": "127.0.0.1",
        # A slow machine is no reason to refuse a request or to give it up.
        "QUEUE_SECONDS": "60",
        "REQUEST_TIMEOUT_SECONDS": "3600",
    }
    with running(folder / ".venv/bin/orders", cwd=folder, env=env | settings, log=log) as process:
        assert ask_until(internal_port, "/readyz", 200, process=process).status == 200, log.read_text()
        yield World(
            folder=folder,
            port=port,
            internal_port=internal_port,
            inventory_port=inventory_port,
            process=process,
            log=log,
        )
