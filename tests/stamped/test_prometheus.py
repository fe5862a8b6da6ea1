"""A real Prometheus scrapes the stamped service and answers what a person on call asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stamped.prometheus import Prometheus, QueryError, prometheus
from tests.stamped.world import World

REQUESTS = "http_server_request_duration_seconds"


@pytest.fixture
def server(world: World, tmp_path: Path) -> Iterator[Prometheus]:
    with prometheus(tmp_path, {"orders": world.internal_port}, labels={"namespace": "shop"}) as server:
        yield server


def test_it_answers_what_matters_about_a_service_that_is_hurt(world: World, server: Prometheus) -> None:
    with world.inventory():
        world.order()  # rate() needs a first value to see the next ones against
        server.scraped()
        for _ in range(19):
            world.order()
    for _ in range(30):
        world.order()  # the inventory is dead: fallbacks, and then the breaker opens
    world.get("/orders/99")
    server.scraped()
    ok = f'{REQUESTS}_count{{job="orders",http_route="/orders/{{order_id}}",http_response_status_code="200"}}'
    assert server.value(ok) == 50
    assert server.value(f"sum(rate({REQUESTS}_count[1m]))") > 0
    assert server.value(f'sum(rate({REQUESTS}_count{{http_response_status_code=~"5.."}}[1m])) or vector(0)') == 0
    assert server.value(f"histogram_quantile(0.99, sum by (le) (rate({REQUESTS}_bucket[1m])))") > 0
    (breaker,) = server.query("dependency_breaker_state == 1")
    assert (breaker.labels["dependency"], breaker.labels["state"]) == ("inventory", "open")
    attempts = {s.labels["outcome"]: s.value for s in server.query("dependency_attempts_total")}
    assert attempts["success"] == 20
    assert attempts["connect_error"] > 0
    assert server.value("sum(dependency_fallbacks_total)") == 30
    assert server.value('service_info{name="orders"}') == 1
    assert server.value("process_resident_memory_bytes") > 1e6
    assert server.value('up{namespace="shop"}') == 1


def test_a_query_that_is_none_is_refused_and_one_that_finds_nothing_is_empty(server: Prometheus) -> None:
    with pytest.raises(QueryError, match="parse error"):
        server.query("rate(")
    assert server.query("no_such_metric") == []
    with pytest.raises(AssertionError, match="found nothing"):
        server.eventually("no_such_metric", within=0.5)


def test_rules_are_evaluated_and_alerts_fire(world: World, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "groups: [{name: test, rules: [{record: job:up, expr: sum by (job) (up)},"
        " {alert: Up, expr: 'job:up == 1', labels: {severity: page}}]}]"
    )
    with prometheus(tmp_path, {"orders": world.internal_port}, rules=[rules]) as server:
        server.eventually('ALERTS{alertname="Up",alertstate="firing"}')
        assert {rule["health"] for rule in server.rules()} == {"ok"}
        (alert,) = server.alerts()
        assert (alert["state"], alert["labels"]["severity"]) == ("firing", "page")
