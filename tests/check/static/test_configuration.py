"""Settings and state, in manifests of every style."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paved_road.check.contract.model import RunContract
from paved_road.check.model import NotApplicable
from paved_road.check.static.configuration import runtime_configuration, stateless
from tests.check.static.kubernetes.foreign import BOUTIQUE, GUESTBOOK, foreign
from tests.check.twin import INVENTORY, contract

CONTRACT = contract(dependencies=(INVENTORY,), port_env=None, probe_port_env=None, port=7070)


def configured(content: str, contract: RunContract | None = None, path: str = "k8s/all.yaml") -> list[str]:
    found = runtime_configuration(foreign({path: content}, contract=contract))
    return [fault.message.split(": ", 1)[1] for fault in found]


def with_settings(*lines: str) -> str:
    return BOUTIQUE.replace("        env:\n", "        env:\n" + "".join(f"        - {line}\n" for line in lines))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], ["INVENTORY_URL is not set, which holds the address of inventory"]),
        (["{name: INVENTORY_URL, value: 'http://inventory'}"], []),
        (["{name: INVENTORY_URL, value: ''}"], ["INVENTORY_URL is empty"]),
        (["{name: INVENTORY_URL, valueFrom: {secretKeyRef: {name: a, key: b}}}"], []),
        (
            ["{name: INVENTORY_URL, value: 'http://localhost:80/x'}"],
            ["INVENTORY_URL is http://localhost:80/x: nothing"],
        ),
    ],
)
def test_variables_of_the_contract_are_set(lines: list[str], said: list[str]) -> None:
    found = configured(with_settings(*lines), CONTRACT)
    assert len(found) == len(said), found
    assert all(message.startswith(start) for message, start in zip(found, said, strict=True))


def test_production_does_not_call_another_stage() -> None:
    content = with_settings("{name: INVENTORY_URL, value: 'http://user@inventory.shop-staging:80'}")
    assert configured(content, CONTRACT, "k8s/prod/all.yaml") == [
        "Deployment cartservice: INVENTORY_URL is http://user@inventory.shop-staging:80, an address of staging"
    ]
    assert configured(content, CONTRACT, "k8s/staging/all.yaml") == []


def test_ports_agree() -> None:
    content = with_settings("{name: INVENTORY_URL, value: 'http://inventory'}", "{name: PORT, value: '8080'}")
    assert configured(content, replace(CONTRACT, port=8080)) == [
        "the service listens on the port 8080, and no container declares it"
    ]
    assert configured(content, replace(CONTRACT, port=None, port_env="PORT")) == [
        "PORT is 8080, and no container declares this port"
    ]


CONFIG = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {A: b}\n"


def test_a_changed_config_map_reaches_the_pods() -> None:
    content = BOUTIQUE.replace("        env:\n", "        envFrom: [{configMapRef: {name: settings}}]\n        env:\n")
    (found,) = configured(content + CONFIG)
    assert found.startswith("a change of it does not reach the pods that run")
    assert configured(content + CONFIG + "immutable: true\n") == []
    checked = content.replace(
        "    spec:\n      service", "      annotations: {checksum/config: abc}\n    spec:\n      service"
    )
    assert configured(checked.replace("labels:\n        app", "labels:\n        app") + CONFIG) == []


def test_a_service_without_settings_is_not_judged() -> None:
    with pytest.raises(NotApplicable, match="have no settings"):
        configured(GUESTBOOK.replace("        env:\n", "        environment:\n"))


def state(content: str) -> list[str]:
    return [fault.message.split(": ", 1)[1] for fault in stateless(foreign({"k8s/all.yaml": content}))]


VOLUME = (
    "      volumes: [{name: data, VOLUME}]\n      containers:\n      - name: server\n        volumeMounts: [MOUNT]\n"
)


@pytest.mark.parametrize(
    ("volume", "mount", "said"),
    [
        ("emptyDir: {}", "{name: data, mountPath: /x}", []),
        (
            "persistentVolumeClaim: {claimName: a}",
            "{name: data, mountPath: /x}",
            ["the pods keep data on the disk data"],
        ),
        ("persistentVolumeClaim: {claimName: a}", "{name: data, mountPath: /x, readOnly: true}", []),
        (
            "hostPath: {path: /x}",
            "{name: data, mountPath: /x}",
            ["the pods keep data on their node (data, a hostPath)"],
        ),
    ],
)
def test_pods_keep_nothing_on_disks(volume: str, mount: str, said: list[str]) -> None:
    block = VOLUME.replace("VOLUME", volume).replace("MOUNT", mount)
    assert state(BOUTIQUE.replace("      containers:\n      - name: server\n", block)) == said


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: a
  annotations: {nginx.ingress.kubernetes.io/affinity: cookie}
spec: {defaultBackend: {service: {name: cartservice, port: {number: 7070}}}}
"""
RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a}
spec: {host: cartservice, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}}
"""
ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: a}
spec: {rules: [{backendRefs: [{name: cartservice}], sessionPersistence: {type: Cookie}}]}
"""
STICKY = {INGRESS: "nginx.ingress.kubernetes.io/affinity", RULE: "consistentHash", ROUTE: "sessionPersistence"}


@pytest.mark.parametrize("content", STICKY)
def test_no_user_is_bound_to_a_pod(content: str) -> None:
    assert state(f"{BOUTIQUE}---\n{content}") == [f"it sends a user to the same pod each time ({STICKY[content]})"]
    assert state(f"{BOUTIQUE}---\n{content.replace('cartservice', 'another')}") == []


def test_a_database_in_a_file_is_state() -> None:
    (found,) = state(with_settings("{name: DATABASE_URL, value: 'jdbc:sqlite:/data/a.db'}"))
    assert found == "DATABASE_URL is a database in a file, which each pod has to itself"
