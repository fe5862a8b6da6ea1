"""What others know of a stamped service: the catalogue, its documentation, its reviewers, its bots; one name in all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from paved_road.road.manifest import manifest_of
from paved_road.road.owners import Owner
from paved_road.service.owners import owner_of
from paved_road.testing import run, write_files
from tests.stamped.delivered import form, pairs, spelled, stamped
from tests.tools import NODE, node_package, tool

EVERY = [pytest.param(row, id=spelled(row)) for row in pairs()]


def faults(folder: Path, entity: dict[str, Any]) -> str:
    node_package("@backstage/catalog-model")
    script = Path(__file__).with_name("catalogue.mjs")
    write_files(folder, {"entity.json": json.dumps(entity)})
    done = run(tool("node"), script, NODE, folder / "entity.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_backstage_takes_the_entity(tmp_path: Path) -> None:
    entities = {stamped(**answers)["catalog-info.yaml"] for answers in pairs()}
    for text in sorted(entities)[:6]:
        assert faults(tmp_path, yaml.safe_load(text)) == ""


@pytest.mark.parametrize(
    ("field", "value", "finding"),
    [
        ("kind", "Componant", "componant"),
        ("spec", {"type": "service"}, "lifecycle"),
        ("metadata", {"name": "a b"}, "name"),
    ],
)
def test_backstage_finds_a_wrong_entity(tmp_path: Path, field: str, value: object, finding: str) -> None:
    entity = yaml.safe_load(stamped()["catalog-info.yaml"])
    assert finding in faults(tmp_path, entity | {field: value}).lower()


@pytest.mark.parametrize("answers", EVERY)
def test_one_name_tier_and_owner_everywhere(answers: dict[str, Any]) -> None:
    files, name = stamped(**answers), answers["name"]
    entity = yaml.safe_load(files["catalog-info.yaml"])
    dashboard = json.loads(files["deploy/observability/dashboard.json"])
    rules = yaml.safe_load(files["deploy/observability/rules.yaml"])
    labels = [
        rule["labels"] for group in rules.get("spec", rules)["groups"] for rule in group["rules"] if "alert" in rule
    ]
    (job,) = yaml.safe_load(files["dev/prometheus.yaml"])["scrape_configs"]
    package = name.replace("-", "_")
    said = {
        entity["metadata"]["name"], dashboard["uid"], dashboard["title"], job["job_name"],
        yaml.safe_load(files["mkdocs.yml"])["site_name"], yaml.safe_load(files["compose.yaml"])["name"],
        *(label["service"] for label in labels), *re.findall(r'job="(.*?)"', json.dumps(rules).replace('\\"', '"')),
        *re.findall(r'^name = "(.*)"', files["pyproject.toml"], re.MULTILINE),
        *re.findall(r'SERVICE = "(.*)"', files[f"src/{package}/__init__.py"]),
    }  # fmt: skip
    assert said == {name}
    assert {entity["metadata"]["labels"]["tier"], *(label["tier"] for label in labels)} == {answers["tier"]}
    assert {label["owner"] for label in labels} == {answers["owner"]}
    assert entity["spec"]["owner"] == f"group:{answers['owner'].split('/')[-1]}"
    assert f"* @{answers['owner']}\n" in files["CODEOWNERS"]


def test_the_documentation_has_every_page_once() -> None:
    files = stamped()
    nav = re.findall(r"(\S+\.md)", files["mkdocs.yml"])
    assert sorted(f"docs/{page}" for page in nav) == sorted(
        path for path in files if re.fullmatch(r"docs/.*\.md", path)
    )


def test_the_platform_reviews_what_is_the_road_s() -> None:
    owners = yaml.safe_load(form().files["paved-road.yml"].data)["owners"]
    reviewed = [line.split()[0] for line in stamped()["CODEOWNERS"].splitlines() if line.endswith("@platform-team")]
    for pattern in owners["road"]:
        assert any(f"/{pattern}".startswith(path) for path in reviewed), f"{pattern} is the road's"


@pytest.mark.parametrize("answers", EVERY)
def test_agents_are_told_whose_files_are_whose(answers: dict[str, Any]) -> None:
    files = stamped(**answers)
    told = files["AGENTS.md"]
    assert len(told.splitlines()) <= 25
    assert files["CLAUDE.md"] == "@AGENTS.md\n"
    owner = owner_of(manifest_of(form().files))
    (listed,) = re.findall(r"\*\*Do not edit the road's files\*\*.*?(?=\n- )", told, re.DOTALL)
    paths, excepted = (re.findall(r"`(?!make)(.*?)`", part) for part in listed.partition("(but ")[::2])
    of_the_road = {path for path in files if owner(path) is Owner.ROAD}
    of_the_team = {f"deploy/base/{name}" for name in excepted}
    told_of = {
        path: {file for file in files if file == path or (path[-1] == "/" and file.startswith(path))} for path in paths
    }
    assert all(told_of.values())
    assert set().union(*told_of.values()) == of_the_road | of_the_team
    assert not of_the_road & of_the_team
    for word in ("make check", "paved off-road new --from-drift", "paved update", "paved off-road accept"):
        assert f"`{word}" in told


def test_the_bots_configuration_is_valid_and_leaves_the_road_s_files_alone(tmp_path: Path) -> None:
    github, gitlab = stamped(ci="github"), stamped(ci="gitlab")
    assert "renovate.json" not in github
    for schema, name, text in [
        ("dependabot", "dependabot.yml", github[".github/dependabot.yml"]),
        ("renovate", "renovate.json", gitlab["renovate.json"]),
    ]:
        for content, expected in (
            (text, 0),
            (text.replace("schedule", "scedule").replace('["pep621", "docker-compose"]', "5"), 1),
        ):
            write_files(tmp_path, {name: content})
            done = run(tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", name, cwd=tmp_path)
            assert done.returncode == expected, done.stdout
    updates = yaml.safe_load(github[".github/dependabot.yml"])["updates"]
    assert [each["package-ecosystem"] for each in updates] == ["uv", "docker-compose"]
    assert json.loads(gitlab["renovate.json"])["enabledManagers"] == ["pep621", "docker-compose"]
