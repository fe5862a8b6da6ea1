"""Load tests and fault tests of other people's services."""

from __future__ import annotations

import pytest

from tests.check.static.reading import messages

RUN = {".github/workflows/ci.yml": "on: push\njobs: {a: {steps: [{run: go test ./...}]}}"}


@pytest.mark.parametrize(
    "files",
    [
        {"load/script.js": 'import http from "k6/http";', "Makefile": "squeeze:\n\tk6 run load/script.js\n"},
        {"locustfile.py": "from locust import HttpUser", "README.md": "Run `locust -f locustfile.py`."},
        {"gatling/ShopSimulation.java": "import io.gatling.javaapi.core.*;", "pom.xml": "<a>ShopSimulation</a>"},
        {"load/locustfile.py": "from locust import HttpUser", "load/Dockerfile": "ENTRYPOINT locust -f locustfile.py"},
        {"bench.sh": "wrk -t4 -c100 http://localhost:8080/\n"},
        {"package.json": '{"scripts": {"load": "autocannon http://localhost"}}'},
        {"perf/plan.jmx": "<jmeterTestPlan>", ".gitlab-ci.yml": "load: {script: [jmeter -n -t perf/plan.jmx]}"},
    ],
)  # fmt: skip
def test_a_load_test_that_can_be_run_passes(files: dict[str, str]) -> None:
    assert messages("squeeze-testing", files) == []


def test_a_load_test_that_is_missing_or_never_run_is_found() -> None:
    assert messages("squeeze-testing", {"main.go": "", "README.md": "k6 run x"})[0].startswith("no load test")
    unused = {"load/script.js": 'import http from "k6/http";', "Makefile": "test:\n\tgo test\n"}
    assert messages("squeeze-testing", unused) == ["nothing runs the load test load/script.js"]


@pytest.mark.parametrize(
    "files",
    [
        {"internal/client_test.go": "toxiproxy.NewClient()"},
        {"src/test/java/ShopIT.java": "aResponse().withFault(Fault.CONNECTION_RESET_BY_PEER)"},
        {"tests/test_outage.py": "def test_inventory_is_down(): ..."},
        {"test/api.spec.ts": "nock(url).get('/').replyWithError('boom')"},
    ],
)
def test_faults_that_the_pipeline_injects_pass(files: dict[str, str]) -> None:
    assert messages("chaos-testing", files | RUN) == []
    assert messages("chaos-testing", files)[0].startswith("nothing runs the tests that inject faults")


def test_what_only_has_a_similar_name_is_no_fault_test() -> None:
    for path in ("tests/test_default.py", "tests/faults.yaml", "src/chaos.py"):
        (found,) = messages("chaos-testing", RUN | {path: "def test_a(): ..."})
        assert found.startswith("no test injects a fault"), path


def test_paved_check_and_scheduled_experiments_count() -> None:
    assert messages("chaos-testing", {".gitlab-ci.yml": "check: {script: [paved check]}"}) == []
    assert messages("chaos-testing", {"chaos.yaml": "apiVersion: chaos-mesh.org/v1alpha1\nkind: Schedule\n"}) == []


def test_fault_tests_that_no_pipeline_runs_are_found() -> None:
    files = {"a_test.go": "toxiproxy", ".github/workflows/ci.yml": "on: push\njobs: {a: {steps: [{run: go build}]}}"}
    assert messages("chaos-testing", files) == ["no pipeline runs the tests that inject faults (a_test.go)"]
