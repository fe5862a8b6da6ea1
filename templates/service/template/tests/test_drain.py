import json
import signal
import threading
import time
from collections.abc import Callable

import httpx2

from support import Process


def follow_readiness(service: Process, statuses: list[int]) -> None:
    """A client of a load balancer that asks for readiness every 0.1 s and then sends nothing more."""
    with httpx2.Client(base_url=service.url, timeout=5) as client:
        while client.get(f"{service.internal_url}/readyz").status_code == 200:
            until = time.monotonic() + 0.1
            while time.monotonic() < until:
                statuses.append(client.get("/orders/1").status_code)


def test_clients_that_follow_readiness_see_no_error(
    start: Callable[..., Process], inventory: Process
) -> None:
    service = start(INVENTORY_URL=inventory.url, DRAIN_SECONDS="1")
    statuses: list[int] = []
    clients = [threading.Thread(target=follow_readiness, args=(service, statuses)) for _ in range(4)]
    for client in clients:
        client.start()
    until = time.monotonic() + 5
    while len(statuses) < 20 and time.monotonic() < until:
        time.sleep(0.01)
    under_load = len(statuses)
    service.send(signal.SIGTERM)
    time.sleep(0.05)
    assert service.get("/readyz").json() == {"status": "draining"}
    assert service.get("/livez").status_code == 200
    for client in clients:
        client.join()
    output = service.output()
    assert service.popen.returncode == 0
    assert under_load >= 20
    assert set(statuses) == {200}
    events = [json.loads(line)["event"] for line in output.splitlines()]
    assert "draining" in events
    assert events[-1].startswith("Finished server process")


def test_a_request_in_flight_is_finished(start: Callable[..., Process], inventory: Process) -> None:
    service = start(INVENTORY_URL=inventory.url, DRAIN_SECONDS="0")
    inventory.send(signal.SIGSTOP)  # so that the order takes 0.8 s
    statuses: list[int] = []
    client = threading.Thread(target=lambda: statuses.append(service.get("/orders/1").status_code))
    client.start()
    time.sleep(0.2)
    service.send(signal.SIGTERM)
    client.join()
    service.output()
    assert (statuses, service.popen.returncode) == ([200], 0)


def test_a_second_signal_ends_it_at_once(start: Callable[..., Process]) -> None:
    service = start(DRAIN_SECONDS="60")
    service.send(signal.SIGTERM)
    time.sleep(0.2)
    assert service.popen.poll() is None
    service.send(signal.SIGTERM)
    service.output()
    assert service.popen.returncode == -signal.SIGTERM
