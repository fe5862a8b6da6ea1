"""What the stubs beside this file have in common: they say what they answer, and this serves it."""

import argparse
import contextlib
import json
import os
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[str, str], tuple[int, object]]
"""From a method and a path to a status and what becomes JSON."""


def serve(name: str, answer: Answer) -> None:
    """Serve it, until the process is told to stop, at the address of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "9090")))
    parser.add_argument("--latency-ms", type=float, default=0, help="how long each answer takes")
    arguments = parser.parse_args()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or the body waits 40 ms for the acknowledgement of the headers

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # the caller has stopped waiting
                super().handle()

        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(arguments.latency_ms / 1000)
            live = self.path == "/livez"
            status, content = (200, {"status": "live"}) if live else answer(self.command, self.path)
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            return None

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    try:
        listening = Server((arguments.host, arguments.port), Handler)
    except OSError as error:
        raise SystemExit(f"error: the {name} stub cannot listen on port {arguments.port}: {error}") from None
    with listening as server:
        print(f"{name} stub on http://{arguments.host}:{server.server_port}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
