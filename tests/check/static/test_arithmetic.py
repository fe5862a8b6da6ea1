"""Times that must fit into each other, in manifests of every style."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paved_road.check.contract.model import RunContract
from paved_road.check.model import NotApplicable
from paved_road.check.static.arithmetic import shutdown_arithmetic, timeout_arithmetic
from tests.check.static.kubernetes.foreign import BOUTIQUE, foreign
from tests.check.twin import INVENTORY, contract

SERVED = BOUTIQUE.replace("terminationGracePeriodSeconds: 5", "terminationGracePeriodSeconds: 30")


def stopping(content: str, contract: RunContract | None = None) -> list[str]:
    files = foreign({"k8s/all.yaml": content, "run.yml": "deadline: 9\n"}, contract=contract)
    return [fault.message.removeprefix("Deployment cartservice: ") for fault in shutdown_arithmetic(files)]


def hooked(hook: str, *settings: str) -> str:
    pairs = zip(settings[::2], settings[1::2], strict=True)
    variables = "".join(f"        - {{name: {name}, value: {value!r}}}\n" for name, value in pairs)
    return SERVED.replace("        env:\n", f"        lifecycle: {{preStop: {hook}}}\n        env:\n{variables}")


SLEEP = "{sleep: {seconds: 5}}"
SHELL = '{exec: {command: ["/bin/sh", "-c", "sleep 15 && nginx -s quit"]}}'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (SERVED, ["it stops at once, and callers still send it requests until they know"]),
        (hooked(SLEEP), []),
        (hooked(SHELL), []),
        (hooked(SHELL, "SHUTDOWN_TIMEOUT", "20s"), ["a pod is killed after 30 s and needs 35 s to stop: 15 s before"]),
        (hooked(SLEEP, "GRACEFUL_SHUTDOWN_TIMEOUT_MS", "26000"), ["a pod is killed after 30 s and needs 31 s"]),
        (hooked(SLEEP, "SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE", "20s"), []),
        (hooked(SLEEP, "SHUTDOWN_TIMEOUT", "not a time"), []),
        (hooked("{sleep: {seconds: 30}}"), ["its preStop hook takes all the time"]),
        (hooked(SLEEP, "REQUEST_TIMEOUT", "60s"), ["a request may take 60 s, and one in flight gets 25 s"]),
        (hooked(SLEEP, "INVENTORY_REQUEST_TIMEOUT", "60s"), []),
        (hooked(SLEEP).replace("        env:", '        args: ["--graceful-timeout", "40", "app"]\n        env:'),
         ["a pod is killed after 30 s and needs 45 s"]),
    ],
)  # fmt: skip
def test_what_a_pod_does_when_it_stops_fits(content: str, said: list[str]) -> None:
    found = stopping(content)
    assert len(found) == len(said), found
    assert all(message.startswith(start) for message, start in zip(found, said, strict=True))


def test_the_contract_says_how_long_it_takes_where_no_setting_does() -> None:
    promised = replace(contract(), stop_within=28.0, source="run.yml", deadline=5.0)
    assert stopping(hooked(SLEEP), promised) == [
        "a pod is killed after 30 s and needs 33 s to stop: 5 s before SIGTERM and 28 s after it"
    ]
    slow = replace(promised, stop_within=10.0, deadline=27.0)
    assert stopping(hooked(SLEEP), slow) == ["a request may take 27 s, and one in flight gets 25 s when the pod stops"]


ROUTES = """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart}
spec:
  http:
  - route: [{destination: {host: cartservice.shop.svc.cluster.local}}]
    timeout: 4s
    retries: {attempts: 2, perTryTimeout: 2s}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: cart
  annotations:
    nginx.ingress.kubernetes.io/proxy-read-timeout: "3"
spec:
  defaultBackend: {service: {name: cartservice, port: {number: 7070}}}
"""


def test_routes_wait_longer_than_the_service() -> None:
    slow = BOUTIQUE.replace("        env:\n", "        env:\n        - {name: REQUEST_TIMEOUT_MS, value: '3500'}\n")
    found = list(timeout_arithmetic(foreign({"k8s/all.yaml": slow + ROUTES})))
    assert [fault.message for fault in found] == [
        "VirtualService cart: 3 attempts of 2 s do not fit into its timeout of 4 s",
        "VirtualService cart: it waits 2 s, and the service answers within 3.5 s: it gives up first",
        "Ingress cart: it waits 3 s, and the service answers within 3.5 s: it gives up first",
    ]
    assert [fault.line for fault in found] == [slow.count("\n") + line for line in (9, 9, 16)]


def test_attempts_fit_into_the_deadline() -> None:
    times = contract(dependencies=(replace(INVENTORY, timeout=0.75, attempts=3),))
    (found,) = timeout_arithmetic(foreign({}, contract=times))
    assert found.message == "inventory: 3 attempts of 0.75 s take 2.25 s, and the service must answer within 2 s"
    assert list(timeout_arithmetic(foreign({}, contract=contract()))) == []


def test_nothing_to_compare_is_no_pass() -> None:
    with pytest.raises(NotApplicable, match="state timeout and attempts of each dependency"):
        list(timeout_arithmetic(foreign({"k8s/all.yaml": BOUTIQUE})))
