import asyncio

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient


def test_a_refusal_is_a_problem(faulty: TestClient) -> None:
    response = faulty.get("/v1/faults/status/403", headers={"X-Request-Id": "abc"})
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.headers["x-why"], response.headers["x-request-id"]) == ("test", "abc")
    assert response.json() == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "instance": "/v1/faults/status/403",
        "request_id": "abc",
    }


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/v1/faults/crash", 405)]
)
def test_what_is_not_there_is_a_problem(faulty: TestClient, method: str, path: str, status: int) -> None:
    response = faulty.request(method, path)
    assert (response.status_code, response.json()["status"]) == (status, status)


def test_a_long_path_is_not_sent_back_whole(faulty: TestClient) -> None:
    assert faulty.get("/" + "9" * 5_000).json()["instance"] == "/" + "9" * 255


@pytest.mark.parametrize("code", [204, 304])
def test_what_is_no_error_is_no_problem(faulty: TestClient, code: int) -> None:
    response = faulty.get(f"/v1/faults/status/{code}")
    assert (response.status_code, response.content) == (code, b"")


def test_a_status_without_a_name_is_a_problem_too(faulty: TestClient) -> None:
    assert faulty.get("/v1/faults/status/499").json()["title"] == "Unknown"


def test_more_than_text_in_an_exception_is_kept(faulty: TestClient) -> None:
    assert faulty.get("/v1/faults/detailed").json()["errors"] == {"version": 3}


def test_an_invalid_request_is_explained_without_its_values(faulty: TestClient) -> None:
    response = faulty.post("/v1/faults/login", json={"pin": "s3cret"})
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {
            "in": ["body", "pin"],
            "detail": "Input should be a valid integer, unable to parse string as an integer",
        }
    ]
    assert "s3cret" not in response.text


def test_a_defect_tells_nothing_and_is_logged_once(faulty: TestClient) -> None:
    with structlog.testing.capture_logs() as logs:
        response = faulty.get("/v1/faults/crash")
    assert response.status_code == 500
    assert response.json().keys() == {"type", "title", "status", "instance", "request_id"}
    assert response.headers["x-request-id"] == response.json()["request_id"]
    errors = [entry for entry in logs if entry["log_level"] == "error"]
    assert [entry["event"] for entry in errors] == ["unhandled exception"]
    assert errors[0]["exc_info"] is True


def test_half_a_response_does_not_look_whole(faulty: TestClient) -> None:
    with pytest.raises(ZeroDivisionError):  # and so the server cuts the connection
        faulty.get("/v1/faults/half")


@pytest.mark.parametrize(
    ("reason", "status"), [("connect_error", 503), ("breaker_open", 503), ("timeout", 504)]
)
def test_a_dependency_without_a_fallback_is_a_problem(faulty: TestClient, reason: str, status: int) -> None:
    response = faulty.get(f"/v1/faults/dependency/{reason}")
    assert (response.status_code, response.json()["status"]) == (status, status)
    assert "inventory" not in response.text


def test_a_passed_deadline_is_refused_at_once(faulty: TestClient) -> None:
    response = faulty.get("/v1/faults/crash", headers={"X-Request-Timeout-Ms": "0"})
    assert (response.status_code, response.json()["title"]) == (504, "Gateway Timeout")


@pytest.mark.parametrize(("given", "seconds"), [("50", 0.05), ("9000000", 300)])
async def test_the_callers_deadline_is_kept_and_never_longer_than_ours(
    app: FastAPI, given: str, seconds: float
) -> None:
    started = asyncio.get_running_loop().time()
    async with AsyncClient(transport=ASGITransport(app), base_url="http://orders") as client:
        late = await client.get("/v1/faults/sleep/3600", headers={"X-Request-Timeout-Ms": given})
        assert late.status_code == 504
        assert asyncio.get_running_loop().time() - started <= seconds
        assert (await client.get("/v1/faults/sleep/0")).status_code == 200


def test_a_timeout_that_is_not_the_deadline_is_a_defect(faulty: TestClient) -> None:
    assert faulty.get("/v1/faults/timeout").status_code == 500


def test_openapi_promises_no_other_errors(faulty: TestClient) -> None:
    operation = faulty.get("/openapi.json").json()["paths"]["/v1/faults/login"]["post"]
    assert operation["responses"].keys() == {"200", "default"}
    assert "application/problem+json" in operation["responses"]["default"]["content"]
