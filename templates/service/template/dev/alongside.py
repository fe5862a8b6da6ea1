"""Runs a command while this service and a stub of the inventory run, and ends with its exit code.

python dev/alongside.py curl '{url}/orders/1'      {url} becomes the service's, {internal} that of its probes
"""

import importlib.metadata
import os
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> int:
    name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    (script,) = importlib.metadata.entry_points(group="console_scripts", name=name)
    inventory, port, internal_port = free_port(), free_port(), free_port()
    url, internal = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{internal_port}"
    environment = {
        "PORT": str(port),
        "INTERNAL_PORT": str(internal_port),
        "HOST": "127.0.0.1",
        "INVENTORY_URL": f"http://127.0.0.1:{inventory}",
        "DRAIN_SECONDS": "0",
        "LOG_LEVEL": "WARNING",
    }
    with ExitStack() as stack:
        stub = [sys.executable, "dev/inventory_stub.py", "--port", str(inventory)]
        service = [sys.executable, "-m", script.module.removesuffix(".__main__")]
        for command, log in ((stub, subprocess.DEVNULL), (service, None)):
            process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | environment, stdout=sys.stderr, stderr=log
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
        wait_for(f"{internal}/readyz", process)
        asked = [word.replace("{url}", url).replace("{internal}", internal) for word in sys.argv[1:]]
        return subprocess.run(asked, check=False).returncode


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], patience: float = 30) -> None:
    until = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"error: the service does not answer at {url}")


if __name__ == "__main__":
    raise SystemExit(main())
