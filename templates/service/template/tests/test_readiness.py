from fastapi.testclient import TestClient

from support import Process


def test_it_is_ready_and_names_its_dependencies(patient_api: TestClient) -> None:
    response = patient_api.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "checks": {"inventory": {"status": "up", "critical": False}},
    }


def test_without_the_inventory_it_is_degraded_and_still_ready(
    patient_api: TestClient, inventory: Process
) -> None:
    inventory.close()
    patient_api.get("/orders/1")
    response = patient_api.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "degraded",
        "checks": {"inventory": {"status": "down", "critical": False, "reason": "connect_error"}},
    }


def test_liveness_asks_no_dependency(api: TestClient, inventory: Process) -> None:
    inventory.close()
    assert api.get("/livez").status_code == 200
    assert api.get("/startupz").status_code == 200
