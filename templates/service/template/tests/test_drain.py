import json
import signal
import threading
from collections.abc import Callable

import httpx2

from support import PATIENCE, Process


def follow_readiness(service: Process, statuses: list[int]) -> None:
    """A client of a load balancer that asks for readiness now and then, and then sends nothing more."""
    with httpx2.Client(base_url=service.url, timeout=PATIENCE) as client:
        while service.get("/readyz").status_code == 200:
            statuses += [client.get("/orders/1").status_code for _ in range(5)]


def test_clients_that_follow_readiness_see_no_error(
    start: Callable[..., Process], inventory: Process
) -> None:
    service = start(INVENTORY_URL=inventory.url, DRAIN_SECONDS="600")
    statuses: list[int] = []
    clients = [threading.Thread(target=follow_readiness, args=(service, statuses)) for _ in range(4)]
    for client in clients:
        client.start()
    service.wait_until("/metrics", 'http_route="/orders')
    service.send(signal.SIGTERM)
    for client in clients:
        client.join()
    assert service.get("/readyz").json() == {"status": "draining"}
    assert service.get("/livez").status_code == 200
    assert len(statuses) >= 5
    assert set(statuses) == {200}


def test_a_request_in_flight_is_finished(start: Callable[..., Process], inventory: Process) -> None:
    service = start(INVENTORY_URL=inventory.url, DRAIN_SECONDS="0")
    inventory.send(signal.SIGSTOP)  # so that the order takes 0.8 s
    statuses: list[int] = []
    client = threading.Thread(target=lambda: statuses.append(service.get("/orders/1").status_code))
    client.start()
    # In flight; or, on a slow machine, answered before we could see it.
    service.wait_until("/metrics", 'active_requests 1.0|http_route="/orders')
    service.send(signal.SIGTERM)
    client.join()
    events = [json.loads(line)["event"] for line in service.output().splitlines()]
    assert (statuses, service.popen.returncode) == ([200], 0)
    assert "draining" in events
    assert events[-1].startswith("Finished server process")


def test_a_second_signal_ends_it_at_once(start: Callable[..., Process]) -> None:
    service = start(DRAIN_SECONDS="600")
    service.send(signal.SIGTERM)
    service.wait_until("/readyz", "draining")
    assert service.popen.poll() is None
    service.send(signal.SIGTERM)
    service.output()
    assert service.popen.returncode == -signal.SIGTERM
