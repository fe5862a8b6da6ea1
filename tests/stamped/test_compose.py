"""The local stack: a valid compose file, in which everything that is named exists and has the same name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from paved_road.testing import run, write_files
from tests.stamped.delivered import pairs, spelled, stamped
from tests.tools import tool

EVERY = [pytest.param(row, id=spelled(row)) for row in pairs()]


def schema_faults(folder: Path, *texts: str) -> str:
    files = {f"{number}.yaml": text for number, text in enumerate(texts)}
    write_files(folder, files)
    done = run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", *files, cwd=folder)
    return "" if done.returncode == 0 else done.stdout


def test_the_schema_has_nothing_to_say(tmp_path: Path) -> None:
    texts = {stamped(**answers)["compose.yaml"] for answers in pairs()}
    assert len(texts) > 1
    assert schema_faults(tmp_path, *texts) == ""


def test_the_schema_finds_an_unknown_field(tmp_path: Path) -> None:
    good = stamped()["compose.yaml"]
    assert "read-only" in schema_faults(tmp_path, good, good.replace("read_only", "read-only"))


def stack(answers: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    files = stamped(**answers)
    return files, yaml.safe_load(files["compose.yaml"])


@pytest.mark.parametrize("answers", EVERY)
def test_what_is_mounted_is_stamped(answers: dict[str, Any]) -> None:
    files, compose = stack(answers)
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source, target, mode = volume.split(":")
            assert source.startswith("./")
            made = f"\n{source[2:]}: " in files["Makefile"] and f"\nstack: {source[2:]}" in files["Makefile"]
            assert made or any(path == source[2:] or path.startswith(f"{source[2:]}/") for path in files), source
            assert target.startswith("/")
            assert mode == "ro"


@pytest.mark.parametrize("answers", EVERY)
def test_one_name_and_one_port(answers: dict[str, Any]) -> None:
    files, compose = stack(answers)
    name, port = answers["name"], answers["port"]
    internal = 8082 if port == 8081 else 8081
    assert compose["name"] == name
    assert compose["services"]["service"]["image"] == compose["services"]["stubs"]["image"] == f"{name}:local"
    assert compose["services"]["service"]["ports"] == [f"127.0.0.1:{number}:{number}" for number in (port, internal)]
    (job,) = yaml.safe_load(files["dev/prometheus.yaml"])["scrape_configs"]
    assert (job["job_name"], job["static_configs"]) == (name, [{"targets": [f"service:{internal}"]}])
    assert f"--tag {name}:local" in files["Makefile"]


def test_the_stubs_have_the_addresses_that_they_have_without_containers() -> None:
    files, compose = stack({})
    assert compose["services"]["service"]["env_file"] == ["dev/settings.env"]
    assert compose["services"]["stubs"]["network_mode"] == "service:service"
    settings = dict(line.split("=", 1) for line in files["dev/settings.env"].splitlines() if not line.startswith("#"))
    for dependency in tomllib.loads(files["run.toml"])["dependencies"].values():
        assert settings[dependency["env"]].startswith("http://127.0.0.1:")
        assert dependency["stub"] in files


def test_the_service_has_time_to_drain_and_nothing_to_gain() -> None:
    files, compose = stack({})
    service = compose["services"]["service"]
    settings = dict(line.split("=", 1) for line in files["deploy/base/settings.env"].splitlines())
    assert float(service["stop_grace_period"].removesuffix("s")) >= float(settings["TERMINATION_SECONDS"])
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for each in compose["services"].values() for port in each.get("ports", ()))


def test_prometheus_takes_its_configuration_and_grafana_its_source(tmp_path: Path) -> None:
    files, compose = stack({})
    write_files(tmp_path, {"prometheus.yaml": files["dev/prometheus.yaml"]})
    done = run(tool("promtool"), "check", "config", "--syntax-only", "prometheus.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (source,) = yaml.safe_load(files["dev/grafana/datasources/prometheus.yaml"])["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert compose["services"]["prometheus"]["ports"][0].endswith(":9090")
