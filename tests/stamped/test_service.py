"""The stamped service as a stranger gets it: its own gate passes, and it runs, and it copes when it is hurt."""

from __future__ import annotations

import json
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from paved_road.process.ports import free_port
from paved_road.testing import PATIENCE, run
from tests.stamped.world import Start, World, gate, stamp

LONGEST = "a-service-with-a-name-of-forty-letters-x"

COMBINATIONS = {
    "defaults": [],
    "longest names, gitlab, no deploy": [
        f"name={LONGEST}",
        "owner=acme/a-team-with-a-rather-long-name-in-the-end",
        "port=65535",
        "ci=gitlab",
        "deploy=none",
        "description=It's got a 'quoted' name: #1, {braced} & 100% <ok>",
    ],
    "shortest names": ["name=o", "package=p", "owner=o", "port=1024", "ci=gitlab"],
}


@pytest.mark.parametrize(
    ("combination", "whole"),
    [
        # The newcomer's journey runs the whole gate with the defaults.
        ("longest names, gitlab, no deploy", False),
        *(pytest.param(name, True, marks=pytest.mark.soak) for name in COMBINATIONS),
    ],
)
def test_every_combination_passes_its_own_gate_without_a_warning(tmp_path: Path, combination: str, whole: bool) -> None:
    service = stamp(tmp_path / "orders", *COMBINATIONS[combination])
    done = gate(service, whole=whole)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert not re.search(r"warn|deprecat", said, re.IGNORECASE), said
    assert re.search(r"\d+ passed in", said)
    assert "skipped" not in said.split("skipped due to complete coverage")[-1]
    assert run("git", "status", "--porcelain", cwd=service).stdout == "", "the gate leaves nothing behind"


def test_the_gate_fails_when_the_service_is_broken(tmp_path: Path) -> None:
    service = stamp(tmp_path / "orders")
    orders = service / "src" / "orders" / "api" / "orders.py"
    orders.write_text(orders.read_text().replace("degraded=answer.degraded", "degraded=False"))
    done = run("make", "check", cwd=service, env={"PYTEST_ADDOPTS": "--exitfirst"})
    assert done.returncode != 0
    assert "test_orders" in done.stdout


@pytest.mark.parametrize("suffix", ["hooks", "format"])
def test_the_pre_commit_hooks_pass_on_the_first_commit(tmp_path: Path, suffix: str) -> None:
    service = stamp(tmp_path / "orders")
    if suffix == "format":
        (service / "src" / "orders" / "api" / "orders.py").write_text("x   =  1\n")
    done = run("pre-commit", "run", "--all-files", cwd=service, env={"PRE_COMMIT_HOME": str(tmp_path / "hooks")})
    assert (done.returncode == 0) is (suffix == "hooks"), done.stdout


# -- running -----------------------------------------------------------------------------------------------------------


def test_it_answers_on_every_probe_and_serves(world: World) -> None:
    with world.inventory():
        for path in ("/livez", "/readyz", "/startupz", "/metrics", "/openapi.json"):
            assert world.get(path).status == 200, path
        assert world.order() == {"id": 1, "item": 42, "stock": 17, "degraded": False}


def test_its_openapi_document_is_one(world: World) -> None:
    document = json.loads(world.get("/openapi.json").body)
    validate(document)
    document["paths"]["/orders/{order_id}"]["get"]["parameters"][0]["in"] = "nowhere"
    with pytest.raises(OpenAPIValidationError):
        validate(document)


def test_a_killed_dependency_costs_the_answer_and_not_the_service(world: World) -> None:
    with world.inventory() as inventory:
        assert world.order()["degraded"] is False
        inventory.kill()
        inventory.wait()
        assert world.order() == {"id": 1, "item": 42, "stock": "unknown", "degraded": True}
        assert world.until("/readyz", '"status":"degraded"').status == 200
        assert world.get("/livez").status == 200


def test_a_dead_dependency_is_left_in_peace_and_found_again(world: World) -> None:
    in_peace = 'dependency_call_duration_seconds_count{dependency="inventory",outcome="breaker_open"}'
    until = time.monotonic() + PATIENCE
    while in_peace not in (metrics := world.get("/metrics").body):
        assert time.monotonic() < until, metrics
        assert world.order()["degraded"] is True
    connects = re.search(r'dependency_attempts_total{[^}]*outcome="connect_error"[^}]*} ([0-9.]+)', metrics)
    assert connects
    assert float(connects[1]) >= 20
    with world.inventory():
        world.good_order()


