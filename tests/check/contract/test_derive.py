"""Run contracts from what a service says to other tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.check.contract.resolve import resolve_contract
from paved_road.errors import NoRunContract
from paved_road.testing import write_files

COMPOSE = """\
services:
  web:
    build: .
    ports: ["18080:8080"]
    environment:
      PORT: "8080"
      INVENTORY_URL: http://inventory:9090/api/
      DATABASE_URL: postgres://db/orders
      MODE: ${MODE:-fast}
    healthcheck: {test: [CMD, curl, -f, "http://localhost:8080/healthz"]}
  inventory: {image: "acme/inventory:1"}
  db: {image: "postgres:16"}
"""
DOCKERFILE = 'FROM python:3.13\nENTRYPOINT ["python"]\nCMD ["-m", "orders service"]\n'
SCORE = """\
apiVersion: score.dev/v1b1
metadata: {name: orders}
service: {ports: {www: {port: 80, targetPort: 8080}}}
containers:
  main:
    image: .
    command: [node, server.js]
    variables:
      PORT: "8080"
      INVENTORY_URL: http://${resources.inventory.host}:${resources.inventory.port}/v1
    livenessProbe: {httpGet: {path: /alive, port: 8080}}
    readinessProbe: {httpGet: {path: /ready, port: 8080}}
resources: {inventory: {type: service}}
"""


def test_compose_says_it_with_the_dockerfile(tmp_path: Path) -> None:
    contract = resolve_contract(write_files(tmp_path, {"compose.yaml": COMPOSE, "Dockerfile": DOCKERFILE}))
    assert contract.start == ("python", "-m", "orders service")
    assert (contract.port_env, contract.live, contract.ready) == ("PORT", "/healthz", "/healthz")
    (inventory,) = contract.dependencies
    assert (inventory.name, inventory.env, inventory.suffix) == ("inventory", "INVENTORY_URL", "/api")
    assert contract.settings == {"DATABASE_URL": "postgres://db/orders", "MODE": "fast"}
    assert contract.source == "compose.yaml"


def test_compose_s_own_command_comes_first(tmp_path: Path) -> None:
    text = COMPOSE.replace("    build: .", "    build: {context: ., dockerfile: None}\n    command: node server.js")
    assert resolve_contract(write_files(tmp_path, {"docker-compose.yml": text})).start == ("node", "server.js")


def test_score_says_it(tmp_path: Path) -> None:
    contract = resolve_contract(write_files(tmp_path, {"score.yaml": SCORE}))
    assert (contract.start, contract.live, contract.ready) == (("node", "server.js"), "/alive", "/ready")
    (inventory,) = contract.dependencies
    assert (inventory.env, inventory.suffix) == ("INVENTORY_URL", "/v1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("services: {a: {image: x}}", "compose.yaml does not say which service is this one: it builds none"),
        ("services: {a: {build: .}, b: {build: .}}", "it builds a, b"),
        ("services: [", "compose.yaml cannot be read"),
        ("[]", "it builds none"),
        (COMPOSE, "has no command, and Dockerfile cannot be read"),
        (COMPOSE.replace("build: .", "build: .\n    command: x").replace("healthcheck", "x"), "has no health check"),
        (COMPOSE.replace("build: .", "build: .\n    command: x").replace("ports", "x"), "does not publish a port"),
    ],
)
def test_what_it_does_not_say_is_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(NoRunContract) as caught:
        resolve_contract(write_files(tmp_path, {"compose.yaml": text}))
    assert reason in caught.value.cause
