"""How versions replace each other, in manifests and pipelines of every style."""

from __future__ import annotations

import pytest

from paved_road.check.model import NotApplicable
from paved_road.check.static.rollouts import canary_analysis, staged_rollout
from tests.check.static.kubernetes.foreign import BOUTIQUE, GUESTBOOK, foreign

ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: 5
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers: [{name: shop, image: "shop:1"}]
  strategy:
    canary:
      steps:
      - setWeight: 20
      - pause: {}
"""


def staged(texts: dict[str, str]) -> list[str]:
    return [fault.message for fault in staged_rollout(foreign(texts))]


def test_a_rolling_update_by_the_defaults_passes() -> None:
    assert staged({"k8s/all.yaml": GUESTBOOK, "k8s/cart.yaml": BOUTIQUE}) == []


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("{type: Recreate}", "a roll-out stops every pod before it starts the first new one"),
        ("{rollingUpdate: {maxUnavailable: 2}}", "a roll-out takes 2 of 3 pods away"),
        ("{rollingUpdate: {maxUnavailable: 100%}}", "a roll-out takes 3 of 3 pods away"),
        ("{rollingUpdate: {maxUnavailable: 0}}", ""),
        ("{rollingUpdate: {maxUnavailable: 30%}}", ""),
    ],
)
def test_a_rolling_update_keeps_most_pods(strategy: str, said: str) -> None:
    found = staged({"k8s/all.yaml": GUESTBOOK.replace("  replicas: 3\n", f"  replicas: 3\n  strategy: {strategy}\n")})
    assert [said in message for message in found] == ([True] if said else [])


@pytest.mark.parametrize(
    ("path", "step", "bad"),
    [
        (".github/workflows/deploy.yml", "kubectl apply -f k8s/", True),
        (".gitlab-ci.yml", "helm upgrade --install shop ./chart", True),
        ("scripts/deploy.sh", "kubectl -n shop set image deployment/shop shop=$IMAGE", True),
        (".github/workflows/deploy.yml", "kubectl apply -k prod && kubectl rollout status deployment/shop", False),
        (".gitlab-ci.yml", "helm upgrade --install --atomic shop ./chart", False),
        (".github/workflows/test.yml", "kubectl apply --dry-run=client -f k8s/", False),
        (".github/workflows/test.yml", "pytest", False),
    ],
)
def test_a_pipeline_waits_until_the_new_version_is_healthy(path: str, step: str, bad: bool) -> None:
    found = list(staged_rollout(foreign({"k8s/all.yaml": GUESTBOOK, path: f"# first\nrun: {step}\n"})))
    assert [(fault.path, fault.line) for fault in found] == ([(path, 2)] if bad else [])


def test_a_rollout_without_analysis_passes_as_staged_and_not_as_judged() -> None:
    texts = {"k8s/rollout.yaml": ROLLOUT}
    assert staged(texts) == []
    (found,) = canary_analysis(foreign(texts))
    assert "no analysis judges the new version" in found.message
    with pytest.raises(NotApplicable, match="rolling updates"):
        list(canary_analysis(foreign({"k8s/all.yaml": GUESTBOOK})))


def test_a_rollout_of_a_workload_that_is_not_there_is_found() -> None:
    lost = ROLLOUT.partition("  template:")[0].replace("shop}", "lost}")
    lost += "  workloadRef: {kind: Deployment, name: lost}\n"
    assert "Rollout lost: the Deployment lost does not exist" in staged({"k8s/a.yaml": f"{GUESTBOOK}---\n{lost}"})


def test_an_analysis_of_a_step_is_judged_by_its_template() -> None:
    template = """\
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: rate}
spec:
  args: [{name: service}]
  metrics:
  - name: rate
    count: 3
    failureLimit: 3
    provider: {prometheus: {query: "sum(rate(http_requests_total{code=~'5.*'}[1m]))"}}
"""
    analysis = "      - analysis: {templates: [{templateName: rate}, {templateName: lost}]}\n"
    found = [fault.message for fault in canary_analysis(foreign({"k8s/a.yaml": ROLLOUT + analysis + template}))]
    assert found == [
        "Rollout shop: it does not give the analysis rate the argument service",
        *(
            f"AnalysisTemplate rate: the metric rate {wrong}"
            for wrong in (
                "has neither a successCondition nor a failureCondition, so it fails nothing",
                "fails no version: its failureLimit is not below its count",
                "asks about every version: its query uses none of the arguments",
                "asks about more than the new version: {code=~'5.*'}",
            )
        ),
        "Rollout shop: its AnalysisTemplate lost does not exist",
    ]
