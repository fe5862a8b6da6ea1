"""Health checks, resources and security of pods, in manifests of every style."""

from __future__ import annotations

import pytest

from paved_road.check.static.pods import health_checks, pod_security, quantity, resource_limits
from tests.check.static.kubernetes.foreign import BOUTIQUE, GUESTBOOK, foreign
from tests.check.twin import contract


def test_a_foreign_front_end_lacks_a_probe_and_a_limit() -> None:
    files = foreign({"k8s/all.yaml": GUESTBOOK})
    (probe,) = health_checks(files)
    assert probe.message.startswith("Deployment frontend: the container php-redis has no readinessProbe")
    assert (probe.path, probe.line) == ("k8s/all.yaml", 33)
    limits = list(resource_limits(files))
    assert [fault.message.split(" so ")[0] for fault in limits] == [
        "Deployment frontend: the container php-redis has no limit of memory,",
        "Deployment redis-leader: the container leader has no limit of memory,",
    ]
    assert sum("may run as root" in fault.message for fault in pod_security(files)) == 2


def test_a_careful_foreign_service_passes() -> None:
    files = foreign({"k8s/cart.yaml": BOUTIQUE})
    assert [*health_checks(files), *resource_limits(files)] == []
    assert [fault.message for fault in pod_security(files)] == [
        f"Deployment cartservice: the {wrong}"
        for wrong in (
            "pod has a token for the Kubernetes API (automountServiceAccountToken is not false)",
            "container server has no seccomp profile",
        )
    ]


def test_what_two_environments_have_from_one_base_is_told_once() -> None:
    overlays = {f"{name}/kustomization.yaml": "resources: [../base]\n" for name in ("eu", "us")}
    files = foreign(overlays | {"base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": GUESTBOOK})
    assert [fault.message.split(": ")[0] for fault in health_checks(files)] == ["eu"]


def test_the_fix_limits_memory_to_what_is_requested_and_only_that() -> None:
    files = foreign({"k8s/all.yaml": GUESTBOOK})
    first, second = resource_limits(files)
    assert first.fix
    assert second.fix
    changed = first.fix.change(GUESTBOOK)
    assert set(changed.splitlines()) - set(GUESTBOOK.splitlines()) == {"          limits: {memory: 100Mi}"}
    assert len(list(resource_limits(foreign({"k8s/all.yaml": changed})))) == 1
    assert first.fix.change("something: else\n") == "something: else\n"


def test_probes_ask_what_the_contract_says() -> None:
    probed = BOUTIQUE.replace("grpc:\n            port: 7070", "httpGet: {path: /readyz, port: 7070}")
    found = health_checks(foreign({"k8s/cart.yaml": probed}, contract=contract()))
    assert [fault.message for fault in found] == [
        "Deployment cartservice: the livenessProbe asks /readyz, the run contract says /livez"
    ]


def test_a_pod_has_as_long_to_start_as_the_contract_says() -> None:
    files = foreign({"k8s/cart.yaml": BOUTIQUE}, contract=contract(ready_within=60.0))
    (found,) = health_checks(files)
    assert found.message.endswith("the livenessProbe restarts a pod after 45 s, and a start may take 60 s")


def test_a_user_without_a_number_cannot_be_checked() -> None:
    texts = {"k8s/cart.yaml": BOUTIQUE.replace("        runAsUser: 1000\n", ""), "Dockerfile": "FROM a:1\nUSER app\n"}
    assert any("whether the user 'app' is root" in fault.message for fault in pod_security(foreign(texts)))
    texts["Dockerfile"] = "FROM a:1\nUSER 1000\n"
    assert not any("image" in fault.message for fault in pod_security(foreign(texts)))


def test_a_service_that_talks_to_the_api_needs_its_token() -> None:
    binding = (
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: a}\n"
        "roleRef: {kind: Role, name: a}\nsubjects: [{kind: ServiceAccount, name: cartservice}]\n"
    )
    found = [fault.message for fault in pod_security(foreign({"k8s/cart.yaml": BOUTIQUE + binding}))]
    assert not any("token" in message for message in found)


@pytest.mark.parametrize(
    ("written", "value"),
    [("250m", 0.25), ("1", 1.0), (2, 2.0), ("192Mi", 192 * 2**20), ("1.5G", 1.5e9), ("1e3", 1000.0), ("x", None)],
)
def test_quantities(written: object, value: float | None) -> None:
    assert quantity(written) == value
