"""What the whole of the stamped runtime costs per request, beside a bare FastAPI and the usual observability stack."""

from __future__ import annotations

import socket
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from paved_road.cli import main as paved
from paved_road.process.ports import free_port
from paved_road.testing import ask_until, running

PROJECT = Path(__file__).parent.parent
PYTHON = PROJECT / ".venv-bench/bin/python"
PEERS = {
    "bare": "bare FastAPI",
    "stamped": "FastAPI on the stamped runtime",
    "usual": "instrumentator, contrib OpenTelemetry, structlog through logging, asgi-correlation-id",
}
BAR = 2.2
REQUESTS = 1600
CONNECTIONS = 8
BODY = b'{"id":42,"item":42,"stock":17,"degraded":false}'
REQUEST = b"""\
GET /orders/42 HTTP/1.1\r
Host: orders.shop.svc.cluster.local:8080\r
User-Agent: python-httpx2/2.16.0\r
Accept: application/json\r
Accept-Encoding: gzip, deflate, br\r
X-Forwarded-For: 10.0.3.7\r
X-Forwarded-Proto: https\r
X-Request-Id: 0af7651916cd43dd8448eb211c80319c\r
\r
"""


def main(rounds: int = 21) -> str:
    """The section of bench/RESULTS.md."""
    costs: dict[str, list[float]] = {name: [] for name in PEERS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        endpoint = stack.enter_context(collector())
        path = stamp(folder)
        workers = {name: stack.enter_context(worker(name, path, endpoint)) for name in PEERS}
        for turn in range(-2, rounds):  # the first two warm up
            for name, each in workers.items():
                microseconds = each.one_round()
                if turn >= 0:
                    costs[name].append(microseconds)
    return report(costs, rounds)


def report(costs: dict[str, list[float]], rounds: int) -> str:
    """A table of medians, and whether the bar is met."""
    lines = ["| what | CPU us per request | against the first |", "|---|---|---|"]
    ratios = {
        name: statistics.median(mine / base for mine, base in zip(each, costs["bare"], strict=True))
        for name, each in costs.items()
    }
    for name, title in PEERS.items():
        spread = f"{min(costs[name]):.0f}-{max(costs[name]):.0f}"
        lines.append(f"| {title} | {statistics.median(costs[name]):.0f} ({spread}) | {ratios[name]:.2f} |")
    verdict = "met" if ratios["stamped"] <= BAR else "MISSED"
    return (
        f"Bar: the stamped runtime (metrics, logs, traces at 5 %, limits, context) at most {BAR} times a bare FastAPI:"
        f" {verdict}.\n{rounds} interleaved rounds of {REQUESTS} requests over {CONNECTIONS} loopback connections."
        " Each service is the process that would be deployed, under\nuvicorn: what a CPU-second buys counts, with the"
        " server that all have in common and with the threads that export traces.\n\n" + "\n".join(lines)
    )


def stamp(folder: Path) -> Path:
    """A path from which the stamped package is imported, as if it were installed."""
    service = folder / "orders"
    if paved(["new", str(service), "--ref", "HEAD", "--defaults", "--data", "name=orders"]):
        raise SystemExit("the service was not stamped")
    metadata = service / "src/orders-0.1.0.dist-info/METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: orders\nVersion: 0.1.0\nSummary: A benchmark\n")
    return service / "src"


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A service in a process of its own."""

    pid: int
    port: int

    def one_round(self) -> float:
        """CPU microseconds per request, of all threads of the service.

        Connections are new in each round: a server closes those that are idle while the others have their turn.
        """
        with ExitStack() as stack:
            address = ("127.0.0.1", self.port)
            connections = [
                stack.enter_context(socket.create_connection(address, timeout=300)) for _ in range(CONNECTIONS)
            ]
            _ask(connections)
            before = self._cpu()
            for _ in range(REQUESTS // CONNECTIONS):
                _ask(connections)
            return (self._cpu() - before) / REQUESTS / 1000

    def _cpu(self) -> int:
        """Nanoseconds on a CPU, of all threads."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def _ask(connections: list[socket.socket]) -> None:
    """One request over each, all at the same time."""
    for connection in connections:
        connection.sendall(REQUEST)
    for connection in connections:
        answer = b""
        while not answer.endswith(BODY):
            if not (received := connection.recv(65536)):
                raise ConnectionError(f"the service closed a connection after {answer!r}")
            answer += received
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(f"the service answered {answer!r}")


@contextmanager
def worker(name: str, path: Path, endpoint: str) -> Iterator[Worker]:
    """The service `name`, up, until the block ends."""
    port = free_port()
    env = {
        "PYTHONPATH": str(path),
        "PORT": str(port),
        "INTERNAL_PORT": str(free_port()),
        "HOST": "127.0.0.1",
        "DRAIN_SECONDS": "0",
        "INVENTORY_URL": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_TRACES_SAMPLER_ARG": "0.05",
    }
    script = Path(__file__).with_name("service_worker.py")
    with ExitStack() as stack:
        process = stack.enter_context(running(PYTHON, script, name, cwd=PROJECT, env=env))
        if ask_until(port, "/orders/42", 200).status != 200:
            raise SystemExit(f"{name} does not answer")
        yield Worker(pid=process.pid, port=port)


class Sink(BaseHTTPRequestHandler):
    """Takes everything and keeps nothing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read it, and say thanks."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of it."""


@contextmanager
def collector() -> Iterator[str]:
    """The address of a receiver of traces."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
