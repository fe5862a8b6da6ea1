"""One name everywhere: what is found under it in one tool is found under it in all."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from paved_road.road.run_words import DependencyContract, Run
from tests.stamped.delivered import pairs, spelled, stamped

TEMPLATE = Path(__file__).parents[2] / "templates/service"
PROBES = {"live": "liveness", "ready": "readiness", "startup": "startup"}


def names(files: Mapping[str, str]) -> dict[str, str]:
    """The service's name by where it is said, outside of the manifests: tests/stamped/policies.py holds those."""
    project = tomllib.loads(files["pyproject.toml"])["project"]
    dockerfile, compose = files["Dockerfile"], yaml.safe_load(files["compose.yaml"])
    (package,) = [text for path, text in files.items() if re.fullmatch(r"src/\w+/__init__\.py", path)]
    (script,) = project["scripts"]
    (job,) = yaml.safe_load(files["dev/prometheus.yaml"])["scrape_configs"]
    said = {
        "distribution": project["name"],
        "command": script,
        "logs, traces and metrics": found(r'^SERVICE = "(.+)"$', package),
        "entry point": found(r'^ENTRYPOINT \["(.+)"\]$', dockerfile),
        "title of the image": found(r'image\.title="(.+)" \\$', dockerfile),
        "image": found(r"--tag (.+):local", files["Makefile"]),
        "image in compose": compose["services"]["service"]["image"].removesuffix(":local"),
        "project in compose": compose["name"],
        "job": job["job_name"],
        "heading": found(r"^# (.+)$", files["README.md"]),
    }
    if "deploy/roll-out.sh" in files:
        script = files["deploy/roll-out.sh"]
        said |= {
            "namespace": found(r"^namespace=(.+)-\$environment$", script),
            "image rolled out": found(r"\{name: (.+), newName:", script),
            "rolled out": found(r"rollout status deployment/(\S+)", script),
        }
    if "deploy/strategy/rollout.yaml" in files:
        said["watched"] = found(r"get rollouts\.argoproj\.io/(\S+)", files["deploy/roll-out.sh"])
    return said


def found(pattern: str, text: str) -> str:
    """The one thing that the pattern finds."""
    return " and ".join(sorted(set(re.findall(pattern, text, re.MULTILINE)))) or "nothing"


@pytest.mark.parametrize("answers", [pytest.param(row, id=spelled(row)) for row in pairs()])
def test_one_name(answers: dict[str, Any]) -> None:
    said = names(stamped(**answers))
    assert {where: name for where, name in said.items() if name != answers["name"]} == {}


@pytest.mark.parametrize(
    ("path", "old", "new", "where"),
    [
        ("Dockerfile", 'ENTRYPOINT ["orders"]', 'ENTRYPOINT ["order"]', "entry point"),
        ("compose.yaml", "image: orders:local", "image: order:local", "image in compose"),
        ("dev/prometheus.yaml", "job_name: orders", "job_name: shop", "job"),
        ("deploy/roll-out.sh", "namespace=orders-", "namespace=shop-", "namespace"),
        ("src/orders/__init__.py", '"orders"', '"Orders"', "logs, traces and metrics"),
    ],
)
def test_another_name_is_found(path: str, old: str, new: str, where: str) -> None:
    files = stamped(rollout="canary")
    assert old in files[path]
    assert names(files | {path: files[path].replace(old, new)})[where] != "orders"


def test_the_road_s_contract_names_the_probes_of_its_manifests() -> None:
    run = yaml.safe_load((TEMPLATE / "paved-road.yml").read_text())["run"]
    files = stamped(deploy="kubernetes", example=True)
    (pod,) = yaml.safe_load(files["deploy/base/deployment.yaml"])["spec"]["template"]["spec"]["containers"]
    probes = {each: pod[f"{key}Probe"]["httpGet"]["path"] for each, key in PROBES.items()}
    assert {name: path for name, path in run["probes"].items() if name in PROBES} == probes
    (endpoint,) = yaml.safe_load(files["deploy/base/service-monitor.yaml"])["spec"]["endpoints"]
    assert run["probes"]["metrics"] == endpoint["path"]


def test_the_scripts_leave_to_paved_check_what_they_do_not_read_themselves() -> None:
    text = stamped()["dev/contract.py"]
    left = set(re.findall(r'"(\w+)"', text.partition("FOR_CHECKS = {")[2].partition("\n}")[0]))
    words = {each.encode_name for kind in (Run, DependencyContract) for each in msgspec.structs.fields(kind)}
    read = set(re.findall(r"^    (\w+): ", text, re.MULTILINE))
    assert left == words - read
