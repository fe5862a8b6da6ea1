"""Where a service is deployed: kustomizations, plain manifests, and what is neither."""

from __future__ import annotations

import pytest

from paved_road.check.model import NotApplicable
from paved_road.check.registry import StaticCheck, built_in_checks
from paved_road.check.static.kubernetes.environments import all_environments, matches, production
from tests.check.kubernetes_seeds import KUBERNETES
from tests.check.static.kubernetes.foreign import BOUTIQUE, GUESTBOOK, MALFORMED, foreign

BASE = "resources: [all.yaml]\n"


def names(texts: dict[str, str]) -> tuple[list[str], list[str]]:
    """All environments, and those that practices look at."""
    files = foreign(texts)
    return [each.name for each in all_environments(files)], [each.name for each in production(files)]


@pytest.mark.parametrize(
    ("folders", "every", "chosen"),
    [
        (["prod", "dev"], ["dev", "prod"], ["prod"]),
        (["live-eu", "staging"], ["live-eu", "staging"], ["live-eu"]),
        (["eu", "us", "staging"], ["eu", "staging", "us"], ["eu", "us"]),
        (["dev", "staging"], ["dev", "staging"], ["dev", "staging"]),
        (["non-prod", "eu"], ["eu", "non-prod"], ["eu", "non-prod"]),
    ],
)
def test_environments_are_the_kustomizations_that_no_other_uses(
    folders: list[str], every: list[str], chosen: list[str]
) -> None:
    overlays = {f"k8s/overlays/{name}/kustomization.yaml": "resources: [../../base]\n" for name in folders}
    texts = overlays | {"k8s/base/kustomization.yaml": BASE, "k8s/base/all.yaml": BOUTIQUE}
    assert names(texts) == (every, chosen)


def test_plain_manifests_are_one_environment() -> None:
    assert names({"k8s/a.yaml": GUESTBOOK, "k8s/b.yml": BOUTIQUE}) == ([""], [""])


def test_plain_manifests_of_several_environments_are_told_apart_by_their_paths() -> None:
    texts = {"k8s/service.yaml": GUESTBOOK, "k8s/prod/cart.yaml": BOUTIQUE, "k8s/staging/cart.yaml": BOUTIQUE}
    assert names(texts) == (["prod", "staging"], ["prod"])
    (found,) = production(foreign(texts))
    assert {each.name for each in found.resources} == {"frontend", "redis-leader", "cartservice"}


def test_what_is_for_tests_or_of_other_tools_is_no_environment() -> None:
    texts = {
        "tests/e2e/all.yaml": GUESTBOOK, "examples/all.yaml": GUESTBOOK,
        "catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: shop}\n",
        "skaffold.yaml": "apiVersion: skaffold/v4beta11\nkind: Config\n",
    }  # fmt: skip
    with pytest.raises(NotApplicable, match="has no Kubernetes manifests"):
        all_environments(foreign(texts))


def test_a_chart_is_not_rendered_and_the_reason_says_what_to_do() -> None:
    texts = {"chart/Chart.yaml": "apiVersion: v2\nname: shop\n", "chart/templates/a.yaml": GUESTBOOK}
    with pytest.raises(NotApplicable, match=r"does not render Helm charts \(chart/Chart.yaml\): commit what `helm"):
        production(foreign(texts))


def test_what_cannot_be_rendered_is_the_reason_when_nothing_runs() -> None:
    with pytest.raises(NotApplicable, match=r"no Deployment.*: k8s/a.yaml it is not YAML"):
        production(foreign({"k8s/a.yaml": MALFORMED["not YAML"]}))
    texts = {"prod/kustomization.yaml": "resources: [github.com/acme/base, a.yaml]\n"}
    texts |= {"prod/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"}
    with pytest.raises(NotApplicable, match=r"no Deployment.*a remote base, which paved does not fetch"):
        production(foreign(texts))


@pytest.mark.parametrize("kind", MALFORMED)
@pytest.mark.parametrize("kustomized", [True, False])
@pytest.mark.parametrize("slug", KUBERNETES)
def test_no_check_crashes_on_what_is_malformed(slug: str, kustomized: bool, kind: str) -> None:
    texts = {"prod/all.yaml": MALFORMED[kind]} | ({"prod/kustomization.yaml": BASE} if kustomized else {})
    check = built_in_checks()[slug]
    assert isinstance(check, StaticCheck)
    try:
        found = list(check.function(foreign(texts, name="a")))
    except NotApplicable:
        return
    assert all(fault.line >= 1 and fault.path in {"", *texts} for fault in found)


def test_selectors_of_labels() -> None:
    labels = {"app": "web", "tier": 1}
    assert matches({}, labels)
    assert matches({"matchLabels": {"tier": "1"}}, labels)
    assert not matches({"matchLabels": {"tier": "2"}}, labels)
    for operator, values, held in [
        ("In", ["web"], 1),
        ("NotIn", ["web"], 0),
        ("Exists", [], 1),
        ("DoesNotExist", [], 0),
    ]:
        term = {"key": "app", "operator": operator, "values": values}
        assert matches({"matchExpressions": [term]}, labels) is bool(held)
