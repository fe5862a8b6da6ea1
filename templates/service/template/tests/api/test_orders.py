import signal

from fastapi.testclient import TestClient

from support import Process

DEGRADED = {"id": 1, "item": 42, "stock": "unknown", "degraded": True}


def test_an_order_says_how_many_are_in_stock(patient_api: TestClient) -> None:
    response = patient_api.get("/orders/1")
    assert response.status_code == 200
    assert response.json() == {"id": 1, "item": 42, "stock": 17, "degraded": False}


def test_an_unknown_order_is_not_found(api: TestClient) -> None:
    response = api.get("/orders/99")
    assert response.status_code == 404
    assert response.json()["detail"] == "There is no order 99."


def test_an_order_number_must_be_a_positive_number(api: TestClient) -> None:
    assert api.get("/orders/0").status_code == 422
    assert api.get("/orders/first").status_code == 422


def test_an_inventory_that_refuses_degrades_the_answer(api: TestClient, inventory: Process) -> None:
    inventory.close()
    response = api.get("/orders/1")
    assert (response.status_code, response.json()) == (200, DEGRADED)


def test_an_inventory_that_hangs_degrades_the_answer_in_time_until_it_is_back(
    api: TestClient, inventory: Process
) -> None:
    inventory.send(signal.SIGSTOP)
    response = api.get("/orders/1")  # it would never end without a deadline
    assert (response.status_code, response.json()) == (200, DEGRADED)
    inventory.send(signal.SIGCONT)
    while api.get("/orders/1").json()["degraded"]:  # a slow machine needs more than one attempt
        pass
