"""Network policies, Services and routes, in manifests of every style."""

from __future__ import annotations

import pytest

from paved_road.check.model import NotApplicable
from paved_road.check.static.network import load_balancing, network_policy
from tests.check.static.kubernetes.foreign import BOUTIQUE, GUESTBOOK, foreign

POLICY = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: cart
spec:
  podSelector:
    matchLabels:
      app: cartservice
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: frontend
    ports:
     - port: 7070
       protocol: TCP
  egress:
  - to:
    - namespaceSelector: {}
      podSelector: {matchLabels: {k8s-app: kube-dns}}
    ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
"""


def policies(content: str) -> list[str]:
    found = network_policy(foreign({"k8s/all.yaml": BOUTIQUE + content}))
    return [fault.message.split(": ", 1)[1] for fault in found]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", []),
        ("app: cartservice", "app: cart", ["no NetworkPolicy says who may", "no NetworkPolicy says whom"]),
        ("  - Egress\n", "", ["no NetworkPolicy says whom"]),
        ("port: 7070", "port: 7071", ["it opens the port 7071, which", "it lets nobody reach the port 7070"]),
        ("protocol: UDP", "protocol: TCP", ["its pods cannot resolve names over UDP"]),
        (
            "- {port: 53, protocol: UDP}\n    - {port: 53, protocol: TCP}",
            "- {port: 443}",
            ["its pods cannot resolve names"],
        ),
        ("  egress:\n", "  egress:\n  - {}\n", ["it lets the pods call everything"]),
        ("  ingress:\n", "  ingress:\n  - {}\n", ["it lets everybody reach every port"]),
        ("     - port: 7070\n       protocol: TCP", "     - {port: 1, endPort: 9000}", []),
        ("  - to:\n", "  - to: [{ipBlock: {cidr: 10.0.0.0/8}}]\n  - to:\n", []),
    ],
)
def test_policies_let_in_and_out_what_is_needed(old: str, new: str, said: list[str]) -> None:
    found = policies(POLICY.replace(old, new, 1) if old else POLICY)
    assert len(found) == len(said), found
    assert all(message.startswith(start) for message, start in zip(found, said, strict=True))


def test_policies_of_cilium_are_taken_as_they_are() -> None:
    assert policies("---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec: {}\n") == []


def balanced(content: str) -> list[str]:
    return [fault.message for fault in load_balancing(foreign({"k8s/all.yaml": content}))]


def test_public_examples_reach_their_pods() -> None:
    assert balanced(BOUTIQUE) == []
    assert balanced(GUESTBOOK) == []


def test_a_target_port_is_a_port_of_the_pods() -> None:
    assert balanced(BOUTIQUE.replace("targetPort: 7070", "targetPort: 8080")) == [
        "Service cartservice: it leads to the port 8080, and the pods have 7070 (7070)"
    ]
    assert balanced(BOUTIQUE.replace("    app: cartservice\n  ports:", "    app: cart\n  ports:")) == [
        "Deployment cartservice: no Service leads to its pods"
    ]


ROUTES = """\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: cartservice, port: {name: http}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  hostnames: [shop.example.com]
  rules:
  - backendRefs: [{name: cartservice, port: 80}]
  - filters: [{type: RequestRedirect}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  http:
  - route: [{destination: {host: cartservice}}]
"""


def test_routes_lead_to_ports_that_exist_and_state_times() -> None:
    assert balanced(BOUTIQUE + ROUTES) == [
        "HTTPRoute web: it leads to the port 80 of the Service cartservice, which has no such port",
        "HTTPRoute web: it states no timeouts, so that nobody knows how long a request may hang",
        "VirtualService web: it states no timeout, and Istio's own is none",
        "Ingress web: it leads to the port http of the Service cartservice, which has no such port",
    ]


def test_a_worker_without_a_port_needs_no_service() -> None:
    worker = GUESTBOOK.split("---\n")[1].replace("        ports:\n        - containerPort: 80\n", "")
    with pytest.raises(NotApplicable, match="has a port"):
        balanced(worker)
