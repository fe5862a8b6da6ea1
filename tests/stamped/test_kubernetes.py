"""The manifests of every pair of answers, for every environment: valid, of one mind, and safe to run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from paved_road.testing import run, write_files
from tests.stamped import policies
from tests.stamped.delivered import (
    SCRATCH,
    Environment,
    Manifest,
    environment,
    environments,
    kustomized,
    spelled,
    stamped,
)
from tests.tools import NODE, node_package, tool

EVERY = [pytest.param(where, answers, id=f"{where}-{spelled(answers)}") for where, answers in environments()]
NEWEST = "1.37"
OLDEST = "1.30"
"""The first Kubernetes that knows `preStop.sleep` without being told to."""


def schema_faults(manifests: list[Manifest], version: str) -> Iterator[str]:
    """Kubernetes' own schemas, strictly: an unknown field is a fault. Other kinds are for `custom_faults`."""
    import kubernetes_validate

    for manifest in manifests:
        if is_custom(manifest):
            continue
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            yield f"{manifest['kind']}: {error}"


def custom_faults(manifests: list[Manifest]) -> list[str]:
    """The models of Argo Rollouts, Gateway API and the Prometheus operator."""
    node_package("@kubernetes-models/base")
    script = Path(__file__).with_name("crds.mjs")
    documents = Path(tempfile.mkdtemp(dir=SCRATCH)) / "documents.json"
    documents.write_text(json.dumps([manifest for manifest in manifests if is_custom(manifest)]))
    done = run(tool("node"), script, NODE, documents, cwd=script.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def is_custom(manifest: Manifest) -> bool:
    group = manifest["apiVersion"].rpartition("/")[0]
    return "." in group and (not group.endswith(".k8s.io") or group.startswith("gateway."))


@pytest.mark.parametrize(("where", "answers"), EVERY)
def test_the_manifests_hold_against_the_schemas_and_our_policies(where: str, answers: dict[str, Any]) -> None:
    env = environment(where, **answers)
    for version in (OLDEST, NEWEST):
        assert list(schema_faults(env.manifests, version)) == []
    assert policies.faults(env) == []


def test_the_custom_resources_hold_against_their_models() -> None:
    # One run of node for all of them; production has all that there is.
    prod = [environment(where, **answers) for where, answers in environments() if where == "prod"]
    manifests = [each for env in prod for each in env.manifests]
    assert custom_faults(manifests) == []
    assert {each["kind"] for each in manifests if is_custom(each)} == {
        "AnalysisTemplate", "HTTPRoute", "PrometheusRule", "Rollout", "ServiceMonitor"
    }  # fmt: skip


# What 1.2.0 brought to the files that teams edit, too.
BROUGHT = {
    "deploy/base/route.yaml": ["filters:", "RequestHeaderModifier", "requestHeaderModifier:", "remove: ["],
    "deploy/base/network-policy.yaml": ["ipBlock: {cidr: 169.254."],
}
TEAM = {
    "deploy/base/route.yaml": [
        ("value: /orders}\n", "value: /shop}\n        - path: {type: Exact, value: /status}\n"),
        ("request: 12s", "request: 32s"),
        ("backendRequest: 11s\n", "backendRequest: 11s\n    - matches:\n        - path: {value: /admin}\n"),
    ],
    "deploy/base/network-policy.yaml": [
        ("values: [inventory]", "values: [inventory, payments]"),
        ("  egress:\n", "        - ipBlock: {cidr: 10.0.0.0/8}\n  egress:\n"),
    ],
}


@pytest.mark.parametrize("path", BROUGHT)
def test_what_a_release_brings_to_a_shared_manifest_merges_with_a_team_s_edits(tmp_path: Path, path: str) -> None:
    newer = stamped()[path]
    lines = newer.splitlines(keepends=True)
    older = "".join(line for line in lines if not any(words in line for words in BROUGHT[path]))
    assert len(older) < len(newer)
    edited = older
    for before, after in TEAM[path]:
        assert before in edited
        edited = edited.replace(before, after)
    write_files(tmp_path, {"ours": edited, "base": older, "theirs": newer})
    merged = run("git", "merge-file", "-p", "ours", "base", "theirs", cwd=tmp_path)
    assert merged.returncode == 0, merged.stdout
    assert all(after in merged.stdout for _, after in TEAM[path])
    assert all(words in merged.stdout for words in BROUGHT[path])


def test_a_broken_kustomization_is_found(tmp_path: Path) -> None:
    write_files(tmp_path, {"kustomization.yaml": "resources: [deployment.yaml]\n"})
    with pytest.raises(AssertionError, match=r"deployment\.yaml"):
        kustomized(tmp_path)
    write_files(tmp_path, {"kustomization.yaml": "commonLabels: {a: b}\n"})
    with pytest.raises(AssertionError, match="deprecated"):
        kustomized(tmp_path)


def test_without_a_deployment_there_is_nothing_of_kubernetes() -> None:
    assert not [path for path in stamped(deploy="none") if "overlays" in path or "base" in path or "roll" in path]
    assert not [path for path in stamped(rollout="rolling") if "strategy" in path]
    assert "deploy/strategy/rollout.yaml" in stamped(rollout="canary")


# -- each validator and each policy finds the fault that it is there for -----------------------------------------------

Break = Callable[[Environment], Any]


def ingress(env: Environment) -> list[Manifest]:
    found: list[Manifest] = env.one("NetworkPolicy")["spec"]["ingress"]
    return found


def deployment(env: Environment) -> Manifest:
    found: Manifest = env.one("Deployment")["spec"]
    return found


def rollout(env: Environment) -> Manifest:
    found: Manifest = env.one("Rollout")["spec"]
    return found


def metric(env: Environment) -> Manifest:
    found: Manifest = env.one("AnalysisTemplate")["spec"]["metrics"][0]
    return found


def test_the_schemas_find_a_wrong_and_an_unknown_field() -> None:
    env = environment("prod")
    deployment(env)["minReadySeconds"] = "five"
    env.container["resource"] = {}
    (found,) = schema_faults([env.one("Deployment")], NEWEST)
    assert "minReadySeconds" in found or "resource" in found
    del deployment(env)["minReadySeconds"]
    (found,) = schema_faults([env.one("Deployment")], NEWEST)
    assert "'resource' was unexpected" in found
    env.one("Service")["apiVersion"] = "v2"
    assert list(schema_faults([env.one("Service")], NEWEST))


def test_the_models_find_a_wrong_and_an_unknown_field_and_an_unknown_kind() -> None:
    env = environment("prod", rollout="canary")
    metric(env)["count"] = []
    rollout(env)["strategy"]["canary"]["steps"][0] = {"setweight": 10}
    env.one("HTTPRoute")["spec"]["rules"][0]["timeouts"] = {"request": "12s", "backend": "1s"}
    env.one("ServiceMonitor")["spec"]["endpoints"][0]["scrape"] = "1s"
    manifests = [*env.manifests, {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rolout", "metadata": {}}]
    found = "\n".join(custom_faults(manifests))
    for kind in ("AnalysisTemplate", "Rollout", "HTTPRoute", "ServiceMonitor", "Rolout"):
        assert f"{kind}/" in found, found


FAULTS: dict[str, tuple[Break, str]] = {
    "no request": (lambda env: env.container["resources"]["requests"].pop("cpu"), "no CPU is requested"),
    "memory": (lambda env: env.container["resources"]["limits"].pop("memory"), "memory is not limited"),
    "throttled": (lambda env: env.container["resources"]["limits"].update(cpu="1"), "the CPU is limited"),
    "in one zone": (lambda env: env.pod["spec"]["topologySpreadConstraints"].pop(0), "not spread over topology"),
    "wrong probe": (lambda env: env.container["livenessProbe"]["httpGet"].update(path="/readyz"), "ask /livez"),
    "no probe": (lambda env: env.container.pop("startupProbe"), "startupProbe does not ask"),
    "no time": (lambda env: env.pod["spec"].update(terminationGracePeriodSeconds=35), "needs 40 s to stop"),
    "long drain": (lambda env: env.settings.update(DRAIN_SECONDS="11"), "needs 46 s to stop"),
    "late kill": (lambda env: env.settings.update(TERMINATION_SECONDS="41"), "before TERMINATION_SECONDS"),
    "unknown setting": (lambda env: env.settings.update(DRAIN="1"), "no setting DRAIN"),
    "missing setting": (lambda env: env.settings.pop("INVENTORY_URL"), "cannot start without INVENTORY_URL"),
    "shown secret": (lambda env: env.settings.update(FAULT_INJECTION_KEY="x"), "is in the ConfigMap"),
    "unread secret": (lambda env: env.container["envFrom"].pop(), "does not read the Secret"),
    "misnamed": (lambda env: env.one("Service")["metadata"].update(name="order"), "is not called orders"),
    "elsewhere": (lambda env: env.one("Service")["metadata"].update(namespace="default"), "not in the namespace"),
    "no tier": (lambda env: env.one("Service")["metadata"]["labels"].pop("tier"), "lacks labels"),
    "no tier on pods": (lambda env: env.pod["metadata"]["labels"].pop("tier"), "the pod lacks labels"),
    "no owner": (lambda env: env.one("Deployment")["metadata"]["annotations"].update(owner="x"), "the owner"),
    "another port": (lambda env: env.container["ports"][0].update(containerPort=80), "the container: [80, 8081]"),
    "unnamed port": (lambda env: env.one("Service")["spec"]["ports"][0].update(targetPort="web"), "not named http"),
    "any host": (lambda env: env.one("HTTPRoute")["spec"].pop("hostnames"), "takes every host"),
    "shown insides": (
        lambda env: env.one("HTTPRoute")["spec"]["rules"][0]["matches"][0]["path"].update(value="/"), "shows /metrics"
    ),
    "another backend": (
        lambda env: env.one("HTTPRoute")["spec"]["rules"][0]["backendRefs"][0].update(port=8080), "not lead to"
    ),
    "route to the internal port": (
        lambda env: env.one("HTTPRoute")["spec"]["rules"][0]["backendRefs"][0].update(port=8081),
        "leads to the internal port",
    ),
    "gateway inside": (
        lambda env: ingress(env)[1]["from"].append(ingress(env)[0]["from"][1]), "gateway may reach ['http', 'int"
    ),
    "everybody inside": (lambda env: ingress(env)[1]["from"].append({"namespaceSelector": {}}), "gateway may reach"),
    "no sources": (lambda env: ingress(env)[1].pop("from"), "gateway may reach ['http', 'internal']"),
    "neighbours inside": (lambda env: ingress(env)[1]["from"].append({"podSelector": {}}), "its own may reach"),
    "public metrics": (
        lambda env: env.one("ServiceMonitor")["spec"]["endpoints"][0].update(port="http"), "asks the port http"
    ),
    "trusting": (
        lambda env: env.one("HTTPRoute")["spec"]["rules"][0].pop("filters"), "a stranger may set x-fault-signature"
    ),
    "trusting one": (
        lambda env: env.one("HTTPRoute")["spec"]["rules"][0]["filters"][0]["requestHeaderModifier"]["remove"].remove(
            "baggage"
        ),
        "a stranger may set baggage",
    ),
    "no node-local names": (
        lambda env: env.one("NetworkPolicy")["spec"]["egress"][0]["to"].pop(1), "resolved by 169.254.20.10"
    ),
    "only UDP": (lambda env: env.one("NetworkPolicy")["spec"]["egress"][0]["ports"].pop(), "cannot be resolved"),
    "no names": (lambda env: env.one("NetworkPolicy")["spec"]["egress"].pop(0), "cannot be resolved"),
    "locked in": (lambda env: env.one("NetworkPolicy")["spec"]["egress"].pop(1), "inventory may not be called"),
    "unwatched": (lambda env: env.one("NetworkPolicy")["spec"]["ingress"].pop(), "monitoring may reach []"),
    "other metrics": (
        lambda env: env.one("ServiceMonitor")["spec"]["endpoints"][0].update(path="/stats"), "asks /stats"
    ),
    "slow scrape": (
        lambda env: env.one("ServiceMonitor")["spec"]["endpoints"][0].update(scrapeTimeout="1m"), "below its interval"
    ),
    "another job": (lambda env: env.one("ServiceMonitor")["spec"].pop("jobLabel"), "job is not called"),
    "no deadline": (lambda env: deployment(env).pop("progressDeadlineSeconds"), "has no deadline"),
    "too few": (lambda env: deployment(env)["strategy"]["rollingUpdate"].update(maxUnavailable=1), "before their"),
}  # fmt: skip

PROGRESSIVE_FAULTS: dict[str, tuple[Break, str]] = {
    "gone": (lambda env: env.manifests.remove(env.one("Rollout")), "has no Rollout"),
    "no version": (lambda env: env.one("ServiceMonitor")["spec"].pop("podTargetLabels"), "tell the new version"),
    "too strict": (
        lambda env: metric(env).update(successCondition="len(result) > 0 && result[0] <= 0.0005"), "meets its objective"
    ),
    "no opposite": (lambda env: metric(env).update(failureCondition="false"), "opposite"),
    "asks about all": (
        lambda env: metric(env)["provider"]["prometheus"].update(query='sum(rate(x{job="orders"}[1m]))'), "more than"
    ),
}  # fmt: skip

CANARY_FAULTS: dict[str, tuple[Break, str]] = {
    "the old": (
        lambda env: rollout(env)["strategy"]["canary"]["analysis"]["args"][0].update(valueFrom={}), "look at the new"
    ),
}  # fmt: skip

BLUE_GREEN_FAULTS: dict[str, tuple[Break, str]] = {}

SEEDED = [
    pytest.param(kind, *fault, id=f"{kind}-{name}")
    for kind, faults in {
        "rolling": FAULTS,
        "canary": PROGRESSIVE_FAULTS | CANARY_FAULTS,
        "blue-green": PROGRESSIVE_FAULTS,
    }.items()
    for name, fault in faults.items()
]


@pytest.mark.parametrize(("kind", "broken", "finding"), SEEDED)
def test_a_seeded_fault_is_found(kind: str, broken: Break, finding: str) -> None:
    env = environment("prod", rollout=kind)
    broken(env)
    assert any(finding in fault for fault in policies.faults(env)), policies.faults(env)


def test_every_policy_has_a_fault_that_it_finds() -> None:
    silent = set(policies.POLICIES)
    for param in SEEDED:
        kind, broken, _ = param.values
        env = environment("prod", rollout=str(kind))
        broken(env)  # type: ignore[operator]
        silent -= {check for check in silent if list(check(env))}
    assert not silent
