"""Autoscaling and redundancy, in manifests of every style."""

from __future__ import annotations

import pytest

from paved_road.check.model import NotApplicable, Subject
from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.scaling import autoscaling, redundancy
from tests.check.static.kubernetes.foreign import BOUTIQUE, GUESTBOOK, foreign

HPA = """\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: frontend
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: frontend}
  minReplicas: 2
  maxReplicas: 5
  metrics:
  - type: Resource
    resource: {name: memory, target: {type: Utilization, averageUtilization: 80}}
"""
BUDGET = """\
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: frontend}
spec:
  minAvailable: 1
  selector:
    matchLabels: {app: guestbook, tier: frontend}
"""


def scaled(content: str) -> list[str]:
    return [fault.message for fault in autoscaling(foreign({"k8s/all.yaml": content}))]


def redundant(content: str, tier: str = "standard") -> list[str]:
    files = foreign({"k8s/all.yaml": content})
    subject = Subject(path=files.subject.path, name="shop", tier=tier)
    return [fault.message for fault in redundancy(ServiceFiles(subject=subject, texts=files.texts))]


def test_a_data_store_beside_the_service_is_not_the_service() -> None:
    assert scaled(GUESTBOOK) == [
        "Deployment frontend: nothing adds pods when the load grows: it has no HorizontalPodAutoscaler"
    ]


def test_replicas_beside_an_autoscaler_can_be_deleted_by_a_fix() -> None:
    (found,) = autoscaling(foreign({"k8s/all.yaml": GUESTBOOK + HPA}))
    assert found.message.startswith("Deployment frontend: it states replicas, which undoes")
    assert found.fix
    changed = found.fix.change(GUESTBOOK + HPA)
    assert (GUESTBOOK + HPA).replace("  replicas: 3\n", "") == changed
    assert scaled(changed) == []


def test_a_share_of_nothing_is_not_counted() -> None:
    unrequested = (GUESTBOOK + HPA).replace("  replicas: 3\n", "").replace("            memory: 100Mi\n", "")
    (found,) = scaled(unrequested)
    assert "counts the share of the requested memory, and the container php-redis requests none" in found


def test_keda_scales_too() -> None:
    keda = (
        "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\n"
        "spec: {scaleTargetRef: {name: frontend}, minReplicaCount: 2}\n"
    )
    assert scaled(GUESTBOOK + keda) == []


def test_a_stateful_set_need_not_scale_but_be_redundant() -> None:
    store = BOUTIQUE.replace("kind: Deployment", "kind: StatefulSet")
    with pytest.raises(NotApplicable, match="no Deployment or Rollout"):
        scaled(store)
    assert any("runs with 1 pod at times" in message for message in redundant(store))


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (BUDGET, []),
        ("", ["Deployment frontend: it has no PodDisruptionBudget"]),
        (BUDGET.replace("minAvailable: 1", "minAvailable: 3"), ["PodDisruptionBudget frontend: it lets no pod go"]),
        (BUDGET.replace("minAvailable: 1", "minAvailable: 90%"), ["PodDisruptionBudget frontend: it lets no pod go"]),
        (BUDGET.replace("minAvailable: 1", "minAvailable: 0"), ["PodDisruptionBudget frontend: it lets all 3 pods"]),
        (BUDGET.replace("minAvailable: 1", "maxUnavailable: 50%"), []),
        (BUDGET.replace("tier: frontend", "tier: back"), ["Deployment frontend: it has no PodDisruptionBudget"]),
    ],
)
def test_a_budget_lets_some_pods_go_and_never_all(budget: str, said: list[str]) -> None:
    found = [message for message in redundant(GUESTBOOK + budget) if "spreads" not in message]
    assert len(found) == len(said)
    assert all(message.startswith(start) for message, start in zip(found, said, strict=True))


def test_the_number_of_pods_follows_the_tier() -> None:
    assert not any("at times" in message for message in redundant(GUESTBOOK + BUDGET, "critical"))
    two = GUESTBOOK.replace("replicas: 3", "replicas: 2")
    assert not any("at times" in message for message in redundant(two + BUDGET))
    said = "Deployment frontend: it runs with 2 pods at times, and a service of this tier needs 3"
    assert said in redundant(two + BUDGET, "critical")


def test_spread_pods_are_these_pods() -> None:
    rule = (
        "    spec:\n      topologySpreadConstraints:\n      - {topologyKey: topology.kubernetes.io/zone, maxSkew: 1, "
        "labelSelector: {matchLabels: {app: APP}}}\n      containers:\n      - name: php-redis"
    )
    for app, said in (("guestbook", []), ("other", ["what spreads its pods selects other pods"])):
        content = GUESTBOOK.replace("    spec:\n      containers:\n      - name: php-redis", rule.replace("APP", app))
        found = redundant(content + BUDGET)
        assert [message.split(": ")[1] for message in found] == said
