"""Runs a command while this service and the stubs of its dependencies run, and ends with its exit code.

python -m dev.alongside curl {headers} {url}/openapi.json

{url} becomes the address of the service, {internal} that of its probes, and {headers} the headers of
run.toml as options (-H). With --latency the stubs are as slow as the dependencies. The command starts when
the service is ready and answers the sample of run.toml without a fallback. With --endpoints it does not start
where the service has no endpoints to send requests to.
"""

import importlib.metadata
import itertools
import json
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from dev.contract import PATIENCE, ROOT, Child, Contract, Dependency, contract, free_port, settings, stub

TRIES = 5  # of the sample: the first answers of the stubs can be too late on a busy machine


def main() -> int:
    words = sys.argv[1:]
    options = list(itertools.takewhile(lambda word: word.startswith("--"), words))
    run = contract()
    with surroundings(run, with_latency="--latency" in options) as (url, internal, children):
        if "--endpoints" in options and not json.loads(get(f"{url}/openapi.json", {})[1])["paths"]:
            print("the service has no endpoints yet")
            return 0
        headers = [word for name, value in run.headers.items() for word in ("-H", f"{name}: {value}")]
        command: list[str] = []
        for word in words[len(options) :]:
            filled = word.replace("{url}", url).replace("{internal}", internal)
            command += headers if word == "{headers}" else [filled]
        return watched(command, children)


@contextmanager
def surroundings(run: Contract, *, with_latency: bool) -> Iterator[tuple[str, str, list[Child]]]:
    """The service, ready, with its stubs: its address, that of its probes, and the processes."""
    port, internal_port = free_port(), free_port()
    url, internal = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{internal_port}"
    environment = settings() | {
        "PORT": str(port),
        "INTERNAL_PORT": str(internal_port),
        "HOST": "127.0.0.1",
        "DRAIN_SECONDS": "0",
        "LOG_LEVEL": "WARNING",
    }
    children: list[Child] = []
    with ExitStack() as stack:
        for dependency in run.dependencies:
            if dependency.stub is None:
                continue
            stubs_port = free_port()
            log = stack.enter_context(tempfile.TemporaryFile("w+"))
            children.append(stub(dependency, stubs_port, *latency(dependency, with_latency), log=log))
            stack.callback(children[-1].stop)
            environment[dependency.env] = f"http://127.0.0.1:{stubs_port}"
        children.append(Child("service", sys.executable, "-m", entry_point(), env=environment))
        stack.callback(children[-1].stop)
        children[-1].wait_for_port(internal_port)
        wait_until_ready(internal, run, children)
        ask_the_sample(url, internal, run, children)
        yield url, internal, children


def latency(dependency: Dependency, wanted: bool) -> list[str]:
    if not wanted:
        return []
    if not dependency.latency_ms:
        raise SystemExit(
            f"error: the load that an instance bears depends on how long the {dependency.name} takes; add its"
            " latency_ms, as measured in production, to run.toml"
        )
    return ["--latency-ms", str(dependency.latency_ms)]


def entry_point() -> str:
    name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    (script,) = importlib.metadata.entry_points(group="console_scripts", name=name)
    return script.module.removesuffix(".__main__")


def wait_until_ready(internal: str, run: Contract, children: list[Child]) -> None:
    """Until readiness says `ready`: a degraded service answers 200, too."""
    until = time.monotonic() + PATIENCE
    while True:
        for child in children:
            child.check()
        status, body = get(f"{internal}/readyz", {})
        if (status, json.loads(body)["status"]) == (200, "ready"):
            break
        if time.monotonic() >= until:
            raise SystemExit(f"error: the service is not ready: {body}")
        time.sleep(0.1)
    checks = json.loads(body)["checks"]
    for dependency in run.dependencies:
        if dependency.name not in checks:
            raise SystemExit(f"error: run.toml names {dependency.name}, which the service does not call")
        if checks[dependency.name]["critical"] is not dependency.critical:
            raise SystemExit(f"error: run.toml and the service disagree: is {dependency.name} critical?")


def ask_the_sample(url: str, internal: str, run: Contract, children: list[Child]) -> None:
    """The service must answer it from its dependencies: what it does without them is not to be measured."""
    if run.sample is None:
        return
    method, path = run.sample.split(" ", 1)
    for _ in range(TRIES):
        before = count(internal, "dependency_fallbacks_total")
        status, body = get(url + path, run.headers, method)
        for child in children:
            child.check()
        if status >= 300:
            raise SystemExit(f"error: {run.sample}, the sample of run.toml, is answered {status}: {body}")
        fallbacks = count(internal, "dependency_fallbacks_total") - before
        if not fallbacks:
            return
    raise SystemExit(f"error: {run.sample} was answered from fallbacks ({fallbacks:.0f}): {body}")


def get(url: str, headers: dict[str, str], method: str = "GET") -> tuple[int, str]:
    request = urllib.request.Request(url, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def count(internal: str, metric: str) -> float:
    """The sum of a metric of the service over all its labels."""
    _, text = get(f"{internal}/metrics", {})
    return sum(float(value) for value in re.findall(rf"^{metric}(?:{{.*}})? (\S+)$", text, re.MULTILINE))


def watched(command: list[str], children: list[Child]) -> int:
    """Run it; what it found is worth nothing if a child died meanwhile."""
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            while process.poll() is None:
                for child in children:
                    child.check()
                time.sleep(0.2)
        except BaseException:
            process.terminate()
            raise
    for child in children:
        child.check()
    return process.returncode


if __name__ == "__main__":
    raise SystemExit(main())
