"""Kustomize in memory agrees with `kubectl kustomize`, and reports what that would refuse."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from paved_road.check.static.kubernetes.kustomize import Rendered, render_folder
from paved_road.check.static.kubernetes.resources import plain
from paved_road.testing import write_files
from tests.check.static.kubernetes.layouts import LAYOUTS, split
from tests.stamped.delivered import ENVIRONMENTS, stamped
from tests.tools import tool


def kustomized(folder: Path) -> list[Any]:
    done = subprocess.run([tool("kubectl"), "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def by_name(manifests: list[Any]) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {
        (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]): plain(each)
        for each in manifests
    }
    assert len(found) == len(manifests)
    return found


def rendered(rendering: Rendered) -> list[Any]:
    assert (rendering.problems, rendering.notes) == ([], [])
    return [each.data for each in rendering.resources]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_renders_as_kubectl_renders_it(tmp_path: Path, name: str) -> None:
    folder, written = LAYOUTS[name]
    texts = split(written)
    write_files(tmp_path, texts)
    assert by_name(rendered(render_folder(texts, folder))) == by_name(kustomized(tmp_path / folder))


@pytest.mark.parametrize("rollout", ["rolling", "canary", "blue-green"])
def test_the_stamped_overlays_render_as_kubectl_renders_them(tmp_path: Path, rollout: str) -> None:
    texts = stamped(rollout=rollout)
    write_files(tmp_path, {path: content for path, content in texts.items() if path.startswith("deploy/")})
    for name in ENVIRONMENTS if rollout == "canary" else ["prod"]:
        folder = f"deploy/overlays/{name}"
        assert by_name(rendered(render_folder(texts, folder))) == by_name(kustomized(tmp_path / folder))


BAD: dict[str, tuple[dict[str, str], str]] = {
    "a missing file": ({"kustomization.yaml": "resources:\n  - a.yaml\n"}, "kustomization.yaml:2: it names a.yaml"),
    "no YAML": (
        {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "kind: x\n  b: c\n"}, "a.yaml:2: it is not YAML"
    ),
    "a broken kustomization": ({"kustomization.yaml": "resources: ["}, "kustomization.yaml:1: it is not YAML"),
    "a list for a kustomization": ({"kustomization.yaml": "- a\n"}, "kustomization.yaml:1: it is no kustomization"),
    "an empty one": ({"kustomization.yaml": ""}, "kustomization.yaml:1: it is no kustomization"),
    "no manifest": ({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": "a: b\n"}, "a.yaml:1: it is no manifest"),
    "no name": (
        {"kustomization.yaml": "resources: [a.yaml]", "a.yaml": "apiVersion: v1\nkind: Service\n"}, "no metadata.name"
    ),
    "a circle": (
        {"a/kustomization.yaml": "resources: [../b]", "b/kustomization.yaml": "resources: [../a]",
         "kustomization.yaml": "resources: [a]"}, "b/kustomization.yaml:1: it includes itself by ../a",
    ),
    "a patch for nothing": (
        {"kustomization.yaml": "patches:\n  - path: p.yaml\n",
         "p.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"}, "p.yaml:1: nothing here is what",
    ),
    "an operation that does not fit": (
        {"kustomization.yaml": "resources: [a.yaml]\npatches:\n  - target: {kind: Service}\n    patch: |\n"
         "      - {op: remove, path: /spec/x}\n", "a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"},
        "kustomization.yaml:5: Service a: there is no /spec/x",
    ),
    "nothing to merge with": (
        {"kustomization.yaml": "configMapGenerator: [{name: a, behavior: merge}]"}, "there is no ConfigMap a to merge"
    ),
    "a generator's missing file": (
        {"kustomization.yaml": "configMapGenerator: [{name: a, envs: [x.env]}]"}, "it names x.env, which is not there"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_kustomize_refuses_is_a_problem_with_its_line(name: str) -> None:
    texts, said = BAD[name]
    found = [f"{each.path}:{each.line}: {each.said}" for each in render_folder(texts, ".").problems]
    assert any(said in each for each in found), found


def test_nothing_is_fetched_and_nothing_outside_is_read() -> None:
    bases = ["https://github.com/acme/base//deploy?ref=v1", "github.com/acme/base", "git@example.com:a/b", "../../x"]
    found = render_folder({"kustomization.yaml": f"resources: {bases}\nhelmCharts: [{{name: a}}]\n"}, ".")
    assert (found.resources, found.problems) == ([], [])
    assert [said for said in found.notes if "remote base" in said or "outside of the service" in said] == found.notes[
        :4
    ]
    assert "Helm charts" in found.notes[4]


def test_bases_that_double_with_each_level_end() -> None:
    texts = {f"{n}/kustomization.yaml": f"resources: [../{n + 1}, ../{n + 1}]" for n in range(40)}
    texts["40/kustomization.yaml"] = "resources: [a.yaml]"
    texts["40/a.yaml"] = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
    assert len(render_folder(texts, "0").resources) < 1000


@pytest.mark.parametrize("pattern", ["(a+)+$", "a*a*a*a*a*b", "(", "["])
def test_a_pattern_of_a_target_does_not_take_for_ever(pattern: str) -> None:
    texts = {
        "kustomization.yaml": f"resources: [a.yaml]\npatches: [{{target: {{name: '{pattern}'}}, patch: '[]'}}]\n",
        "a.yaml": f"apiVersion: v1\nkind: Service\nmetadata: {{name: {'a' * 60}}}\n",
    }
    assert render_folder(texts, ".").problems == []


def test_a_value_s_place_is_the_file_that_set_it_last() -> None:
    texts = split(LAYOUTS["strategic merge patches"][1])
    deployment = next(each for each in render_folder(texts, "prod").resources if each.kind == "Deployment")
    pod = ("spec", "template", "spec", "containers", "web")
    assert deployment.place(*pod, "resources", "limits", "memory") == ("prod/patch.yaml", 19)
    assert deployment.place(*pod, "image") == ("base/web/deployment.yaml", 17)
    assert deployment.place(*pod, "livenessProbe") == ("base/web/deployment.yaml", 16)
    assert deployment.place("status") == ("base/web/deployment.yaml", 1)
