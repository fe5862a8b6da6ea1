"""What measures a service runs beside it and its stubs: nothing begins, and nothing counts, unless all are well."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from paved_road.process.ports import free_port
from paved_road.testing import PATIENCE, ask_until, run, running

Alongside = Callable[..., CompletedProcess[str]]

STUB = """\
import os

from serve import serve

asked = []


def answer(method: str, path: str) -> tuple[int, object]:
    asked.append(path)
    {behaviour}
    return 200, {{"stock": 1}}


serve("inventory", answer)
"""


@pytest.fixture
def service(installed: Path, tmp_path: Path) -> Path:
    """A service to edit, with the environment of the one that is installed."""
    copied = tmp_path / "orders"
    shutil.copytree(installed, copied, ignore=shutil.ignore_patterns(".venv", ".git"))
    (copied / ".venv").symlink_to(installed / ".venv")
    return copied


@pytest.fixture
def alongside(service: Path) -> Alongside:
    return lambda *words: run(service / ".venv/bin/python", "-m", "dev.alongside", *words, cwd=service)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def has_line(done: CompletedProcess[str], said: str) -> bool:
    """The service may have logged something before, such as that this machine is slow."""
    return any(line.startswith(said) for line in done.stderr.splitlines())


def test_a_command_meets_a_service_that_answers_and_its_exit_code_is_kept(alongside: Alongside, service: Path) -> None:
    edit(service / "run.toml", "headers = {}", 'headers = {X-Request-Id = "from run.toml"}')
    script = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read().decode(), *sys.argv[2:]); exit(7)"
    done = alongside(service / ".venv/bin/python", "-c", script, "{url}/orders/1", "{headers}")
    assert done.returncode == 7, done.stderr
    answer, _, headers = done.stdout.rpartition("} ")
    assert json.loads(answer + "}") == {"id": 1, "item": 42, "stock": 17, "degraded": False}
    assert headers == "-H X-Request-Id: from run.toml\n"


def test_no_command_begins_while_answers_come_from_fallbacks(alongside: Alongside, service: Path) -> None:
    (service / "dev/stubs/inventory.py").write_text(STUB.format(behaviour="return 500, {}"))
    done = alongside("echo", "begun")
    assert (done.returncode, done.stdout) == (1, "")
    assert has_line(done, "error: GET /orders/1 was answered from fallbacks (1): ")


def test_a_stub_that_cannot_start_is_an_error_with_what_it_wrote(alongside: Alongside, service: Path) -> None:
    (service / "dev/stubs/inventory.py").unlink()
    done = alongside("echo", "begun")
    assert (done.returncode, done.stdout) == (1, "")
    assert has_line(done, "error: the stub of the inventory has ended with exit code 2")
    assert "No such file or directory" in done.stderr


def test_a_stub_that_dies_under_a_command_ends_it(alongside: Alongside, service: Path) -> None:
    stub = STUB.format(behaviour='print("stock is lost", flush=True) or os._exit(3) if len(asked) > 1 else None')
    (service / "dev/stubs/inventory.py").write_text(stub)
    script = "import sys, time, urllib.request as u; u.urlopen(sys.argv[1]); time.sleep(600)"
    done = alongside(service / ".venv/bin/python", "-c", script, "{url}/orders/1")
    assert done.returncode == 1
    assert has_line(done, "error: the stub of the inventory has ended with exit code 3")
    assert "stock is lost" in done.stderr


def test_a_service_that_does_not_start_says_why(alongside: Alongside, service: Path) -> None:
    with (service / "dev/settings.env").open("a") as settings:
        settings.write("REQUEST_TIMEOUT_SECONDS=0\n")
    done = alongside("echo", "begun")
    assert (done.returncode, done.stdout) == (1, "")
    why, error = done.stderr.splitlines()
    assert why.startswith("orders: REQUEST_TIMEOUT_SECONDS: ")
    assert error == "error: the service has ended with exit code 2"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("critical = false", "critical = true", "run.toml and the service disagree: is inventory critical?"),
        ("dependencies.inventory", "dependencies.prices", "run.toml names prices, which the service does not call"),
        ("/orders/1", "/orders/99", "GET /orders/99, the sample of run.toml, is answered 404: "),
        ("latency_ms", "latency", "run.toml: "),
        ("critical =", "critical", "run.toml: "),
    ],
)
def test_a_contract_that_is_not_the_service_s_is_refused(
    alongside: Alongside, service: Path, old: str, new: str, said: str
) -> None:
    text = (service / "run.toml").read_text()
    (service / "run.toml").write_text(text.replace(old, new, 1))
    done = alongside("echo", "begun")
    assert (done.returncode, done.stdout) == (1, "")
    assert has_line(done, f"error: {said}")
    assert "Traceback" not in done.stderr


def second_stub(service: Path) -> None:
    shutil.copy(service / "dev/stubs/inventory.py", service / "dev/stubs/prices.py")
    with (service / "run.toml").open("a") as contract:
        contract.write('[dependencies.prices]\nenv = "PRICES_URL"\ncritical = false\nstub = "dev/stubs/prices.py"\n')


def test_a_stub_can_be_stopped_to_watch_the_service_without_it(service: Path, tmp_path: Path) -> None:
    second_stub(service)
    inventory, prices = free_port(), free_port()
    env = {"INVENTORY_URL": f"http://127.0.0.1:{inventory}", "PRICES_URL": f"http://127.0.0.1:{prices}"}
    python = service / ".venv/bin/python"
    with running(python, "-m", "dev.stub", cwd=service, env=env, log=tmp_path / "log") as stubs:
        for port in (inventory, prices):
            assert json.loads(ask_until(port, "/items/42", 200).body) == {"item": 42, "stock": 17}
        children = Path(f"/proc/{stubs.pid}/task/{stubs.pid}/children").read_text().split()
        run("kill", children[0], cwd=service)
        until_logged(tmp_path / "log", "the stub of the inventory was stopped by SIGTERM\n")
        assert json.loads(ask_until(prices, "/items/42", 200).body) == {"item": 42, "stock": 17}
        assert stubs.poll() is None
        run("kill", children[1], cwd=service)
        assert stubs.wait(PATIENCE) == 1
    assert "error: no stub is left\n" in (tmp_path / "log").read_text()


def until_logged(log: Path, text: str) -> None:
    until = time.monotonic() + PATIENCE
    while text not in log.read_text():
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ("", "PRICES_URL is not set; add it to dev/settings.env"),
        (
            "http://127.0.0.1:many",
            "PRICES_URL is http://127.0.0.1:many: Port could not be cast to integer value as 'many'",
        ),
        ("http://127.0.0.1:{used}", "the stub of the prices cannot listen on port {used}"),
        ("http://127.0.0.1:{inventory}", "the stub of the prices cannot listen on port {inventory}"),
    ],
)
def test_no_stub_starts_where_one_of_them_cannot(service: Path, prices: str, said: str) -> None:
    second_stub(service)
    with socket.create_server(("127.0.0.1", 0)) as used:
        ports = {"used": used.getsockname()[1], "inventory": free_port()}
        addresses = {"INVENTORY_URL": "http://127.0.0.1:{inventory}", "PRICES_URL": prices}
        env = [f"{name}={address.format(**ports)}" for name, address in addresses.items()]
        done = run("env", *env, service / ".venv/bin/python", "-m", "dev.stub", cwd=service)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert done.stderr.startswith(f"error: {said.format(**ports)}")
    assert "PRICES_URL" in done.stderr


REQUIRED = "    mail_url: AnyHttpUrl\n    mail_key: SecretStr\n    mail_name: str = 'orders'\n"


def test_a_required_setting_must_be_in_every_environment(service: Path) -> None:
    edit(service / "src/orders/settings.py", "import AnyHttpUrl, Field", "import AnyHttpUrl, Field, SecretStr")
    with (service / "src/orders/settings.py").open("a") as settings:
        settings.write(REQUIRED)

    def missing() -> list[str]:
        done = run("env", "PYTHONPATH=src", service / ".venv/bin/python", "-m", "dev.overlays", cwd=service)
        assert done.returncode == bool(done.stderr)
        return done.stderr.splitlines()

    error = "error: deploy/overlays/{}/settings.env does not set MAIL_URL"
    assert missing() == [error.format(where) for where in ("dev", "prod", "staging")]
    for where, line in (
        ("dev", "MAIL_URL=http://mail"),
        ("staging", "# MAIL_URL: from the Secret"),
        ("prod", "MAIL_URL="),
    ):
        with (service / f"deploy/overlays/{where}/settings.env").open("a") as overlay:
            overlay.write(line + "\n")
    assert missing() == [error.format("prod")], "empty is not set"
    with (service / "deploy/base/settings.env").open("a") as base:
        base.write("MAIL_URL=http://mail\n")
    assert missing() == []


def test_the_policy_lets_the_service_call_what_it_names_and_loses_nothing(service: Path) -> None:
    python, file = service / ".venv/bin/python", service / "deploy/base/network-policy.yaml"
    edit(file, "values: [inventory]", "values: [inventory, ours]")
    ours = file.read_text()

    def policy(*words: str) -> CompletedProcess[str]:
        return run(python, "-m", "dev.policy", *words, cwd=service)

    assert (policy("--check").returncode, policy().stdout, file.read_text()) == (0, "", ours)
    with (service / "run.toml").open("a") as contract:
        contract.write('[dependencies.prices]\nenv = "PRICES_URL"\ncritical = false\n')
    stale = policy("--check")
    assert (stale.returncode, file.read_text()) == (1, ours)
    assert stale.stderr == (
        "error: deploy/base/network-policy.yaml does not let the service call prices; run: make policy\n"
    )
    assert policy().returncode == policy("--check").returncode == 0
    assert file.read_text() == ours.replace("[inventory, ours]", "[inventory, ours, prices]")


def test_a_policy_that_names_no_dependency_gets_the_rule(service: Path) -> None:
    python, file = service / ".venv/bin/python", service / "deploy/base/network-policy.yaml"
    whole = yaml.safe_load(file.read_text())["spec"]
    lines = file.read_text().splitlines(keepends=True)
    (named,) = [number for number, line in enumerate(lines) if "values: [inventory]" in line]
    file.write_text("".join(lines[: named - 4] + lines[named + 1 :]))
    assert run(python, "-m", "dev.policy", "--check", cwd=service).returncode == 1
    assert run(python, "-m", "dev.policy", cwd=service).returncode == 0
    made = yaml.safe_load(file.read_text())["spec"]
    assert sorted(made.pop("egress"), key=str) == sorted(whole.pop("egress"), key=str)
    assert made == whole
