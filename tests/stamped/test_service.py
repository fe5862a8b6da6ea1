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

from paved_road.testing import PATIENCE, free_port, run
from tests.stamped.world import Start, World, stamp

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


@pytest.mark.parametrize("answers", COMBINATIONS.values(), ids=COMBINATIONS)
def test_every_combination_passes_its_own_gate_without_a_warning(tmp_path: Path, answers: list[str]) -> None:
    service = stamp(tmp_path / "orders", *answers)
    done = run("make", "--no-print-directory", "check", cwd=service)
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
    done = run("make", "check", cwd=service)
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
        assert world.good_order() == {"id": 1, "item": 42, "stock": 17, "degraded": False}


def test_its_openapi_document_is_one(world: World) -> None:
    document = json.loads(world.get("/openapi.json").body)
    validate(document)
    document["paths"]["/orders/{order_id}"]["get"]["parameters"][0]["in"] = "nowhere"
    with pytest.raises(OpenAPIValidationError):
        validate(document)


def test_a_killed_dependency_costs_the_answer_and_not_the_service(world: World) -> None:
    with world.inventory() as inventory:
        world.good_order()
        inventory.kill()
        inventory.wait()
        assert world.order() == {"id": 1, "item": 42, "stock": "unknown", "degraded": True}
        assert world.until("/readyz", '"status":"degraded"').status == 200
        assert world.get("/livez").status == 200


def test_a_dead_dependency_is_left_in_peace_and_found_again(world: World) -> None:
    for _ in range(40):
        world.order()
    metrics = world.get("/metrics").body
    assert 'dependency_breaker_state{dependency="inventory",state="open"} 1.0' in metrics
    connects = re.search(r'dependency_attempts_total{[^}]*outcome="connect_error"[^}]*} ([0-9.]+)', metrics)
    assert connects
    assert 20 <= float(connects[1]) <= 30
    with world.inventory():
        world.good_order()


def test_a_hanging_dependency_is_waited_for_no_longer_than_the_deadline(world: World) -> None:
    with world.inventory() as inventory:
        inventory.send_signal(signal.SIGSTOP)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(world.get, ["/orders/1"] * 60))
    assert {answer.status for answer in answers} == {200}
    assert all(json.loads(answer.body)["degraded"] for answer in answers)
    assert world.get("/livez").status == 200


def test_the_caller_s_deadline_is_honoured(world: World) -> None:
    with world.inventory() as inventory:
        inventory.send_signal(signal.SIGSTOP)
        answer = world.get("/orders/1", X_Request_Timeout_Ms="100")
    assert (answer.status, json.loads(answer.body)["degraded"]) == (200, True)
    milliseconds = world.logged(event="request")["duration_ms"]
    assert isinstance(milliseconds, float)
    assert milliseconds < 800, "as many as the two attempts of the policy take"


def test_clients_that_follow_readiness_see_no_error_through_a_drain(start: Start) -> None:
    world = start(DRAIN_SECONDS="600")
    with world.inventory(), ThreadPoolExecutor(4) as pool:

        def follow(_: int) -> list[int]:
            seen = []
            while world.get("/readyz").status == 200:
                seen += [world.get("/orders/1").status for _ in range(5)]
            return seen

        followers = [pool.submit(follow, number) for number in range(4)]
        world.until("/metrics", 'http_route="/orders/{order_id}"')
        world.process.send_signal(signal.SIGTERM)
        seen = [status for follower in followers for status in follower.result()]
    assert set(seen) == {200}
    world.process.send_signal(signal.SIGTERM)  # the second one ends it at once


def test_it_ends_well_when_the_drain_is_over(world: World) -> None:
    world.process.send_signal(signal.SIGTERM)
    assert world.process.wait(PATIENCE) == 0


def test_a_full_service_refuses_the_unimportant_first_and_answers_its_probes(start: Start) -> None:
    world = start(CONCURRENCY_MAX="10", CONCURRENCY_MIN="20")  # which had to be lower before 1.2.0
    with world.inventory() as inventory:
        inventory.send_signal(signal.SIGSTOP)  # so that an order takes most of a second
        with ThreadPoolExecutor(24) as pool:
            normal = [pool.submit(world.get, "/orders/1") for _ in range(12)]
            active(world, 9)
            bulk = [pool.submit(world.get, "/orders/1", X_Request_Priority="bulk") for _ in range(4)]
            critical = pool.submit(world.get, "/orders/1", X_Request_Priority="critical")
            assert world.get("/readyz").status == 200
            refused = [answer.result() for answer in normal if answer.result().status == 503]
            assert len(refused) == 3
            assert {answer.result().status for answer in bulk} == {503}
            assert critical.result().status == 200
    assert all(1 <= int(answer.headers["retry-after"]) <= 3 for answer in refused)
    assert world.get("/orders/1").status == 200, "and the service is well when it is over"
    metrics = world.get("/metrics").body
    assert 'http_server_shed_requests_total{priority="normal",reason="limit"} 3.0' in metrics
    assert "http_server_concurrency_limit 10.0" in metrics


def active(world: World, requests: int) -> None:
    """Wait until so many requests are in flight."""
    while f"http_server_active_requests {requests}.0" not in world.get("/metrics").body:
        time.sleep(0.01)


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
