"""The run contract of a service, from its own file, its template, or both, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from paved_road.check.contract.model import Sample
from paved_road.check.contract.resolve import resolve_contract
from paved_road.errors import ContractError, NoRunContract
from paved_road.testing import write_files

FOREIGN = """\
start: node server.js
port: {env: PORT}
probes: {live: /healthz, ready: /healthz}
sample: GET /orders/1
dependencies:
  inventory: {env: INVENTORY_URL, critical: false, answer: {stock: 17}}
"""
TEMPLATE = {
    "start": "uv run orders",
    "port": {"env": "PORT"},
    "probes": {"port": {"env": "INTERNAL_PORT"}, "live": "/livez", "ready": "/readyz"},
    "dependencies": {"inventory": {"env": "INVENTORY_URL", "critical": False}},
    "sample": "GET /orders/1",
}


def test_seven_lines_are_a_contract(tmp_path: Path) -> None:
    contract = resolve_contract(write_files(tmp_path, {"run.yml": FOREIGN}))
    assert contract.start == ("node", "server.js")
    assert (contract.port_env, contract.port, contract.live) == ("PORT", None, "/healthz")
    assert contract.samples == (Sample(method="GET", target="/orders/1"),)
    inventory = contract.dependency("inventory")
    assert (inventory.env, inventory.critical, inventory.answer) == ("INVENTORY_URL", False, b'{"stock": 17}')
    assert contract.source == "run.yml"


def test_the_service_s_own_keys_replace_those_of_its_template(tmp_path: Path) -> None:
    own = 'sample = "GET /carts"\n[dependencies.prices]\nenv = "PRICES_URL"\ncritical = true\nlatency_ms = 20\n'
    contract = resolve_contract(write_files(tmp_path, {"run.toml": own}), TEMPLATE)
    assert contract.start == ("uv", "run", "orders")
    assert contract.probe_port_env == "INTERNAL_PORT"
    assert [one.name for one in contract.dependencies] == ["prices"]
    assert contract.samples[0].target == "/carts"
    assert contract.source == "run.toml"


def test_a_template_alone_is_a_contract(tmp_path: Path) -> None:
    assert resolve_contract(tmp_path, TEMPLATE).source == "the template's paved-road.yml"


def test_samples_have_bodies_and_dependencies_several_answers(tmp_path: Path) -> None:
    more = (
        "samples:\n  - {request: POST /orders, body: {item: 1}, headers: {X-A: b}}\nsettings: {A: b}\n"
        "settings_file: dev.env\n"
    )
    answers = FOREIGN.replace("answer: {stock: 17}", "answer: plain, answers: {GET /items/1: [1]}")
    files = {"run.yml": answers + more, "dev.env": "# none\nexport B=c=d\nA=x\n"}
    contract = resolve_contract(write_files(tmp_path, files))
    assert contract.samples[1].body == b'{"item": 1}'
    assert contract.samples[1].headers == {"content-type": "application/json", "x-a": "b"}
    assert contract.settings == {"A": "b", "B": "c=d"}
    inventory = contract.dependency("inventory")
    assert (inventory.answer, inventory.content_type, inventory.answers) == (
        b"plain",
        "text/plain",
        {"GET /items/1": b"[1]"},
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("run.yml", FOREIGN.replace("start: node server.js", "start: 3"), "run.yml:1: start must be text; it is 3"),
        ("run.yml", FOREIGN.replace("{env: PORT}", "{variable: PORT}"), "run.yml has 2 faults"),
        ("run.yml", FOREIGN.replace("{env: PORT}", "'8080'"), "run.yml:2: port must be a whole number or a mapping"),
        ("run.yml", FOREIGN.replace("live: /healthz, ", ""), "run.yml:3: probes.live is missing"),
        ("run.yml", FOREIGN.replace("live: /healthz", "live: healthz"), "run.yml:3: probes.live must be a path"),
        ("run.yml", FOREIGN.replace("GET /orders/1", "/orders/1"), "run.yml:4: sample must be a method and a path"),
        ("run.yml", FOREIGN.replace("critical: false", "critical: no way"), "run.yml:6: dependencies.inventory.crit"),
        ("run.yml", FOREIGN.replace("INVENTORY_URL", "INVENTORY-URL"), "run.yml:6: dependencies.inventory.env must"),
        ("run.yml", FOREIGN.replace("answer: {stock: 17}", "stub: no.py"), "run.yml:6: dependencies.inventory.stub"),
        ("run.yml", FOREIGN + "dealine: 3\n", "run.yml:7: there is no key 'dealine'; did you mean deadline"),
        ("run.yml", FOREIGN + "deadline: fast\n", "run.yml:7: deadline must be a number above 0; it is 'fast'"),
        ("run.yml", FOREIGN + "deadline: 0\n", "run.yml:7: deadline must be a number above 0; it is 0"),
        ("run.yml", FOREIGN + "port: [\n", "run.yml:7: it is not YAML"),
        ("run.yml", "- 1\n", "run.yml:1: it must be a mapping"),
        ("run.toml", "start = \n", "run.toml:1: it is not TOML"),
        ("run.toml", 'deadline = 3\n[dependencies.a]\ncritical = false\nenv = 3\n', "run.toml:4: dependencies.a.env"),
    ],
)  # fmt: skip
def test_a_wrong_contract_names_its_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    template = TEMPLATE if name == "run.toml" else None
    with pytest.raises(ContractError) as caught:
        resolve_contract(write_files(tmp_path, {name: text}), template)
    assert caught.value.message.startswith(message), (caught.value.message, caught.value.cause)


def test_two_contracts_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"run.yml and run.toml"):
        resolve_contract(write_files(tmp_path, {"run.yml": FOREIGN, "run.toml": ""}))


def test_a_link_is_no_contract(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.yml").write_text(FOREIGN)
    folder = write_files(tmp_path / "service", {"README": ""})
    (folder / "run.yml").symlink_to("../elsewhere.yml")
    with pytest.raises(NoRunContract):
        resolve_contract(folder)
