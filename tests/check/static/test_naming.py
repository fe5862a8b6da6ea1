"""What other people's services are called, and where."""

from __future__ import annotations

import pytest

from paved_road.check.model import NotApplicable
from tests.check.static.reading import messages

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: my-shop}
spec:
  template:
    metadata: {labels: {app.kubernetes.io/name: my-shop}}
    spec: {containers: [{name: c, image: "ghcr.io/acme/my-shop:1.2"}]}
"""
RULE = 'groups: [{name: a, rules: [{alert: A, expr: "up{job=\\"my-shop\\"} == 0"}]}]'


@pytest.mark.parametrize(
    "files",
    [
        {"go.mod": "module github.com/acme/my-shop/v2\n"},
        {"package.json": '{"name": "@acme/my-shop"}'},
        {"pyproject.toml": '[project]\nname = "My_Shop"\n'},
        {"Cargo.toml": '[package]\nname = "my_shop"\n'},
        {"settings.gradle.kts": 'rootProject.name = "my-shop"\n'},
        {"pom.xml": "<parent><artifactId>boot</artifactId></parent><artifactId>my-shop</artifactId>"},
        {"rules.yaml": RULE},
        {"go.mod": "module app\n", "rules.yaml": RULE},
    ],
)
def test_one_name_passes(files: dict[str, str]) -> None:
    assert messages("consistent-naming", files | {"k8s/deployment.yaml": DEPLOYMENT}) == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"go.mod": "module acme/shop\n"}, "the package is called shop, and the service my-shop"),
        ({"rules.yaml": RULE.replace("my-shop", "shop-prod")}, "the job that the alerts select is called shop-prod"),
        (
            {"k8s/deployment.yaml": DEPLOYMENT.replace("acme/my-shop", "acme/backend"), "go.mod": "module my-shop\n"},
            "the image in the Deployment is called backend",
        ),
    ],
)
def test_another_name_is_found(files: dict[str, str], said: str) -> None:
    (found,) = messages("consistent-naming", {"k8s/deployment.yaml": DEPLOYMENT} | files)
    assert found.startswith(said)


def test_the_catalogue_is_right() -> None:
    files = {"catalog-info.yaml": "kind: Component\nmetadata:\n  name: shop\n", "k8s/deployment.yaml": DEPLOYMENT}
    assert len(messages("consistent-naming", files)) == 3


def test_several_services_and_templates_are_not_compared() -> None:
    worker = DEPLOYMENT.replace("my-shop", "worker")
    several = {"api.yaml": DEPLOYMENT, "worker.yaml": worker, "go.mod": "module a/b\n"}
    with pytest.raises(NotApplicable):
        messages("consistent-naming", several)
    chart = DEPLOYMENT.replace("my-shop", '"{{ .Release.Name }}"')
    with pytest.raises(NotApplicable):
        messages("consistent-naming", {"templates/deployment.yaml": chart, "go.mod": "module a/b\n"})


def test_odd_files_end_no_check() -> None:
    odd = {
        "pyproject.toml": "[",
        "package.json": "[1]",
        "pom.xml": "<",
        "Cargo.toml": "package = 3",
        "go.mod": "module",
    }
    with pytest.raises(NotApplicable):
        messages("consistent-naming", odd)
