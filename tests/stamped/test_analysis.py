"""The analysis of a roll-out, asked of a real Prometheus that watches the service, in good days and in bad ones."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stamped.delivered import stamped
from tests.stamped.prometheus import Prometheus, prometheus
from tests.stamped.world import Start, World

VERSION = "6d4cf56db6"


@pytest.fixture
def world(start: Start) -> World:
    """With the inventory client's own deadlines: it makes no request wait for minutes."""
    return start()


@pytest.fixture
def server(world: World, tmp_path: Path) -> Iterator[Prometheus]:
    labels = {"namespace": "orders-prod", "rollouts_pod_template_hash": VERSION}
    with prometheus(tmp_path, {"orders": world.internal_port}, labels=labels) as server:
        yield server


def metrics(**answers: object) -> dict[str, dict[str, Any]]:
    template = yaml.safe_load(stamped(rollout="canary", **answers)["deploy/strategy/analysis.yaml"])
    return {metric["name"]: metric for metric in template["spec"]["metrics"]}


def verdict(server: Prometheus, metric: dict[str, Any], version: str = VERSION) -> str:
    """What Argo Rollouts makes of one measurement."""
    query = metric["provider"]["prometheus"]["query"]
    for name, value in {"version": version, "namespace": "orders-prod"}.items():
        query = query.replace("{{args." + name + "}}", value)
    result = [sample.value for sample in server.query(query)]
    good, bad = (
        eval(metric[condition].replace("&&", "and"), {"len": len, "result": result})
        for condition in ("successCondition", "failureCondition")
    )
    return "Failed" if bad else "Successful" if good else "Inconclusive"


def verdicts(server: Prometheus, version: str = VERSION, **answers: object) -> dict[str, str]:
    return {name: verdict(server, metric, version) for name, metric in metrics(**answers).items()}


def seen(world: World, server: Prometheus, **headers: str) -> None:
    """Requests that Prometheus has seen; `first` has come before, since rate() needs something to see them against."""
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: world.get("/orders/1", **headers), range(20)))
    server.scraped()


def first(world: World, server: Prometheus, **headers: str) -> None:
    world.get("/orders/1", **headers)
    server.scraped()


def test_a_version_that_nobody_called_has_proven_nothing(world: World, server: Prometheus) -> None:
    server.scraped()
    assert verdicts(server) == {"errors": "Inconclusive", "slow": "Inconclusive"}


def test_a_good_version_passes_also_without_its_dependency(world: World, server: Prometheus) -> None:
    with world.inventory():
        first(world, server)
        seen(world, server)
    seen(world, server)
    assert verdicts(server, slo_latency_ms=1000) == {"errors": "Successful", "slow": "Successful"}
    assert verdicts(server, "another") == {"errors": "Inconclusive", "slow": "Inconclusive"}


def test_a_version_that_fails_is_taken_back(world: World, server: Prometheus) -> None:
    first(world, server, X_Request_Timeout_Ms="0")
    seen(world, server, X_Request_Timeout_Ms="0")
    assert verdicts(server)["errors"] == "Failed"


def test_one_failed_request_among_few_proves_nothing(world: World, server: Prometheus) -> None:
    with world.inventory():
        for timeout in ("0", "5000"):
            first(world, server, X_Request_Timeout_Ms=timeout)
        for timeout in ("0", "5000", "5000"):
            world.get("/orders/1", X_Request_Timeout_Ms=timeout)
        server.scraped()
    assert verdicts(server, slo_latency_ms=1000) == {"errors": "Inconclusive", "slow": "Successful"}


def test_a_version_that_is_slow_is_taken_back(world: World, server: Prometheus) -> None:
    with world.inventory() as inventory:
        first(world, server)
        inventory.send_signal(signal.SIGSTOP)
        seen(world, server)
    assert verdicts(server, slo_latency_ms=250) == {"errors": "Successful", "slow": "Failed"}
