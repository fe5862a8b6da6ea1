"""Real processes, which the tests start and hurt."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[2]
SERVED = "tests/paved/served.py"
PROBES = ("/livez", "/readyz", "/startupz", "/metrics")
PATIENCE = 300.0
"""Seconds to wait for a process: only one that hangs takes so long, on the slowest machine, too."""


def free_port() -> int:
    """A port that nobody listens on, below those that systems give to outgoing connections.

    Until this process ends it holds the UDP port of the same number, so that no other caller gets it.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("", port))  # on every address, as the service does
                udp.bind(("", port))
            except OSError:
                continue
            udp.detach()
            return port


class Process:
    """A server as a process of its own, listening on `port` until the test ends it.

    With `internal` it has an internal port too, and answers its probes there: so does a module, which is a
    service, and not a script, which is the stub of one.
    It writes to `stdout`, a file descriptor, in place of what `output` returns.
    """

    def __init__(
        self,
        *arguments: str,
        env: dict[str, str] | None = None,
        path: str = "/livez",
        internal: bool | None = None,
        stdout: int | None = None,
    ) -> None:
        if internal is None:
            internal = arguments[0] == "-m"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.internal_port = free_port() if internal else 0
        self.internal_url = f"http://127.0.0.1:{self.internal_port}" if internal else self.url
        # Not a pipe, which would be full after 64 KiB that nobody reads.
        with tempfile.NamedTemporaryFile(delete=False) as log:
            self._log = Path(log.name)
            self.popen = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={
                    **os.environ,
                    **(env or {}),
                    "PORT": str(self.port),
                    "INTERNAL_PORT": str(self.internal_port),
                },
                stdout=log if stdout is None else stdout,
                stderr=log,
            )
        self._wait_for(path)

    def get(self, path: str, **headers: str) -> httpx2.Response:
        url = self.internal_url if path in PROBES else self.url
        return httpx2.get(url + path, headers=headers, timeout=PATIENCE)

    def wait_until(self, path: str, pattern: str) -> None:
        """Until this pattern is found in the answer."""
        until = time.monotonic() + PATIENCE
        while not re.search(pattern, answer := self.get(path).text):
            assert time.monotonic() < until, f"{path} never said {pattern}: {answer}"
            time.sleep(0.01)

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def output(self) -> str:
        """What it wrote, once it has ended."""
        self.popen.wait(PATIENCE)
        return self._log.read_text()

    def close(self) -> None:
        self.popen.kill()
        self.popen.wait()
        self._log.unlink(missing_ok=True)

    def _wait_for(self, path: str) -> None:
        until = time.monotonic() + PATIENCE
        while self.popen.poll() is None and time.monotonic() < until:
            try:
                self.get(path)
            except httpx2.TransportError:
                time.sleep(0.02)
            else:
                return
        self.popen.kill()
        raise AssertionError(f"{self.popen.args!r} does not answer: {self.output()}")
