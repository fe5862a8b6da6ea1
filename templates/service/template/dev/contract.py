"""Reads run.toml and dev/settings.env, and starts the processes that they name."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
FOR_CHECKS = {  # what only `paved check` reads
    *("start", "port", "probes", "samples", "settings", "settings_file", "secrets", "crash"),
    *("deadline", "deadline_header", "ready_within", "stop_within"),
    *("answer", "answers", "path", "url", "stateful", "timeout", "attempts", "availability"),
}
PATIENCE = 120  # seconds that a process has to start: a loaded machine is slow


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependency:
    """What this service calls."""

    name: str
    env: str  # the setting that holds its address
    critical: bool
    sample: str | None = None  # a request that it answers, such as GET /items/42
    stub: str | None = None  # a script that takes --port, and --latency-ms for `make squeeze`
    latency_ms: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """What the scripts here need of run.toml."""

    sample: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    dependencies: tuple[Dependency, ...] = ()


def contract() -> Contract:
    """Read run.toml; end the process with one line when it is not right."""
    try:
        found = tomllib.loads((ROOT / "run.toml").read_text())
        named = found.pop("dependencies", {}).items()
        dependencies = tuple(Dependency(name=name, **_known(Dependency, keys)) for name, keys in named)
        return Contract(**_known(Contract, found), dependencies=dependencies)
    except (OSError, tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise SystemExit(f"error: run.toml: {error}") from None


def _known(kind: type, keys: dict[str, Any]) -> dict[str, Any]:
    """The keys that the scripts read. One that nobody knows is among them, so that it raises TypeError."""
    unread = FOR_CHECKS - {each.name for each in fields(kind)}
    return {key: value for key, value in keys.items() if key not in unread}


def settings() -> dict[str, str]:
    """The environment of the service on this machine: dev/settings.env, and above it this process's own."""
    lines = (ROOT / "dev/settings.env").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs} | os.environ


def port_of(dependency: Dependency) -> int:
    """Where its stub listens on this machine."""
    address = settings().get(dependency.env)
    if not address:
        raise SystemExit(f"error: {dependency.env} is not set; add it to dev/settings.env")
    try:
        return urlsplit(address).port or 80
    except ValueError as error:
        raise SystemExit(f"error: {dependency.env} is {address}: {error}") from None


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


class Child:
    """A process that has to live until it is stopped."""

    def __init__(self, name: str, *command: str, env: dict[str, str], log: IO[str] | None = None) -> None:
        self._name = name
        self._log = log  # without one, it writes to this process's stderr
        out = log or sys.stderr
        self._popen = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)

    def ended(self) -> str | None:
        """How it ended, with what it wrote; None if it runs."""
        if (code := self._popen.poll()) is None:
            return None
        how = f"has ended with exit code {code}"
        if code < 0:
            how = f"was stopped by {signal.Signals(-code).name}"
        written = ""
        if self._log is not None:
            self._log.seek(0)
            written = "\n" + self._log.read().rstrip()
        return f"the {self._name} {how}{written}"

    def check(self) -> None:
        """End this process if the child has ended."""
        if ended := self.ended():
            raise SystemExit(f"error: {ended}")

    def wait_for_port(self, port: int) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.check()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit(f"error: the {self._name} does not listen on port {port}")

    def stop(self) -> None:
        self._popen.terminate()
        self._popen.wait()


def stub(dependency: Dependency, port: int, *options: str, log: IO[str] | None = None) -> Child:
    """Start the stub of a dependency, and wait until it listens."""
    command = [sys.executable, str(dependency.stub), "--port", str(port), *options]
    child = Child(f"stub of the {dependency.name}", *command, env=dict(os.environ), log=log)
    child.wait_for_port(port)
    return child
