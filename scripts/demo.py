"""`make demo`: stamp a service, run its own gate, start it, hurt its dependency, and watch it cope.

Everything shown is real: real processes on loopback ports, killed and stopped with signals. What is started is
stopped by its pid; the stamped service stays for you to play with.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

PAVED = str(Path(sys.executable).with_name("paved"))


def main(destination: Path) -> None:
    """Tell the story, in steps."""
    begun = time.monotonic()
    clear(destination)

    step("Stamp a service from the paved road")
    shell(PAVED, "new", str(destination), "--defaults")

    step("Run its own gate: lint, types, dependencies, tests")
    shell("make", "check", cwd=destination)

    inventory_port, port = free_port(), free_port()
    environment = os.environ | {
        "PORT": str(port),
        "INVENTORY_URL": f"http://127.0.0.1:{inventory_port}",
        "DRAIN_SECONDS": "2",
        "LOG_LEVEL": "WARNING",
    }
    stub = [str(destination / ".venv/bin/python"), "dev/inventory_stub.py", "--port", str(inventory_port)]
    service = [str(destination / f".venv/bin/{destination.name}")]

    step("Start it, with a stub of the inventory it depends on")
    with running(stub, destination, environment) as inventory, running(service, destination, environment) as orders:
        get(port, "/readyz", until=200)
        get(port, "/orders/1")

        step("Kill the inventory (SIGKILL): the answer is degraded, not an error, and it is quick")
        inventory.kill()
        inventory.wait()
        get(port, "/orders/1")
        get(port, "/readyz")

        step("Keep asking: the circuit breaker opens, and the dead inventory is left in peace")
        for _ in range(30):
            get(port, "/orders/1", quiet=True)
        metric(port, "breaker")
        get(port, "/orders/1")

        step("Bring the inventory back: after a pause one probe is let through, and the breaker closes")
        with running(stub, destination, environment) as inventory_again:
            recovered(port, "/orders/1")

            step("Hang the inventory (SIGSTOP): the wait is bounded by the deadline")
            inventory_again.send_signal(signal.SIGSTOP)
            get(port, "/orders/1")
            inventory_again.send_signal(signal.SIGCONT)

            step("Stop the service (SIGTERM): it turns unready, keeps serving while it drains, and exits cleanly")
            orders.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            get(port, "/readyz")
            get(port, "/orders/2")
            orders.wait(timeout=30)
            say(f"exit code {orders.returncode}")
            if orders.returncode != 0:
                raise SystemExit("error: the service did not exit cleanly")

    print(f"\nDone in {time.monotonic() - begun:.0f} s. The service is in {destination}: cd there and type `make`.")


def clear(destination: Path) -> None:
    """Make room. A service that somebody worked on is moved aside, not removed."""
    if not destination.exists():
        return
    if output("git", "rev-list", "--count", "HEAD", cwd=destination) == "1" and not output(
        "git", "status", "--porcelain", cwd=destination
    ):
        shutil.rmtree(destination)
        return
    aside = next(
        path for n in range(1, 1000) if not (path := destination.with_name(f"{destination.name}.{n}")).exists()
    )
    destination.rename(aside)
    print(f"note: {destination} has changes of yours; it is now {aside}")


def output(*command: str, cwd: Path) -> str:
    """What a command prints."""
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False).stdout.strip()


def step(text: str) -> None:
    """Say what comes next."""
    print(f"\n== {text}", flush=True)


def say(text: str) -> None:
    """Show what was seen."""
    print(f"   {text}", flush=True)


def shell(*command: str, cwd: Path | None = None) -> None:
    """Run a command as a person would type it; a failure ends the demo."""
    shown = [Path(word).name if os.sep in word else word for word in command]
    print(f"   $ {' '.join(shown)}", flush=True)
    start = time.monotonic()
    done = subprocess.run(command, cwd=cwd, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in done.stdout.splitlines():
        print(f"   {line}")
    if done.returncode != 0:
        raise SystemExit(f"error: {' '.join(shown)} ended with exit code {done.returncode}")
    say(f"({time.monotonic() - start:.1f} s)")


def free_port() -> int:
    """A port nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], cwd: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has ended, one way or the other, when the block ends."""
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def fetch(port: int, path: str) -> tuple[int, str, float]:
    """Status, body and seconds of one request; status 0 when nobody listens."""
    start = time.monotonic()
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status, response.read().decode(), time.monotonic() - start
    except HTTPError as error:
        return error.code, error.read().decode(), time.monotonic() - start
    except OSError:
        return 0, "", time.monotonic() - start


def get(port: int, path: str, *, until: int | None = None, quiet: bool = False) -> None:
    """Ask, and show what came back; `until` repeats for at most 30 seconds."""
    deadline = time.monotonic() + 30
    status, body, seconds = fetch(port, path)
    while until is not None and status != until:
        if time.monotonic() > deadline:
            raise SystemExit(f"error: {path} did not answer {until} within 30 seconds")
        time.sleep(0.1)
        status, body, seconds = fetch(port, path)
    if not quiet:
        with contextlib.suppress(ValueError):
            body = json.dumps(json.loads(body))
        say(f"GET {path} -> {status} in {seconds * 1000:.0f} ms: {body}")


def recovered(port: int, path: str) -> None:
    """Ask until the answer is no longer degraded."""
    start = time.monotonic()
    while '"degraded":true' in fetch(port, path)[1].replace(" ", ""):
        if time.monotonic() - start > 30:
            raise SystemExit("error: the service did not recover within 30 seconds")
        time.sleep(0.2)
    get(port, path)
    say(f"recovered after {time.monotonic() - start:.1f} s")


def metric(port: int, name: str) -> None:
    """Show the lines of the metrics that mention `name` and are not zero."""
    for line in fetch(port, "/metrics")[1].splitlines():
        if name in line and not line.startswith("#") and not line.endswith((" 0.0", " 0")):
            say(line)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
