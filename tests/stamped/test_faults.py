"""Faults injected into a running service, as the documentation says, and on into the services that it calls."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from paved_road.testing import ask, run
from tests.stamped.world import Start, World

KEY = "a key for the tests that nobody else has"
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "declare-a-dependency.md"


def signature(faults: str) -> str:
    """Made by the commands of the how-to, for these faults in place of the page's."""
    (console,) = (block for block in PAGE.read_text().split("```console\n") if "openssl dgst" in block)
    commands = [line.removeprefix("$ ") for line in console.splitlines()[:2]]
    script = "\n".join([*commands, 'echo "$expires.$nonce.$digest"']).replace("inventory=refuse", faults)
    script = script.replace("a-secret-of-at-least-32-characters", KEY)
    done = run("bash", "-euo", "pipefail", "-c", script, cwd=PAGE.parent, env={})
    assert re.fullmatch(r"\d+\.[0-9a-f]{32}\.[0-9a-f]{64}\n", done.stdout), done
    return done.stdout.strip()


def test_a_fault_is_injected_as_documented_until_it_is_halted(
    start: Start, patience: dict[str, str], tmp_path: Path
) -> None:
    halt = tmp_path / "halt"
    world = start(**patience, FAULT_INJECTION_KEY=KEY, FAULT_INJECTION_HALT_FILE=str(halt))

    def degraded(**more: str) -> bool:
        headers = {"baggage": "fault.inventory=error:503", "X-Fault-Signature": signature("inventory=error:503")}
        answer = ask(world.port, "/orders/1", headers=headers | more)
        assert answer.status == 200
        return bool(json.loads(answer.body)["degraded"])

    with world.inventory():
        assert degraded()
        assert not degraded(baggage="fault.inventory=error:500"), "another fault than the one that was signed"
        once = {"X-Fault-Signature": signature("inventory=error:503")}
        assert [degraded(**once), degraded(**once)] == [True, False], "a signature is good once"
        assert world.order()["degraded"] is False
        halt.touch()
        assert not degraded()
    assert 'dependency_faults_injected_total{dependency="inventory",fault="error"}' in world.get("/metrics").body
    assert KEY not in world.log.read_text()


def test_without_a_key_there_is_nothing_to_inject_with(world: World) -> None:
    headers = {"baggage": "fault.inventory=refuse", "X-Fault-Signature": signature("inventory=refuse")}
    with world.inventory():
        assert json.loads(ask(world.port, "/orders/1", headers=headers).body)["degraded"] is False


def test_a_fault_travels_on_to_the_service_that_it_is_meant_for(start: Start, installed: Path, tmp_path: Path) -> None:
    behind = start(FAULT_INJECTION_KEY=KEY)
    # The service in front is the same one, with a dependency that has the name of the one behind.
    source = tmp_path / "src"
    shutil.copytree(installed / "src", source)
    client = source / "orders" / "clients" / "inventory.py"
    client.write_text(client.read_text().replace('name="inventory"', 'name="orders"'))
    front = start(FAULT_INJECTION_KEY=KEY, INVENTORY_URL=f"http://127.0.0.1:{behind.port}", PYTHONPATH=str(source))
    faults = {"payments": "delay:100"}
    headers = {"baggage": "fault.payments=delay:100", "X-Fault-Signature": signature("payments=delay:100")}
    ask(front.port, "/orders/1", headers=headers)
    for world in (front, behind):
        assert world.logged(event="faults accepted")["faults"] == faults
        world.logged(event="request")
    assert len({line["trace_id"] for line in front.lines() + behind.lines() if "trace_id" in line}) == 1


def test_every_metric_is_in_the_reference_and_no_other(start: Start) -> None:
    page = (PAGE.parents[1] / "reference" / "metrics.md").read_text()
    documented = set(re.findall(r"^\| `((?:http_server|dependency)_[a-z_]+)` \|", page, re.MULTILINE))
    families = set(re.findall(r"^# TYPE ((?:http_server|dependency)_\S+) ", start().get("/metrics").body, re.MULTILINE))
    assert documented == families
