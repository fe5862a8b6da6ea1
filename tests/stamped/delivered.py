"""What the service template stamps for delivery: rendered in memory for every pair of answers, then by kustomize."""

from __future__ import annotations

import atexit
import copy
import functools
import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import yaml
from allpairspy import AllPairs

from paved_road.git.entries import Tree
from paved_road.git.trees import write_folder
from paved_road.render import CompiledTemplate, prepare, render
from paved_road.road.opening import open_road
from paved_road.road.releases import release
from paved_road.road.templates import find_template
from paved_road.settings.config import BUILT_IN, load_config
from paved_road.testing import run
from tests.tools import tool

Manifest = dict[str, Any]

# Of the questions that are no choice: what may break a file that it goes into.
FREE = {
    "name": ["orders", "a-service-with-a-name-of-forty-letters-x", "o"],
    "owner": ["orders-team", "acme/payments", "123"],
    "description": ["The orders service.", "It's a 'quoted' name: #1, {braced} & 100% <ok> $HOME"],
    "port": [8080, 8081, 65535],
    "slo_availability": [99.9, 95.0, 99.99],
    "example": [True, False],
}
ENVIRONMENTS = ("dev", "staging", "prod")


SCRATCH = Path(tempfile.mkdtemp(prefix="paved-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)


@functools.cache
def form() -> CompiledTemplate:
    """The template as it lies in this checkout."""
    template = find_template(open_road(load_config({"road": BUILT_IN})), "service")
    return prepare(release(template, "HEAD"), cache=SCRATCH)


def pairs() -> list[dict[str, Any]]:
    """Answers, so few that every two values of two questions still meet once."""
    questions = form().config.questions
    choices = {name: list(asked["choices"].values()) for name, asked in questions.items() if "choices" in asked}
    # How it is rolled out is asked only where it is deployed: one question of four values.
    deploys, rollouts = choices.pop("deploy"), choices.pop("rollout")
    delivery = [("none", "rolling"), *product(set(deploys) - {"none"}, rollouts)]
    values = {"delivery": delivery, **FREE, **choices}
    rows = [dict(zip(values, row, strict=True)) for row in AllPairs(list(values.values()))]
    return [row | dict(zip(("deploy", "rollout"), row.pop("delivery"), strict=True)) for row in rows]


def spelled(answers: Mapping[str, Any]) -> str:
    """A test's id."""
    short = [str(value)[:10] for name, value in answers.items() if name != "description"]
    return "-".join(short)


def stamped(**answers: Any) -> dict[str, str]:
    """Path to text of everything that these answers stamp."""
    return {path: file.data.decode() for path, file in _tree(_key(answers)).items()}


def _key(answers: Mapping[str, Any]) -> str:
    """What is rendered once, however many ask for it."""
    return json.dumps({"name": "orders"} | dict(answers), sort_keys=True)


@functools.cache
def _tree(key: str) -> Tree:
    answers = json.loads(key)
    destination = Path("/nowhere") / answers["name"]
    return render(form(), form().settle(destination, given=answers), destination).tree


@functools.cache
def _folder(key: str) -> Path:
    folder = Path(tempfile.mkdtemp(dir=SCRATCH))
    write_folder(_tree(key), folder)
    return folder


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What goes to the cluster for one environment, and the service that it comes from."""

    name: str
    answers: Mapping[str, Any]
    files: Mapping[str, str]
    manifests: list[Manifest]

    @property
    def service(self) -> str:
        return str(self.answers["name"])

    def all(self, kind: str) -> list[Manifest]:
        """All but the dashboard: that ConfigMap is Grafana's, and no pod reads it."""
        found = [each for each in self.manifests if each["kind"] == kind]
        return [each for each in found if "grafana_dashboard" not in each["metadata"].get("labels", {})]

    def named(self, kind: str, name: str) -> Manifest:
        (found,) = [each for each in self.all(kind) if each["metadata"]["name"] == name]
        return found

    def one(self, kind: str) -> Manifest:
        (found,) = self.all(kind)
        return found

    @property
    def pod(self) -> Manifest:
        found: Manifest = self.one("Deployment")["spec"]["template"]
        return found

    @property
    def container(self) -> Manifest:
        (found,) = self.pod["spec"]["containers"]
        assert isinstance(found, dict)
        return found

    @property
    def settings(self) -> dict[str, str]:
        """What the service reads from its environment."""
        found: dict[str, str] = self.one("ConfigMap")["data"]
        return found

    @property
    def contract(self) -> Manifest:
        """The template's run contract, with what the service says in its own."""
        found: Manifest = yaml.safe_load(form().files["paved-road.yml"].data)["run"]
        return found | {"dependencies": {}} | tomllib.loads(self.files["run.toml"])

    def changed(self, manifests: list[Manifest]) -> Environment:
        return replace(self, manifests=manifests)


def kustomized(folder: Path) -> list[Manifest]:
    """What `kubectl kustomize` makes of a folder; it warns of nothing."""
    done = run(tool("kubectl"), "kustomize", folder, cwd=folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return list(yaml.safe_load_all(done.stdout))


@functools.cache
def _manifests(key: str, where: str) -> list[Manifest]:
    return kustomized(_folder(key) / "deploy" / "overlays" / where)


def environment(where: str, **answers: Any) -> Environment:
    """One environment of the service that these answers stamp."""
    answers = {"name": "orders", "tier": "standard", "rollout": "rolling", "port": 8080} | answers
    manifests = _manifests(_key(answers), where)
    return Environment(name=where, answers=answers, files=stamped(**answers), manifests=copy.deepcopy(manifests))


def environments() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every environment of every pair of answers that is deployed."""
    for answers in pairs():
        if answers["deploy"] == "kubernetes":
            for where in ENVIRONMENTS:
                yield where, answers
