"""Manifests that can be applied and name each other correctly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paved_road.check.static.manifests import valid_manifests
from tests.check.static.kubernetes.foreign import BOUTIQUE, GUESTBOOK, foreign


def wrong(content: str, **more: str) -> list[str]:
    return [fault.message for fault in valid_manifests(foreign({"k8s/all.yaml": content, **more}))]


def test_public_examples_are_valid() -> None:
    assert wrong(GUESTBOOK) == []
    assert wrong(BOUTIQUE) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BOUTIQUE.replace("    matchLabels:\n      app: cartservice", "    matchLabels:\n      app: cart"),
         "Deployment cartservice: its selector does not fit the labels of its own pods"),
        (BOUTIQUE.replace("    app: cartservice\n  ports:", "    app: cart\n  ports:"),
         "Service cartservice: it selects no pods: its selector fits the labels of none"),
        (BOUTIQUE.replace("        env:\n", "        envFrom: [{configMapRef: {name: settings}}]\n        env:\n"),
         "Deployment cartservice: it names the ConfigMap settings, which does not exist"),
        (BOUTIQUE + "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\n"
         "spec: {selector: {matchLabels: {app: cart}}}\n", "PodDisruptionBudget a: it protects no pods"),
        (BOUTIQUE + "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\n"
         "spec: {scaleTargetRef: {kind: Deployment, name: cart}}\n",
         "HorizontalPodAutoscaler a: it names the Deployment cart, which does not exist"),
        (BOUTIQUE + "---\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: a}\n"
         "spec: {selector: {matchLabels: {app: cart}}}\n", "ServiceMonitor a: it selects no Service"),
        ("apiVersion: v1\nkind: Service\n  metadata: [\n", "k8s/all.yaml: it is not YAML: mapping values are not"),
    ],
)  # fmt: skip
def test_what_names_or_selects_nothing_is_found(content: str, said: str) -> None:
    (found,) = wrong(content)
    assert found.startswith(said)


def test_what_others_make_is_not_missed() -> None:
    secret = "        envFrom: [{secretRef: {name: vault}}, {configMapRef: {name: x, optional: true}}]\n        env:\n"
    operator = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {cnpg.io/cluster: db}}\n"
    alb = (
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\n"
        "spec: {defaultBackend: {service: {name: ssl-redirect, port: {name: use-annotation}}}}\n"
    )
    assert wrong(BOUTIQUE.replace("        env:\n", secret) + operator + alb) == []


def test_where_something_is_not_rendered_names_are_not_judged() -> None:
    files = {
        "prod/kustomization.yaml": "resources: [https://example.com/base, all.yaml]\n",
        "prod/all.yaml": BOUTIQUE.replace("    app: cartservice\n  ports:", "    app: cart\n  ports:"),
    }
    assert list(valid_manifests(foreign(files))) == []


def test_labels_that_pods_get_when_they_run_are_not_missed() -> None:
    by_name = BOUTIQUE.replace(
        "    app: cartservice\n  ports:", "    app: cartservice\n    statefulset.kubernetes.io/pod-name: a-0\n  ports:"
    )
    assert wrong(by_name) == []


def test_a_stage_may_be_applied_in_parts_but_not_with_another_s() -> None:
    reads = BOUTIQUE.replace("        env:\n", "        envFrom: [{configMapRef: {name: settings}}]\n        env:\n")
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
    for folder, faults in (("prod/config", 0), ("config", 0), ("staging/config", 1)):
        files = {"prod/cart/kustomization.yaml": "resources: [a.yaml]\n", "prod/cart/a.yaml": reads}
        files |= {f"{folder}/kustomization.yaml": "resources: [c.yaml]\n", f"{folder}/c.yaml": config}
        assert len(list(valid_manifests(foreign(files)))) == faults, folder


def test_a_file_that_is_too_large_is_not_missing() -> None:
    files = foreign({"prod/kustomization.yaml": "resources: [crd.yaml]\n"})
    assert len(list(valid_manifests(files))) == 1
    assert list(valid_manifests(replace(files, unread={"prod/crd.yaml": "it is larger than 1 MiB"}))) == []


def test_a_fault_of_the_base_is_told_once() -> None:
    broken = BOUTIQUE.replace("    app: cartservice\n  ports:", "    app: cart\n  ports:")
    files = {f"{name}/kustomization.yaml": "resources: [../base]\n" for name in ("prod", "dev", "staging")}
    files |= {"base/kustomization.yaml": "resources: [all.yaml, gone.yaml]\n", "base/all.yaml": broken}
    found = [(fault.message, fault.path, fault.line) for fault in valid_manifests(foreign(files))]
    assert found == [
        ("base/kustomization.yaml: it names gone.yaml, which is not there", "base/kustomization.yaml", 1),
        ("dev: Service cartservice: it selects no pods: its selector fits the labels of none", "base/all.yaml", 61),
    ]