def test_a_hanging_dependency_is_waited_for_no_longer_than_the_deadline(start: Start) -> None:
    world = start()
    with world.inventory() as inventory:
        inventory.send_signal(signal.SIGSTOP)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(world.get, ["/orders/1"] * 60))
    assert {answer.status for answer in answers} == {200}
    assert all(json.loads(answer.body)["degraded"] for answer in answers)
    assert world.get("/livez").status == 200


def test_the_caller_s_deadline_is_honoured(world: World) -> None:
    """By a client that would wait for minutes."""
    with world.inventory() as inventory:
        inventory.send_signal(signal.SIGSTOP)
        answer = world.get("/orders/1", X_Request_Timeout_Ms="100")
    assert (answer.status, json.loads(answer.body)["degraded"]) == (200, True)
    assert 'dependency_retries_total{dependency="inventory"} 0.0' in world.get("/metrics").body


def test_clients_that_follow_readiness_see_no_error_through_a_drain(start: Start, patience: dict[str, str]) -> None:
    world = start(**patience, DRAIN_SECONDS="600")
    with world.inventory(), ThreadPoolExecutor(4) as pool:

        def follow(_: int) -> list[object]:
            seen = []
            while world.get("/readyz").status == 200:
                seen += [world.order()["degraded"] for _ in range(5)]
            return seen

        followers = [pool.submit(follow, number) for number in range(4)]
        world.until("/metrics", 'http_route="/orders/{order_id}"')
        world.process.send_signal(signal.SIGTERM)
        seen = {degraded for follower in followers for degraded in follower.result()}
    assert seen == {False}
    world.process.send_signal(signal.SIGTERM)  # the second one ends it at once


def test_it_ends_well_when_the_drain_is_over(world: World) -> None:
    world.process.send_signal(signal.SIGTERM)
    assert world.process.wait(PATIENCE) == 0


def test_a_full_service_refuses_the_unimportant_first_and_answers_its_probes(
    start: Start, patience: dict[str, str]
) -> None:
    world = start(**patience, CONCURRENCY_MAX="10", CONCURRENCY_MIN="20")  # which had to be lower before 1.2.0
    with world.inventory() as inventory, ThreadPoolExecutor(10) as pool:
        inventory.send_signal(signal.SIGSTOP)  # orders wait until it goes on
        admitted = [pool.submit(world.order) for _ in range(9)]
        world.until("/metrics", "http_server_active_requests 9.0")
        refused = [world.get("/orders/1") for _ in range(3)]
        refused += [world.get("/orders/1", X_Request_Priority="bulk") for _ in range(4)]
        admitted.append(pool.submit(world.order, priority="critical"))
        world.until("/metrics", "http_server_active_requests 10.0")
        assert world.get("/readyz").status == 200
        inventory.send_signal(signal.SIGCONT)
        assert {answer.result()["degraded"] for answer in admitted} == {False}
        assert world.order()["degraded"] is False, "and the service is well when it is over"
    assert {answer.status for answer in refused} == {503}
    assert all(1 <= int(answer.headers["retry-after"]) <= 3 for answer in refused)
    metrics = world.get("/metrics").body
    assert 'http_server_shed_requests_total{priority="normal",reason="limit"} 3.0' in metrics
    assert "http_server_concurrency_limit 10.0" in metrics


def test_problems_ids_and_logs_belong_together(world: World) -> None:
    answer = world.get("/orders/99", X_Request_Id="asked-by-a-test")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.headers["x-request-id"] == "asked-by-a-test"
    assert json.loads(answer.body)["request_id"] == "asked-by-a-test"
    line = world.logged(event="request", request_id="asked-by-a-test")
    assert (line["status"], line["route"], line["service"]) == (404, "/orders/{order_id}", "orders")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("INVENTORY_URL", None), ("INVENTORY_URL", "nowhere"), ("PORT", "http"), ("LOG_LEVEL", "LOUD")],
)
def test_a_bad_setting_ends_the_start_with_one_line_that_names_it(
    installed: Path, setting: str, value: str | None
) -> None:
    env = {"INVENTORY_URL": "http://127.0.0.1:1", "PORT": str(free_port())} | ({setting: value} if value else {})
    if value is None:
        del env[setting]
    done = run(installed / ".venv/bin/orders", cwd=installed, env=env)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert setting in line
