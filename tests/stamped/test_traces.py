"""One request followed through everything that tells of it; and what none of that may tell."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from paved_road.testing import PATIENCE
from tests.stamped.receivers import Collector, collector, dependency
from tests.stamped.world import Start, World

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{CALLER}-01"
SECRET = "s3cret-that-must-not-be-told-0123456789"


@pytest.fixture
def traces() -> Iterator[Collector]:
    with collector() as server:
        yield server


def test_a_request_is_followed_by_its_ids_through_log_trace_and_dependency(
    start: Start, patience: dict[str, str], traces: Collector
) -> None:
    with dependency() as inventory:
        world = start(
            **patience,
            INVENTORY_URL=f"http://127.0.0.1:{inventory.port}",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{traces.port}",
            OTEL_TRACES_SAMPLER_ARG="0",  # the caller has decided
        )
        asked = {"X_Request_Id": "a-purchase", "X_Request_Priority": "critical", "X_Request_Timeout_Ms": "200000"}
        answer = world.get("/orders/1", traceparent=PARENT, **asked)
        assert answer.headers["x-request-id"] == "a-purchase"
        world.get("/orders/1")  # of no trace, and so not sampled
        spans = traces.spans(at_least=2)

    server, call = spans
    assert (server.name, call.name) == ("GET /orders/{order_id}", "GET")
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert server.parent_span_id.hex() == CALLER
    assert call.parent_span_id == server.span_id

    sent, _ = inventory.received[0]
    assert sent["traceparent"] == f"00-{TRACE}-{call.span_id.hex()}-01"
    assert sent["x-request-id"] == "a-purchase"
    assert sent["x-request-priority"] == "critical"
    assert 0 < int(sent["x-request-timeout-ms"]) <= 200_000

    (line,) = [line for line in world.lines() if line.get("request_id") == "a-purchase"]
    assert (line["trace_id"], line["span_id"]) == (TRACE, server.span_id.hex())

    (resource,) = {
        tuple((each.key, each.value.string_value) for each in resource.resource.attributes)
        for export in traces.exports()
        for resource in export.resource_spans
    }
    assert ("service.name", "orders") in resource


def test_without_a_caller_s_decision_the_ratio_decides(start: Start, traces: Collector) -> None:
    world = start(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{traces.port}", OTEL_TRACES_SAMPLER_ARG="1")
    world.get("/orders/99")
    world.get("/livez")
    (span,) = traces.spans(at_least=1)
    assert span.name == "GET /orders/{order_id}"


def plant(world: World) -> None:
    """Send the secret in every place that a client has."""
    headers = {
        "Authorization": f"Bearer {SECRET}",
        "Cookie": f"session={SECRET}",
        "X-Api-Key": SECRET,
        "Referer": f"http://shop/?token={SECRET}",
        "User-Agent": SECRET,
        "X-Request-Id": f"{SECRET} with a blank, so not well-formed",
        "X-Request-Timeout-Ms": SECRET,
        "X-Request-Priority": SECRET,
        "Content-Type": "application/json",
    }
    for method, path in (
        ("GET", f"/orders/1?token={SECRET}"),
        ("GET", f"/orders/{SECRET}"),  # not valid
        ("GET", f"/{SECRET}"),  # no route
        ("POST", f"/orders/1?token={SECRET}"),  # no such method
        ("GET", f"/readyz?token={SECRET}"),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=PATIENCE)
        connection.request(method, path, body=f'{{"password": "{SECRET}"}}', headers=headers)
        connection.getresponse().read()
        connection.close()


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b'{"stock": 17}'), (200, SECRET.encode()), (404, SECRET.encode()), (500, SECRET.encode())],
    ids=["well", "garbage", "unknown", "broken"],
)
def test_no_secret_and_no_body_reaches_a_log_a_metric_or_a_span(
    start: Start, traces: Collector, status: int, body: bytes
) -> None:
    with dependency(lambda _: (status, body)) as inventory:
        world = start(
            INVENTORY_URL=f"http://stock:{SECRET}@127.0.0.1:{inventory.port}",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://traces:{SECRET}@127.0.0.1:{traces.port}",
            OTEL_EXPORTER_OTLP_HEADERS=f"authorization={SECRET}",
            OTEL_TRACES_SAMPLER_ARG="1",
            FAULT_INJECTION_KEY=SECRET,
            LOG_LEVEL="DEBUG",
        )
        plant(world)
        told = repr(traces.spans(at_least=5))
    plant(world)  # the dependency is gone: what its errors say
    metrics = world.get("/metrics").body
    world.process.terminate()
    world.process.wait(PATIENCE)
    log = world.log.read_text()

    assert "http.route" in told
    assert '"route":"/orders/{order_id}"' in log
    assert "dependency_attempts_total" in metrics
    assert "basic " in {name: value.lower() for name, value in inventory.received[-1][0].items()}["authorization"]
    for where, text in (("span", told + repr(traces.exports())), ("metric", metrics), ("log", log)):
        assert SECRET not in text, where


def test_a_receiver_that_is_down_costs_nothing_but_the_traces(start: Start) -> None:
    world = start(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_TRACES_SAMPLER_ARG="1", DRAIN_SECONDS="0")
    for _ in range(20):
        assert world.get("/orders/1").status == 200
    world.process.terminate()
    assert world.process.wait(PATIENCE) == 0
