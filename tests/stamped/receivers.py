"""What a stamped service talks to, as small servers in the test: a receiver of traces, a dependency that remembers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from paved_road.testing import PATIENCE


@dataclass(kw_only=True)
class Server:
    """A server on the loopback, and what it was sent."""

    port: int = 0
    received: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)


@dataclass(kw_only=True)
class Collector(Server):
    """A receiver of OTLP over HTTP with protobuf."""

    def exports(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for _, body in self.received]

    def spans(self, trace_id: str | None = None, *, at_least: int = 0, within: float = PATIENCE) -> list[Span]:
        """The spans (of a trace) that have come in, in the order in which they began."""
        until = time.monotonic() + within  # the service sends them every five seconds
        while True:
            found = [
                span
                for export in self.exports()
                for resource in export.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
                if trace_id is None or span.trace_id.hex() == trace_id
            ]
            if len(found) >= at_least or time.monotonic() > until:
                return sorted(found, key=lambda span: span.start_time_unix_nano)
            time.sleep(0.1)


S = TypeVar("S", bound=Server)
Answer = Callable[[str], tuple[int, bytes]]
"""The status and the body for a path."""


def in_stock(path: str) -> tuple[int, bytes]:
    """As the stub of the inventory answers."""
    return (200, b'{"item": 42, "stock": 17}') if path.startswith("/items/") else (200, b"{}")


@contextmanager
def collector() -> Iterator[Collector]:
    with _serving(Collector(), lambda _: (200, b"")) as server:
        yield server


@contextmanager
def dependency(answer: Answer = in_stock) -> Iterator[Server]:
    with _serving(Server(), answer) as server:
        yield server


@contextmanager
def _serving(server: S, answer: Answer) -> Iterator[S]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            server.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status, content = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing of it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server.port = http.server_port
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
