"""`make demo`: stamp a service, run its own gate, start it, hurt its dependency, watch it cope, and check it whole.

Everything shown is real: real processes on loopback ports, killed and stopped with signals. What is started is
stopped by its pid; the stamped service stays for you to play with.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from paved_road.process.ports import free_port
from paved_road.testing import ask, ask_until, running
from scripts import team

PAVED = str(Path(sys.executable).with_name("paved"))


def main(destination: Path) -> None:
    """Tell the story, in steps."""
    begun = time.monotonic()
    clear(destination)

    step("Stamp a service from the paved road, from the release before the latest one")
    shell(PAVED, "new", str(destination), "--defaults", "--ref", "1.1.0")

    step("Its team works on it, in the same files as the road: a second dependency, an endpoint, tests")
    work_on(destination)

    update(destination)

    step("Run its own gate: lint, types, dependencies, tests")
    shell("make", "check", cwd=destination)

    hurt(destination)

    step("Is it ready for production? paved reads it, runs it with stand-ins for what it calls, and hurts it")
    shell(PAVED, "check", cwd=destination)
    print(f"\nDone in {time.monotonic() - begun:.0f} s. The service is in {destination}: cd there and type `make`.")


def update(destination: Path) -> None:
    """Bring the service to the latest release, as a person would."""
    step("The road has moved on: what would an update do? Each file is told, and nothing is changed")
    shell(PAVED, "update", "--dry-run", "--stat", cwd=destination, last=9, code=1)

    step("Update it: one merge, computed before the first file changes; what both changed is shown as a conflict")
    shell(PAVED, "update", "--commit", cwd=destination, last=30, code=1)

    step("A person decides: the road's tests no longer name the dependencies, so the road's lines are right")
    conflicts = output("git", "diff", "--name-only", "--diff-filter=U", cwd=destination).split()
    shell("git", "checkout", "--theirs", *conflicts, cwd=destination)
    shell("git", "add", *conflicts, cwd=destination)
    shell(PAVED, "update", "--continue", "--commit", cwd=destination, last=3)

    step("The release has one place for dependencies, from which stubs, tests and the network policy follow")
    write(destination, team.declared(destination))
    shell("make", "policy", cwd=destination)
    shell("git", "add", "--all", cwd=destination)
    shell("git", "commit", "--quiet", "--message", "Ours: the prices are in run.toml", cwd=destination)
    shell(PAVED, "status", cwd=destination)
    shell(PAVED, "drift", cwd=destination)
    shell("git", "grep", "-n", "-i", "prices", "src/*.py", "tests/*.py", cwd=destination)


def hurt(destination: Path) -> None:
    """Run it, and take its dependency away in every way."""
    inventory_port, port, internal_port = free_port(), free_port(), free_port()
    environment = {
        "PORT": str(port),
        "INTERNAL_PORT": str(internal_port),
        "INVENTORY_URL": f"http://127.0.0.1:{inventory_port}",
        "PRICES_URL": "http://127.0.0.1:9",
        "DRAIN_SECONDS": "2",
    }
    stub: list[str | Path] = [destination / ".venv/bin/python", "dev/stubs/inventory.py", "--port", str(inventory_port)]
    service = destination / ".venv/bin" / destination.name

    step("Start it, with a stub of the inventory it depends on")
    with (
        running(*stub, cwd=destination, env={}) as inventory,
        running(service, cwd=destination, env=environment) as orders,
    ):
        ask_until(internal_port, "/readyz", 200)
        get(internal_port, "/readyz", 200, status="ready")
        get(port, "/orders/1", 200, degraded=False)

        step("Kill the inventory (SIGKILL): the answer is degraded, not an error, and it is quick")
        inventory.kill()
        inventory.wait()
        get(port, "/orders/1", 200, degraded=True)
        time.sleep(1.1)  # for as long the probes' results hold
        get(internal_port, "/readyz", 200, status="degraded")

        step("Keep asking: the circuit breaker opens, and the dead inventory is left in peace")
        for _ in range(30):
            ask(port, "/orders/1")
        metrics(internal_port, "dependency_attempts_total", "dependency_fallbacks_total", "dependency_breaker_state")
        get(port, "/orders/1", 200, degraded=True)

        step("Bring the inventory back: after a pause one probe is let through, and the breaker closes")
        with running(*stub, cwd=destination, env={}) as inventory_again:
            recovered(port, "/orders/1")

            step("Hang the inventory (SIGSTOP): the wait is bounded by the deadline")
            inventory_again.send_signal(signal.SIGSTOP)
            get(port, "/orders/1", 200, degraded=True)
            inventory_again.send_signal(signal.SIGCONT)

            step("Stop the service (SIGTERM): it turns unready, keeps serving while it drains, and exits cleanly")
            orders.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            get(internal_port, "/readyz", 503, status="draining")
            get(port, "/orders/2", 200, degraded=False)
            say(f"exit code {orders.wait(timeout=30)}")
            if orders.returncode != 0:
                raise SystemExit("error: the service did not exit cleanly")


def clear(destination: Path) -> None:
    """Make room. A service that somebody worked on is moved aside, not removed."""
    if not destination.exists():
        return
    # Its last commit is the demo's own, and nothing was changed since.
    own = output("git", "log", "-1", "--format=%s", cwd=destination).startswith(("Stamp ", "Ours", "Update "))
    if own and not output("git", "status", "--porcelain", cwd=destination):
        shutil.rmtree(destination)
        return
    aside = next(
        path for n in range(1, 1000) if not (path := destination.with_name(f"{destination.name}.{n}")).exists()
    )
    destination.rename(aside)
    print(f"note: {destination} has changes of yours; it is now {aside}")


def work_on(service: Path) -> None:
    """What a team did, committed: in files of its own, and in files that the release changes, too."""
    write(service, team.with_a_dependency(service))
    shell("git", "add", "--all", cwd=service)
    shell("git", "diff", "--cached", "--stat", cwd=service)
    shell("git", "config", "user.name", "A team", cwd=service)  # a machine that has just got git knows nobody
    shell("git", "config", "user.email", "team@localhost", cwd=service)
    shell("git", "commit", "--quiet", "--all", "--message", "Ours", cwd=service)


def output(*command: str, cwd: Path) -> str:
    """What a command prints."""
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False).stdout.strip()


def step(text: str) -> None:
    """Say what comes next."""
    print(f"\n== {text}", flush=True)


def say(text: str) -> None:
    """Show what was seen."""
    print(f"   {text}", flush=True)


def write(service: Path, files: dict[str, str]) -> None:
    """Write the files."""
    for path, text in files.items():
        (service / path).write_text(text)


def shell(*command: str, cwd: Path | None = None, last: int = 0, code: int = 0) -> None:
    """Run a command as a person would type it; another exit code ends the demo. `last` shows only so many lines."""
    shown = [Path(word).name if os.sep in word else word for word in command]
    print(f"   $ {' '.join(shown)}", flush=True)
    start = time.monotonic()
    # A make of its own, not a part of the one that runs this demo.
    own = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    own["UV_PYTHON"] = sys.executable  # the one that the service's .python-version names may be out of reach
    done = subprocess.run(
        command, cwd=cwd, env=own, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = done.stdout.splitlines()
    if last and len(lines) > last:
        say(f"... {len(lines) - last} lines more")
    for line in lines[-last:]:
        print(f"   {line}")
    if done.returncode != code:
        raise SystemExit(f"error: {' '.join(shown)} ended with exit code {done.returncode}")
    say(f"({time.monotonic() - start:.1f} s)")


def get(port: int, path: str, code: int, /, **expected: object) -> None:
    """Ask, and show what came back. Anything but the expected ends the demo: it does not claim what it did not see."""
    answer = ask(port, path)
    content = json.loads(answer.body or "{}")
    say(f"GET {path} -> {answer.status} in {answer.seconds * 1000:.0f} ms: {json.dumps(content)}")
    if answer.status != code or not expected.items() <= content.items():
        raise SystemExit(f"error: expected {code} with {expected}")


def recovered(port: int, path: str) -> None:
    """Ask until the answer is no longer degraded."""
    start = time.monotonic()
    while json.loads(ask(port, path).body or "{}").get("degraded", True):
        if time.monotonic() - start > 30:
            raise SystemExit("error: the service did not recover within 30 seconds")
        time.sleep(0.2)
    get(port, path, 200, degraded=False)
    say(f"recovered after {time.monotonic() - start:.1f} s")


def metrics(port: int, *names: str) -> None:
    """Show these metrics, less what is zero."""
    for line in ask(port, "/metrics").body.splitlines():
        if line.startswith(names) and not line.endswith(" 0.0"):
            say(line)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
